// The normalize family: x, scale?, bias?, y; f32.
#include "normalize/normalize.h"

#include "unary/unary.h"

enum { LAYER = 0, INSTANCE = 1, ROOT_MEAN_SQUARE = 2 };
// Channels of an instance that one item of work covers; fixed, so that results do not depend on the number of parts.
enum { COLUMNS = 64 };

// Operands in order; scale and bias may be absent, y is always the last of four.
typedef struct operands {
  const dlc_tensor *x, *scale, *bias, *y;
} operands;

static operands get(const dlc_call *call) {
  return (operands){dlc_operand(call, 0), dlc_operand(call, 1), dlc_operand(call, 2), dlc_operand(call, 3)};
}

// Lines and their length: from `axis` on, or over the middle axes for each instance.
static int64_t tail(const dlc_tensor *x, int axis) {
  int64_t n = 1;
  for (int i = axis; i < x->rank; i++) n *= x->dims[i];
  return n;
}

static bool is_vector(const dlc_tensor *t, int64_t n) {
  return !dlc_is_present(t) || (dlc_valid_type(t, DLC_F32) && dlc_is_dense(t) && dlc_elements(t) == n);
}

static int normalize_check(const dlc_call *call) {
  DLC_REQUIRE(dlc_valid_call(call, 4, 4, sizeof(dlc_normalize_params)));
  const dlc_normalize_params *params = call->params;
  operands o = get(call);
  DLC_REQUIRE(dlc_valid_type(o.x, DLC_F32) && dlc_valid_type(o.y, DLC_F32) && dlc_same_shape(o.x, o.y));
  DLC_REQUIRE(params->kind >= LAYER && params->kind <= ROOT_MEAN_SQUARE);
  int axis = params->axis;
  if (params->kind == INSTANCE) {
    DLC_REQUIRE(o.x->rank >= 2);
    axis = o.x->rank - 1;
  }
  DLC_REQUIRE(axis >= 0 && axis < o.x->rank);
  DLC_REQUIRE(axis == o.x->rank - 1 || (dlc_is_dense(o.x) && dlc_is_dense(o.y)));
  DLC_REQUIRE(is_vector(o.scale, tail(o.x, axis)) && is_vector(o.bias, tail(o.x, axis)));
  DLC_REQUIRE(dlc_valid_epilogue(params->epilogue.function));
  return 0;
}

static int64_t items(const dlc_call *call) {
  const dlc_normalize_params *params = call->params;
  const dlc_tensor *x = dlc_operand(call, 0);
  if (dlc_elements(x) == 0) return 0;
  if (params->kind != INSTANCE) return dlc_elements(x) / tail(x, params->axis);
  return (int64_t)x->dims[0] * ((dlc_row_length(x) + COLUMNS - 1) / COLUMNS);
}

static uint32_t normalize_parts(const dlc_call *call) {
  int64_t useful = dlc_parts_for(dlc_elements(dlc_operand(call, 0)), 8192);
  return (uint32_t)dlc_max64(1, dlc_min64(useful, items(call)));
}

static void run_line(const dlc_normalize_params *params, const operands *o, int64_t item) {
  int64_t n = tail(o->x, params->axis);
  bool is_last = params->axis == o->x->rank - 1;
  const float *x = (const float *)o->x->data + item * (is_last ? o->x->pitch : n);
  float *y = (float *)o->y->data + item * (is_last ? o->y->pitch : n);
  DLC_ROWS(dlc_normalize_rows)->line(x, y, n, o->scale->data, o->bias->data, params->epsilon, params->kind == LAYER);
  dlc_epilogue_apply(&params->epilogue, y, n);
}

static void run_instance(const dlc_normalize_params *params, const operands *o, int64_t item) {
  int64_t channels = dlc_row_length(o->x), blocks = (channels + COLUMNS - 1) / COLUMNS,
          rows = dlc_rows(o->x) / o->x->dims[0];
  int64_t column = item % blocks * COLUMNS, n = dlc_min64(COLUMNS, channels - column), first = item / blocks * rows;
  const float *x = (const float *)o->x->data + first * o->x->pitch + column, *scale = o->scale->data,
              *bias = o->bias->data;
  float *y = (float *)o->y->data + first * o->y->pitch + column;
  DLC_ROWS(dlc_normalize_rows)
      ->columns(x, o->x->pitch, y, o->y->pitch, rows, n, scale ? scale + column : NULL, bias ? bias + column : NULL,
                params->epsilon);
  if (params->epilogue.function == DLC_FN_IDENTITY) return;
  for (int64_t r = 0; r < rows; r++) dlc_epilogue_apply(&params->epilogue, y + r * o->y->pitch, n);
}

static int normalize_run(const dlc_call *call, uint32_t part, uint32_t parts) {
  const dlc_normalize_params *params = call->params;
  operands o = get(call);
  int64_t begin, end;
  dlc_split(items(call), 1, part, parts, &begin, &end);
  for (int64_t item = begin; item < end; item++) {
    if (params->kind == INSTANCE)
      run_instance(params, &o, item);
    else
      run_line(params, &o, item);
  }
  return 0;
}

const dlc_kernel dlc_normalize_kernel = {
    .name = "normalize",
    .params_bytes = sizeof(dlc_normalize_params),
    .min_operands = 4,
    .max_operands = 4,
    .check = normalize_check,
    .parts = normalize_parts,
    .run = normalize_run,
};
