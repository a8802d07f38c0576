// Normalization in f32, written once for every instruction set: mean first, then the variance around it.
#include "normalize/normalize.h"

#define V DLC_V
#define F(name) DLC_VF(name)
#define C(x) DLC_VF(splat)(x)

// Elements, or rows, summed in f32 before a larger total takes over: bounds the rounding error.
enum { RUN_BLOCK = 4096, ROW_BLOCK = 65536 };

// One row's part of a column sum.
DLC_VTARGET DLC_FLATTEN V term(const float *x, int n, const V *mean) {
  const V v = n == DLC_VWIDTH ? F(load)(x) : F(load_part)(x, n);
  if (!mean) return v;
  const V d = v - *mean;
  return d * d;
}

// The sum of x, or of (x - mean)^2.
DLC_VTARGET DLC_FLATTEN double line_sum(const float *x, int64_t n, float mean, bool squared) {
  const V m = C(mean);
  double total = 0;
  for (; n > 0; n -= RUN_BLOCK, x += RUN_BLOCK) {
    int64_t count = n < RUN_BLOCK ? n : RUN_BLOCK, i = 0;
    V a0 = C(0.0f), a1 = a0;
    for (; i + 2 * DLC_VWIDTH <= count; i += 2 * DLC_VWIDTH) {
      V v0 = F(load)(x + i), v1 = F(load)(x + i + DLC_VWIDTH);
      if (squared) {
        v0 = v0 - m;
        v1 = v1 - m;
        v0 = v0 * v0;
        v1 = v1 * v1;
      }
      a0 = a0 + v0;
      a1 = a1 + v1;
    }
    for (; i < count; i++) total += squared ? (double)(x[i] - mean) * (double)(x[i] - mean) : (double)x[i];
    float lanes[DLC_VWIDTH];
    F(store)(lanes, a0 + a1);
    for (int k = 0; k < DLC_VWIDTH; k++) total += lanes[k];
  }
  return total;
}

DLC_VTARGET DLC_FLATTEN void line(const float *x, float *y, int64_t n, const float *scale, const float *bias,
                                  float epsilon, bool centred) {
  float mean = centred ? (float)(line_sum(x, n, 0, false) / (double)n) : 0;
  float factor = 1.0f / __builtin_sqrtf((float)(line_sum(x, n, mean, true) / (double)n) + epsilon);
  const V m = C(mean), f = C(factor);
  for (int64_t i = 0; i < n; i += DLC_VWIDTH) {
    if (i + DLC_VWIDTH <= n) {
      V v = (F(load)(x + i) - m) * f;
      if (scale) v = v * F(load)(scale + i);
      if (bias) v = v + F(load)(bias + i);
      F(store)(y + i, v);
    } else {
      int part = (int)(n - i);
      V v = (F(load_part)(x + i, part) - m) * f;
      if (scale) v = v * F(load_part)(scale + i, part);
      if (bias) v = v + F(load_part)(bias + i, part);
      F(store_part)(y + i, v, part);
    }
  }
}

// The sums of n <= DLC_VWIDTH columns over `rows` rows, or of squares of x - mean. Rows are dealt to eight sums that
// are added in halves, whatever the instruction set: the same bits everywhere, and those of ONNX Runtime, whose
// activations are quantized again and again behind such sums, so that a last digit may decide about every integer that
// follows.
DLC_VTARGET DLC_FLATTEN V column_sum(const float *x, int64_t stride, int64_t rows, int n, const V *mean) {
#define TERM(r) term(x + (r)*stride, n, mean)
  V s[8];
  for (int k = 0; k < 8; k++) s[k] = C(0.0f);
  int64_t r = 0;
  for (; r + 8 <= rows; r += 8)
    for (int k = 0; k < 8; k++) s[k] = s[k] + TERM(r + k);
  for (int k = 0; k < 4; k++) s[k] = s[k] + s[k + 4];
  if (r + 4 <= rows) {
    for (int k = 0; k < 4; k++) s[k] = s[k] + TERM(r + k);
    r += 4;
  }
  V sum = (s[0] + s[2]) + (s[1] + s[3]);
  for (; r < rows; r++) sum = sum + TERM(r);
  return sum;
#undef TERM
}

// The same, blocks of rows one after the other.
DLC_VTARGET DLC_FLATTEN V block_sums(const float *x, int64_t stride, int64_t rows, int n, const V *mean) {
  V sum = column_sum(x, stride, rows < ROW_BLOCK ? rows : ROW_BLOCK, n, mean);
  for (int64_t r = ROW_BLOCK; r < rows; r += ROW_BLOCK)
    sum = sum + column_sum(x + r * stride, stride, rows - r < ROW_BLOCK ? rows - r : ROW_BLOCK, n, mean);
  return sum;
}

DLC_VTARGET DLC_FLATTEN void columns(const float *x, int64_t x_stride, float *y, int64_t y_stride, int64_t rows,
                                     int64_t n, const float *scale, const float *bias, float epsilon) {
  const V count = C((float)rows);
  for (int64_t j = 0; j < n; j += DLC_VWIDTH) {
    int part = (int)(n - j < DLC_VWIDTH ? n - j : DLC_VWIDTH);
    const V mean = block_sums(x + j, x_stride, rows, part, NULL) / count;
    const V variance = block_sums(x + j, x_stride, rows, part, &mean) / count;
    float lanes[DLC_VWIDTH];
    F(store)(lanes, variance + C(epsilon));
    for (int k = 0; k < DLC_VWIDTH; k++) lanes[k] = 1.0f / __builtin_sqrtf(lanes[k]);
    V factor = F(load)(lanes), offset = bias ? F(load_part)(bias + j, part) : C(0.0f);
    if (scale) factor = factor * F(load_part)(scale + j, part);
    offset = offset - mean * factor;
    for (int64_t r = 0; r < rows; r++)
      F(store_part)(y + r * y_stride + j, F(load_part)(x + r * x_stride + j, part) * factor + offset, part);
  }
}

const dlc_normalize_rows DLC_ROWS_NAME = {line, columns};

#undef V
#undef F
#undef C
