// Rows of quantization, written once for every instruction set; a quantize_<isa>.c includes a qvector_<isa>.h and this.
#include "quantize/quantize.h"

#define Q(name) DLC_Q(name)
#define STEP DLC_QLANES

// A type's rows. A tail goes through the same code by way of a buffer.
#define ROWS(T, name, least, greatest, store_as)                                                                       \
  DLC_QINLINE void quantize_##name##_block(const float *x, T *y, const float *scale, const T *zero, DLC_QF scales,     \
                                           DLC_QI zeros, const bool columns) {                                         \
    if (columns) scales = Q(load)(scale);                                                                              \
    if (columns && zero) zeros = Q(load_##name)(zero);                                                                 \
    const DLC_QF low = Q(float)(Q(sub_i)(Q(splat_i)(least), zeros));                                                   \
    const DLC_QF high = Q(float)(Q(sub_i)(Q(splat_i)(greatest), zeros));                                               \
    DLC_QF t = Q(ordered)(Q(div)(Q(load)(x), scales));                                                                 \
    store_as(y, Q(add_i)(Q(round)(Q(min)(Q(max)(t, low), high)), zeros));                                              \
  }                                                                                                                    \
  DLC_QINLINE void quantize_##name##_all(const float *x, void *to, int64_t n, const float *scale, const void *zero,    \
                                         const bool columns) {                                                         \
    T *y = to;                                                                                                         \
    const T *z = zero;                                                                                                 \
    const DLC_QF scales = Q(splat)(columns ? 1.0f : *scale);                                                           \
    const DLC_QI zeros = Q(splat_i)(columns || !z ? 0 : *z);                                                           \
    int64_t i = 0;                                                                                                     \
    for (; i + STEP <= n; i += STEP)                                                                                   \
      quantize_##name##_block(x + i, y + i, columns ? scale + i : NULL, columns && z ? z + i : NULL, scales, zeros,    \
                              columns);                                                                                \
    if (i == n) return;                                                                                                \
    const size_t rest = (size_t)(n - i);                                                                               \
    float x_rest[STEP] = {0}, scale_rest[STEP] = {0};                                                                  \
    T y_rest[STEP], zero_rest[STEP] = {0};                                                                             \
    memcpy(x_rest, x + i, rest * sizeof(float));                                                                       \
    if (columns) memcpy(scale_rest, scale + i, rest * sizeof(float));                                                  \
    if (columns && z) memcpy(zero_rest, z + i, rest * sizeof(T));                                                      \
    quantize_##name##_block(x_rest, y_rest, scale_rest, zero_rest, scales, zeros, columns);                            \
    memcpy(y + i, y_rest, rest * sizeof(T));                                                                           \
  }                                                                                                                    \
  DLC_QINLINE void dequantize_##name##_block(const T *x, float *y, const float *scale, const T *zero, DLC_QF scales,   \
                                             DLC_QI zeros, const bool columns) {                                       \
    if (columns) scales = Q(load)(scale);                                                                              \
    if (columns && zero) zeros = Q(load_##name)(zero);                                                                 \
    Q(store)(y, Q(mul)(Q(float)(Q(sub_i)(Q(load_##name)(x), zeros)), scales));                                         \
  }                                                                                                                    \
  DLC_QINLINE void dequantize_##name##_all(const void *from, float *y, int64_t n, const float *scale,                  \
                                           const void *zero, const bool columns) {                                     \
    const T *x = from, *z = zero;                                                                                      \
    const DLC_QF scales = Q(splat)(columns ? 1.0f : *scale);                                                           \
    const DLC_QI zeros = Q(splat_i)(columns || !z ? 0 : *z);                                                           \
    int64_t i = 0;                                                                                                     \
    for (; i + STEP <= n; i += STEP)                                                                                   \
      dequantize_##name##_block(x + i, y + i, columns ? scale + i : NULL, columns && z ? z + i : NULL, scales, zeros,  \
                                columns);                                                                              \
    if (i == n) return;                                                                                                \
    const size_t rest = (size_t)(n - i);                                                                               \
    float y_rest[STEP], scale_rest[STEP] = {0};                                                                        \
    T x_rest[STEP] = {0}, zero_rest[STEP] = {0};                                                                       \
    memcpy(x_rest, x + i, rest * sizeof(T));                                                                           \
    if (columns) memcpy(scale_rest, scale + i, rest * sizeof(float));                                                  \
    if (columns && z) memcpy(zero_rest, z + i, rest * sizeof(T));                                                      \
    dequantize_##name##_block(x_rest, y_rest, scale_rest, zero_rest, scales, zeros, columns);                          \
    memcpy(y + i, y_rest, rest * sizeof(float));                                                                       \
  }                                                                                                                    \
  DLC_QTARGET static void quantize_##name(const float *x, void *y, int64_t n, const float *scale, const void *zero) {  \
    quantize_##name##_all(x, y, n, scale, zero, false);                                                                \
  }                                                                                                                    \
  DLC_QTARGET static void quantize_columns_##name(const float *x, void *y, int64_t n, const float *scale,              \
                                                  const void *zero) {                                                  \
    quantize_##name##_all(x, y, n, scale, zero, true);                                                                 \
  }                                                                                                                    \
  DLC_QTARGET static void dequantize_##name(const void *x, float *y, int64_t n, const float *scale,                    \
                                            const void *zero) {                                                        \
    dequantize_##name##_all(x, y, n, scale, zero, false);                                                              \
  }                                                                                                                    \
  DLC_QTARGET static void dequantize_columns_##name(const void *x, float *y, int64_t n, const float *scale,            \
                                                    const void *zero) {                                                \
    dequantize_##name##_all(x, y, n, scale, zero, true);                                                               \
  }
ROWS(uint8_t, u8, 0, UINT8_MAX, Q(store_8))
ROWS(int8_t, i8, INT8_MIN, INT8_MAX, Q(store_8))
ROWS(uint16_t, u16, 0, UINT16_MAX, Q(store_16))
ROWS(int16_t, i16, INT16_MIN, INT16_MAX, Q(store_16))

DLC_QTARGET static void range_row(const float *x, int64_t n, float range[2]) {
  enum { WIDE = 4 };
  DLC_QF low[WIDE], high[WIDE];
  for (int k = 0; k < WIDE; k++) {
    low[k] = Q(splat)(range[0]);
    high[k] = Q(splat)(range[1]);
  }
  int64_t i = 0;
  for (; i + WIDE * STEP <= n; i += WIDE * STEP)
    for (int k = 0; k < WIDE; k++) {
      const DLC_QF v = Q(load)(x + i + k * STEP);
      low[k] = Q(min)(v, low[k]);
      high[k] = Q(max)(v, high[k]);
    }
  for (int k = 0; k < WIDE; k++) {
    float lanes[2][STEP];
    Q(store)(lanes[0], low[k]);
    Q(store)(lanes[1], high[k]);
    for (int j = 0; j < STEP; j++) {
      range[0] = lanes[0][j] < range[0] ? lanes[0][j] : range[0];
      range[1] = lanes[1][j] > range[1] ? lanes[1][j] : range[1];
    }
  }
  for (; i < n; i++) {
    range[0] = x[i] < range[0] ? x[i] : range[0];
    range[1] = x[i] > range[1] ? x[i] : range[1];
  }
}

DLC_QINLINE void accumulator_block(const int32_t *acc, const int32_t *sums, const float *w_scale, const float *bias,
                                   DLC_QF scale, DLC_QI zero, float *y) {
  DLC_QF t = Q(float)(Q(sub_i)(Q(load_i32)(acc), Q(mul_i)(zero, Q(load_i32)(sums))));
  t = Q(mul)(t, Q(mul)(scale, Q(load)(w_scale)));
  Q(store)(y, bias ? Q(add)(t, Q(load)(bias)) : t);
}

DLC_QTARGET static void accumulator_row(const int32_t *acc, const int32_t *sums, const float *w_scale,
                                        const float *bias, float scale, int32_t zero, float *y, int64_t n) {
  const DLC_QF scales = Q(splat)(scale);
  const DLC_QI zeros = Q(splat_i)(zero);
  int64_t i = 0;
  for (; i + STEP <= n; i += STEP)
    accumulator_block(acc + i, sums + i, w_scale + i, bias ? bias + i : NULL, scales, zeros, y + i);
  if (i == n) return;
  const size_t rest = (size_t)(n - i) * 4;
  int32_t acc_rest[STEP] = {0}, sums_rest[STEP] = {0};
  float scale_rest[STEP] = {0}, bias_rest[STEP] = {0}, y_rest[STEP];
  memcpy(acc_rest, acc + i, rest);
  memcpy(sums_rest, sums + i, rest);
  memcpy(scale_rest, w_scale + i, rest);
  if (bias) memcpy(bias_rest, bias + i, rest);
  accumulator_block(acc_rest, sums_rest, scale_rest, bias ? bias_rest : NULL, scales, zeros, y_rest);
  memcpy(y + i, y_rest, rest);
}

const dlc_quantize_rows DLC_ROWS_NAME = {
    {quantize_u8, quantize_i8, quantize_u16, quantize_i16},
    {quantize_columns_u8, quantize_columns_i8, quantize_columns_u16, quantize_columns_i16},
    {dequantize_u8, dequantize_i8, dequantize_u16, dequantize_i16},
    {dequantize_columns_u8, dequantize_columns_i8, dequantize_columns_u16, dequantize_columns_i16},
    range_row,
    accumulator_row,
};

#undef Q
#undef STEP
