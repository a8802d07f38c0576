// quantize: x f32, scale?, zero?, y; dequantize: x, scale?, zero?, y f32.
#include "quantize/quantize.h"

#include "qvector/bounds.h"

// The range of an integer type that can be quantized to; false for other types.
static bool range_of(uint8_t type, int64_t *least, int64_t *greatest) {
  switch (type) {
  case DLC_U8: *least = 0, *greatest = UINT8_MAX; return true;
  case DLC_I8: *least = INT8_MIN, *greatest = INT8_MAX; return true;
  case DLC_U16: *least = 0, *greatest = UINT16_MAX; return true;
  case DLC_I16: *least = INT16_MIN, *greatest = INT16_MAX; return true;
  case DLC_I32: *least = INT32_MIN, *greatest = INT32_MAX; return true;
  default: return false;
  }
}

static int row_index(uint8_t type) { return type == DLC_U8 ? 0 : type == DLC_I8 ? 1 : type == DLC_U16 ? 2 : 3; }

// An operand with the scale or zero points: absent, one number, or one for each place along the axis.
static bool is_parameter(const dlc_tensor *t, uint8_t type, int64_t count) {
  if (!dlc_is_present(t)) return true;
  return dlc_valid_type(t, type) && t->rank <= 1 && dlc_elements(t) == count;
}

// Both families have the same parameters and operands but for which of x and y is the integer.
static int check_both(const dlc_call *call, uint8_t x_type, uint8_t y_type) {
  DLC_REQUIRE(dlc_valid_call(call, 4, 4, sizeof(dlc_quantize_params)));
  const dlc_quantize_params *params = call->params;
  const dlc_tensor *x = dlc_operand(call, 0), *scale = dlc_operand(call, 1), *zero = dlc_operand(call, 2),
                   *y = dlc_operand(call, 3);
  DLC_REQUIRE(dlc_valid(x) && dlc_valid(y) && dlc_same_shape(x, y));
  const uint8_t type = y_type == DLC_F32 ? x->type : y->type;
  int64_t least, greatest;
  DLC_REQUIRE(range_of(type, &least, &greatest));
  DLC_REQUIRE(x->type == (x_type ? x_type : type) && y->type == (y_type ? y_type : type));
  DLC_REQUIRE(params->axis >= -1 && params->axis < x->rank);
  const int64_t count = params->axis < 0 ? 1 : x->dims[params->axis];
  DLC_REQUIRE(params->axis < 0 || dlc_is_present(scale));
  DLC_REQUIRE(is_parameter(scale, DLC_F32, count) && is_parameter(zero, type, count));
  DLC_REQUIRE(params->zero >= least && params->zero <= greatest);
  return 0;
}

static int quantize_check(const dlc_call *call) { return check_both(call, DLC_F32, 0); }
static int dequantize_check(const dlc_call *call) { return check_both(call, 0, DLC_F32); }

static uint32_t quantize_parts(const dlc_call *call) {
  return dlc_parts_for(dlc_elements(dlc_operand(call, 0)), 16384);
}

// Runs of elements with the same parameters or, by column, with parameters that go along with the elements.
typedef struct plan {
  int64_t run, runs, repeat, count; // run r has the parameters r / repeat % count
  int64_t x_step, y_step;           // from run to run
  bool columns;
} plan;

static plan make_plan(const dlc_call *call) {
  const dlc_quantize_params *params = call->params;
  const dlc_tensor *x = dlc_operand(call, 0), *y = dlc_operand(call, 3);
  const bool dense = dlc_is_dense(x) && dlc_is_dense(y);
  plan p = {dlc_row_length(x), dlc_rows(x), 1, 1, x->pitch, y->pitch, params->axis >= 0 && params->axis == x->rank - 1};
  if (p.columns) return p;
  const int last = params->axis < 0 ? x->rank - 1 : params->axis;
  if (params->axis >= 0) p.count = x->dims[params->axis];
  for (int i = last + 1; i + 1 < x->rank; i++) p.repeat *= x->dims[i];
  if (dense) {
    p.run *= params->axis < 0 ? p.runs : p.repeat;
    p.runs = params->axis < 0 ? 1 : p.runs / dlc_max64(p.repeat, 1);
    p.repeat = 1;
    p.x_step = p.y_step = p.run;
  }
  return p;
}

// f32 -> i32: the sum with the zero point takes more than 24 bits.
static void quantize_i32(const float *x, int32_t *y, int64_t n, const float *scale, const int32_t *zero, int64_t step) {
  for (int64_t i = 0; i < n; i++) {
    float t = x[i] / scale[i * step];
    t = t == t ? dlc_clamp(__builtin_rintf(t), -0x1p33f, 0x1p33f) : 0;
    int64_t q = (int64_t)t + zero[i * step];
    y[i] = (int32_t)(q < INT32_MIN ? INT32_MIN : q > INT32_MAX ? INT32_MAX : q);
  }
}

static void dequantize_i32(const int32_t *x, float *y, int64_t n, const float *scale, const int32_t *zero,
                           int64_t step) {
  if (step == 0 && *zero == 0) {
    const float only = *scale;
    for (int64_t i = 0; i < n; i++) y[i] = (float)x[i] * only;
    return;
  }
  for (int64_t i = 0; i < n; i++) y[i] = (float)((int64_t)x[i] - zero[i * step]) * scale[i * step];
}

// `n` elements from `at` on in run `run`.
static void run_elements(const dlc_call *call, const plan *p, bool quantizes, int64_t run, int64_t at, int64_t n) {
  static const int32_t no_zeros[DLC_CHUNK];
  const dlc_quantize_params *params = call->params;
  const dlc_tensor *x = dlc_operand(call, 0), *scales = dlc_operand(call, 1), *zeros = dlc_operand(call, 2),
                   *y = dlc_operand(call, 3);
  const uint8_t type = quantizes ? y->type : x->type;
  const int64_t bytes = (int64_t)dlc_type_size(type), index = p->columns ? at : run / p->repeat % p->count;
  const float *scale = dlc_is_present(scales) ? (const float *)scales->data + index : &params->scale;
  // The field's low bytes are the zero point in its type: plans and processors are little-endian.
  const void *zero = dlc_is_present(zeros) ? dlc_at(zeros->data, index * bytes)
                     : params->axis < 0    ? &params->zero
                                           : NULL;
  const void *from = dlc_at(x->data, (run * p->x_step + at) * (int64_t)dlc_type_size(x->type));
  void *to = dlc_at_mutable(y->data, (run * p->y_step + at) * (int64_t)dlc_type_size(y->type));
  if (type == DLC_I32) {
    const int64_t step = p->columns ? 1 : 0;
    for (int64_t i = 0; i < n; i += DLC_CHUNK) {
      const int64_t count = dlc_min64(DLC_CHUNK, n - i);
      const int32_t *z = zero ? (const int32_t *)zero + i * step : no_zeros;
      if (quantizes)
        quantize_i32((const float *)from + i, (int32_t *)to + i, count, scale + i * step, z, step);
      else
        dequantize_i32((const int32_t *)from + i, (float *)to + i, count, scale + i * step, z, step);
    }
    return;
  }
  const dlc_quantize_rows *rows = DLC_ROWS(dlc_quantize_rows);
  const int k = row_index(type);
  if (quantizes)
    (p->columns ? rows->quantize_columns : rows->quantize)[k](from, to, n, scale, zero);
  else
    (p->columns ? rows->dequantize_columns : rows->dequantize)[k](from, to, n, scale, zero);
}

static int run_both(const dlc_call *call, uint32_t part, uint32_t parts, bool quantizes) {
  if (dlc_elements(dlc_operand(call, 0)) == 0) return 0;
  const plan p = make_plan(call);
  int64_t begin, end;
  if (p.runs == 1) {
    dlc_split(p.run, 64, part, parts, &begin, &end);
    if (end > begin) run_elements(call, &p, quantizes, 0, begin, end - begin);
    return 0;
  }
  dlc_split(p.runs, 1, part, parts, &begin, &end);
  for (int64_t r = begin; r < end; r++) run_elements(call, &p, quantizes, r, 0, p.run);
  return 0;
}

static int quantize_run(const dlc_call *call, uint32_t part, uint32_t parts) {
  return run_both(call, part, parts, true);
}
static int dequantize_run(const dlc_call *call, uint32_t part, uint32_t parts) {
  return run_both(call, part, parts, false);
}

_Static_assert(sizeof(dlc_quantize_params) == sizeof(dlc_dequantize_params), "one plan serves both");

const dlc_kernel dlc_quantize_kernel = {
    .name = "quantize",
    .params_bytes = sizeof(dlc_quantize_params),
    .min_operands = 4,
    .max_operands = 4,
    .check = quantize_check,
    .parts = quantize_parts,
    .run = quantize_run,
};

const dlc_kernel dlc_dequantize_kernel = {
    .name = "dequantize",
    .params_bytes = sizeof(dlc_dequantize_params),
    .min_operands = 4,
    .max_operands = 4,
    .check = dequantize_check,
    .parts = quantize_parts,
    .run = dequantize_run,
};
