// Tests of quantize, dequantize, dynamic_range and scale_accumulator.
#include "test_qelementwise.h"

extern const dlc_kernel dlc_quantize_kernel, dlc_dequantize_kernel, dlc_dynamic_range_kernel,
    dlc_scale_accumulator_kernel;

static int64_t least(uint8_t type) {
  return type == DLC_I8 ? INT8_MIN : type == DLC_I16 ? INT16_MIN : type == DLC_I32 ? INT32_MIN : 0;
}
static int64_t greatest(uint8_t type) {
  return type == DLC_U8    ? UINT8_MAX
         : type == DLC_I8  ? INT8_MAX
         : type == DLC_U16 ? UINT16_MAX
         : type == DLC_I16 ? INT16_MAX
                           : INT32_MAX;
}

// The place of element `flat` along the axis; 0 when there is none.
static int64_t along(const dlc_tensor *x, int axis, int64_t flat) {
  if (axis < 0) return 0;
  for (int i = x->rank - 1; i > axis; i--) flat /= x->dims[i];
  return flat % x->dims[axis];
}

static int64_t quantize_reference(const dlc_tensor *t, const void *params, const dlc_tensor *y, int64_t flat) {
  const dlc_quantize_params *p = params;
  const int64_t at = along(y, p->axis, flat);
  const float scale = dlc_is_present(&t[1]) ? get_float(&t[1], at) : p->scale;
  const int64_t zero = dlc_is_present(&t[2]) ? get(&t[2], at) : p->axis < 0 ? p->zero : 0;
  volatile float quotient = get_float(&t[0], flat) / scale;
  if (quotient != quotient) return zero;
  double q = (double)rintf(quotient) + (double)zero;
  if (q < (double)least(y->type)) return least(y->type);
  return q > (double)greatest(y->type) ? greatest(y->type) : (int64_t)q;
}

static int64_t dequantize_reference(const dlc_tensor *t, const void *params, const dlc_tensor *y, int64_t flat) {
  const dlc_dequantize_params *p = params;
  const int64_t at = along(y, p->axis, flat);
  const float scale = dlc_is_present(&t[1]) ? get_float(&t[1], at) : p->scale;
  const int64_t zero = dlc_is_present(&t[2]) ? get(&t[2], at) : p->axis < 0 ? p->zero : 0;
  return dlc_bits((float)(get(&t[0], flat) - zero) * scale);
}

static const uint8_t types[] = {DLC_U8, DLC_I8, DLC_U16, DLC_I16, DLC_I32};
static reference *const quantize_references[] = {quantize_reference}, *const dequantize_references[] = {
                                                                          dequantize_reference};

static void axis_case(uint8_t type, int turn) {
  const int32_t dims[] = {pick(1, 3), pick(1, 5), pick(1, 70)};
  const int axis = turn % 4 - 1, rank = axis == 0 && turn % 8 == 1 ? 1 : 3;
  const int32_t *d = dims + 3 - rank;
  dlc_quantize_params p = {axis, 0.031f, (int32_t)(least(type) < 0 ? pick(-9, 9) : pick(0, 99))};
  dlc_tensor x = make(DLC_F32, turn % 3, rank, d), q = make(type, turn % 5, rank, d), scale = {0}, zero = {0};
  if (axis >= 0 || turn % 8 == 4) {
    const int32_t count = axis < 0 ? 1 : d[axis];
    scale = axis < 0 ? make(DLC_F32, 0, 0, NULL) : MAKE(DLC_F32, 0, count);
    for (int i = 0; i < count; i++) set(&scale, i, dlc_bits((float)pick(1, 90) * 1e-3f));
    if (turn % 16 < 12) {
      zero = MAKE(type, 0, count);
      if (type == DLC_I32)
        for (int i = 0; i < count; i++) set(&zero, i, pick(-99999, 99999));
    }
  }
  const float special[] = {NAN, INFINITY, -INFINITY, 3e38f, -3e38f, 1e-40f, -0.0f, 0.0155f, 0.0465f, 4e9f};
  for (int i = 0; i < 10 && i < dlc_elements(&x); i++)
    if (pick(0, 2) == 0) set(&x, pick(0, (int)dlc_elements(&x) - 1), dlc_bits(special[i]));
  char label[64];
  snprintf(label, sizeof label, "type %d axis %d turn %d", type, axis, turn);
  dlc_tensor t[] = {x, scale, zero, q};
  run_case(&dlc_quantize_kernel, t, 4, 3, &p, sizeof p, quantize_references, label);
  dlc_tensor back[] = {q, scale, zero, x};
  for (int64_t i = 0; i < dlc_elements(&q); i++) // by chance, so that the reference does not depend on quantize
    set(&q, i, type == DLC_I32 ? (int64_t)(pick(0, 1 << 23) - (1 << 22)) * 250 : pick(0, 65535));
  run_case(&dlc_dequantize_kernel, back, 4, 3, &p, sizeof p, dequantize_references, label);
  free_all(t, 4);
}

// The least and greatest of 0 and the elements of a row, or of all of x.
static void range_of(const dlc_tensor *x, const dlc_dynamic_range_params *p, int64_t row, float range[2]) {
  const int64_t length = dlc_row_length(x), n = p->per_row ? length : dlc_elements(x);
  range[0] = range[1] = 0;
  for (int64_t i = 0; i < n; i++) {
    const float v = get_float(x, (p->per_row ? row * length : 0) + i);
    if (v < range[0]) range[0] = v;
    if (v > range[1]) range[1] = v;
  }
}

static int64_t scale_reference(const dlc_tensor *t, const void *params, const dlc_tensor *y, int64_t flat) {
  const dlc_dynamic_range_params *p = params;
  float range[2];
  (void)y;
  range_of(&t[0], p, flat, range);
  const float most = fmaxf(range[1], -range[0]);
  if (most == 0) return dlc_bits(1.0f);
  return dlc_bits(p->symmetric ? most / 127.0f : (range[1] - range[0]) / 255.0f);
}

static int64_t zero_reference(const dlc_tensor *t, const void *params, const dlc_tensor *y, int64_t flat) {
  const dlc_dynamic_range_params *p = params;
  float range[2];
  range_of(&t[0], p, flat, range);
  return p->symmetric ? 128
                      : rounded((0.0f - range[0]) / dlc_float((uint32_t)scale_reference(t, p, y, flat)), 0, 255, 0);
}

static void dynamic_range_case(int turn) {
  const int32_t rows = pick(1, 9), n = turn % 9 == 0 ? 0 : pick(1, 200);
  dlc_dynamic_range_params p = {turn & 1, turn >> 1 & 1};
  const int32_t count = p.per_row ? rows : 1;
  dlc_tensor t[] = {MAKE(DLC_F32, turn % 3, rows, n), MAKE(DLC_F32, 0, count), MAKE(DLC_U8, 0, count)};
  for (int64_t i = 0; i < dlc_elements(&t[0]); i++) {
    const float v = get_float(&t[0], i);
    if (turn % 4 == 0) set(&t[0], i, dlc_bits(fabsf(v)));
    if (turn % 16 == 3) set(&t[0], i, dlc_bits(-0.0f));
  }
  if (n > 3) set(&t[0], 2, dlc_bits(NAN));
  reference *const references[] = {scale_reference, zero_reference};
  run_case(&dlc_dynamic_range_kernel, t, 3, 1, &p, sizeof p, references, p.per_row ? "per row" : "of all");
  free_all(t, 3);
}

static int64_t accumulator_reference(const dlc_tensor *t, const void *params, const dlc_tensor *y, int64_t flat) {
  const dlc_scale_accumulator_params *p = params;
  const int64_t n = dlc_row_length(y), c = flat % n, row = dlc_elements(&t[4]) == 1 ? 0 : flat / n;
  const uint32_t sum = (uint32_t)get(&t[0], flat) - (uint32_t)get(&t[5], row) * (uint32_t)get(&t[1], c);
  const float scale = get_float(&t[4], row) * get_float(&t[2], c);
  float v = (float)(int32_t)sum * scale;
  if (dlc_is_present(&t[3])) v = v + get_float(&t[3], c);
  return dlc_bits(p->epilogue.function == DLC_FN_RELU && !(v > 0) ? 0.0f : v);
}

static void accumulator_case(int turn) {
  const int32_t rows = pick(1, 6), n = pick(1, 60), scales = turn & 1 ? rows : 1;
  dlc_scale_accumulator_params p = {{turn & 2 ? DLC_FN_RELU : DLC_FN_IDENTITY, 0, 0}};
  dlc_tensor t[] = {MAKE(DLC_I32, turn % 3, rows, n),
                    MAKE(DLC_I32, 0, n),
                    MAKE(DLC_F32, 0, n),
                    {0},
                    MAKE(DLC_F32, 0, scales),
                    MAKE(DLC_U8, 0, scales),
                    MAKE(DLC_F32, turn % 4, rows, n)};
  if (turn % 5) t[3] = MAKE(DLC_F32, 0, n);
  reference *const references[] = {accumulator_reference};
  run_case(&dlc_scale_accumulator_kernel, t, 7, 6, &p, sizeof p, references, "rows");
  free_all(t, 7);
}

static void test_refusals(void) {
  dlc_quantize_params p = {1, 0.5f, 3};
  dlc_tensor t[] = {MAKE(DLC_F32, 0, 4, 6), MAKE(DLC_F32, 0, 6), MAKE(DLC_U8, 0, 6), MAKE(DLC_U8, 0, 4, 6)};
  expect(checked(&dlc_quantize_kernel, t, 4, &p, sizeof p) == 0, "quantize refuses a good call");
#define REFUSES(change, restore, what)                                                                                 \
  change;                                                                                                              \
  expect(checked(&dlc_quantize_kernel, t, 4, &p, sizeof p) != 0, "quantize accepts " what);                            \
  restore;
  REFUSES(p.axis = 2, p.axis = 1, "an axis beyond the rank")
  REFUSES(p.axis = -2, p.axis = 1, "axis -2")
  REFUSES(p.axis = 0, p.axis = 1, "scales of another axis")
  REFUSES(p.zero = 256, p.zero = 3, "a zero point of 256")
  REFUSES(t[1].type = DLC_ABSENT, t[1].type = DLC_F32, "no scales")
  REFUSES(t[2].type = DLC_I8, t[2].type = DLC_U8, "zero points of another type")
  REFUSES(t[2].dims[0] = 5, t[2].dims[0] = 6, "too few zero points")
  REFUSES(t[0].type = DLC_I32, t[0].type = DLC_F32, "integers")
  REFUSES(t[3].dims[0] = 3, t[3].dims[0] = 4, "another shape")
  REFUSES(t[3].type = DLC_I64, t[3].type = DLC_U8, "i64")
  expect(checked(&dlc_dequantize_kernel, t, 4, &p, sizeof p) != 0, "dequantize accepts floats");
  expect(checked(&dlc_dynamic_range_kernel, t, 3, &p, 8) != 0, "dynamic_range accepts other parameters");
  expect(checked(&dlc_scale_accumulator_kernel, t, 4, &p, sizeof p) != 0, "scale_accumulator accepts four operands");
  free_all(t, 4);
}

void test_quantize(void) {
  for (int turn = 0; turn < 48; turn++)
    for (int k = 0; k < 5; k++) axis_case(types[k], turn);
  for (int turn = 0; turn < 40; turn++) dynamic_range_case(turn);
  for (int turn = 0; turn < 30; turn++) accumulator_case(turn);
  test_refusals();
}
