// Softmax and its logarithm in f32, written once for every instruction set.
#include "softmax/softmax.h"

#define V DLC_V
#define F(name) DLC_VF(name)
#define C(x) DLC_VF(splat)(x)

// The first `part` lanes of x, and `rest` in the others.
DLC_VTARGET V keep_part(V x, int part, V rest) {
  static const float numbers[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  return F(select)(F(lt)(F(load)(numbers), C((float)part)), x, rest);
}

// The largest element.
DLC_VTARGET DLC_FLATTEN float line_max(const float *x, int64_t n) {
  const V lowest = C(-__builtin_inff());
  V a0 = lowest, a1 = lowest;
  int64_t i = 0;
  for (; i + 2 * DLC_VWIDTH <= n; i += 2 * DLC_VWIDTH) {
    a0 = F(max)(a0, F(load)(x + i));
    a1 = F(max)(a1, F(load)(x + i + DLC_VWIDTH));
  }
  for (; i < n; i += DLC_VWIDTH) {
    int part = (int)(n - i < DLC_VWIDTH ? n - i : DLC_VWIDTH);
    a0 = F(max)(a0, keep_part(F(load_part)(x + i, part), part, lowest));
  }
  float lanes[DLC_VWIDTH];
  F(store)(lanes, F(max)(a0, a1));
  for (int width = DLC_VWIDTH / 2; width > 0; width /= 2)
    for (int k = 0; k < width; k++) lanes[k] = lanes[k] > lanes[k + width] ? lanes[k] : lanes[k + width];
  return lanes[0];
}

// The sum of e^(x - shift); the terms go to y unless it is NULL. Every instruction set adds in the same order: element
// i to sum i % 16, then these in halves.
DLC_VTARGET DLC_FLATTEN float line_exp(const float *x, float *y, int64_t n, float shift) {
  enum { SUMS = 16, VECTORS = SUMS / DLC_VWIDTH };
  const V s = C(shift);
  V sums[VECTORS];
  for (int k = 0; k < VECTORS; k++) sums[k] = C(0.0f);
  int64_t i = 0;
  for (; i + SUMS <= n; i += SUMS)
    for (int k = 0; k < VECTORS; k++) {
      V e = F(exp_nonpositive)(F(load)(x + i + k * DLC_VWIDTH) - s);
      if (y) F(store)(y + i + k * DLC_VWIDTH, e);
      sums[k] = sums[k] + e;
    }
  for (int k = 0; i < n; i += DLC_VWIDTH, k++) {
    int part = (int)(n - i < DLC_VWIDTH ? n - i : DLC_VWIDTH);
    V e = F(exp_nonpositive)(F(load_part)(x + i, part) - s);
    if (y) F(store_part)(y + i, e, part);
    sums[k] = sums[k] + keep_part(e, part, C(0.0f));
  }
  float lanes[SUMS];
  for (int k = 0; k < VECTORS; k++) F(store)(lanes + k * DLC_VWIDTH, sums[k]);
  for (int width = SUMS / 2; width > 0; width /= 2)
    for (int k = 0; k < width; k++) lanes[k] += lanes[k + width];
  return lanes[0];
}

// e rest, and 0 where that is below 2^-126: ARMv7's vectors make it 0, so all do.
DLC_VTARGET V scaled(V e, V rest) {
  V y = e * rest;
  return F(select)(F(lt)(y, C(1.17549449e-38f)), C(0.0f), y);
}

DLC_VTARGET DLC_FLATTEN void line(const float *x, float *y, int64_t n) {
  const V rest = C(1.0f / line_exp(x, y, n, line_max(x, n)));
  int64_t i = 0;
  for (; i + DLC_VWIDTH <= n; i += DLC_VWIDTH) F(store)(y + i, scaled(F(load)(y + i), rest));
  if (i < n) F(store_part)(y + i, scaled(F(load_part)(y + i, (int)(n - i)), rest), (int)(n - i));
}

DLC_VTARGET DLC_FLATTEN void log_line(const float *x, float *y, int64_t n) {
  float largest = line_max(x, n), lanes[DLC_VWIDTH];
  F(store)(lanes, F(log)(C(line_exp(x, NULL, n, largest))));
  const float rest = lanes[0];
  DLC_INDEPENDENT
  for (int64_t i = 0; i < n; i++) y[i] = x[i] - largest - rest;
}

// `keep` runs on each term e; the result of element e of `source` follows from `rest`, which follows from the sum.
#define COLUMNS(name, keep, rest_of_sum, source, result)                                                               \
  DLC_VTARGET DLC_FLATTEN void name(const float *x, float *y, int64_t n, int64_t stride, int64_t width) {              \
    for (int64_t j = 0; j < width; j += DLC_VWIDTH) {                                                                  \
      int part = (int)(width - j < DLC_VWIDTH ? width - j : DLC_VWIDTH);                                               \
      V largest = C(-__builtin_inff()), sum = C(0.0f);                                                                 \
      for (int64_t k = 0; k < n; k++) largest = F(max)(largest, F(load_part)(x + k * stride + j, part));               \
      for (int64_t k = 0; k < n; k++) {                                                                                \
        V e = F(exp_nonpositive)(F(load_part)(x + k * stride + j, part) - largest);                                    \
        keep;                                                                                                          \
        sum = sum + e;                                                                                                 \
      }                                                                                                                \
      const V rest = rest_of_sum;                                                                                      \
      for (int64_t k = 0; k < n; k++) {                                                                                \
        V e = F(load_part)((source) + k * stride + j, part);                                                           \
        F(store_part)(y + k * stride + j, result, part);                                                               \
      }                                                                                                                \
    }                                                                                                                  \
  }
COLUMNS(columns, F(store_part)(y + k * stride + j, e, part), C(1.0f) / sum, y, scaled(e, rest))
COLUMNS(log_columns, (void)0, F(log)(sum), x, e - largest - rest)

#define KIND(k, function) (DLC_SOFTMAX_KINDS >> (k)&1u ? (function) : NULL)
const dlc_softmax_rows DLC_ROWS_NAME = {KIND(0, line), KIND(1, log_line), KIND(4, columns), KIND(5, log_columns)};
#undef KIND

#undef V
#undef F
#undef C
