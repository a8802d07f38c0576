// dlc_dwconv_row for one instruction set, written once. The including file has included a vmath_<isa>.h and names the
// function in ROW_NAME.
#include "dwconv/row.h"
#include "epilogue.h"

#if defined(__clang__)
#define ROW_UNROLL _Pragma("clang loop unroll(full)")
#else
#define ROW_UNROLL _Pragma("GCC unroll 16")
#endif

#define V DLC_V
#define F(name) DLC_VF(name)
enum { W = DLC_VWIDTH };

// P adjacent output cells from q on, taps first...last-1, channels c...c+count-1 (count = W but for the last vector).
// K > 0 fixes the window's width (all taps) and S its stride, with a dilation of 1: inputs are then loaded once for all
// cells that share them.
DLC_VTARGET __attribute__((always_inline)) void cells(const dlc_dwconv_row *r, int32_t q, int32_t first, int32_t last,
                                                      int64_t c, int count, const int P, const int K, const int S,
                                                      const bool part) {
  V acc[4];
  const int64_t pitch = r->x_pitch, tap_pitch = r->w_pitch;
  V bias = F(splat)(0);
  if (r->bias) bias = part ? F(load_part)(r->bias + c, count) : F(load)(r->bias + c);
  ROW_UNROLL for (int i = 0; i < P; i++) acc[i] = bias;
  const int64_t start = ((int64_t)q * r->stride + r->offset) * pitch + c;
  for (uint32_t row = 0; row < r->rows; row++) {
    const float *x = r->x[row] + start, *w = r->w[row] + c;
    if (K > 0) {
      V tap[5];
      ROW_UNROLL for (int t = 0; t < K; t++) tap[t] = F(load)(w + t * tap_pitch);
      ROW_UNROLL for (int j = 0; j < (P - 1) * S + K; j++) {
        V cell = F(load)(x);
        x += pitch;
        ROW_UNROLL for (int i = 0; i < P; i++) {
          const int t = j - i * S;
          if (t >= 0 && t < K) acc[i] = F(fma)(cell, tap[t < 0 || t >= K ? 0 : t], acc[i]);
        }
      }
    } else {
      const int64_t next = r->stride * pitch, step = r->dilation * pitch;
      for (int32_t t = first; t < last; t++) {
        const float *from = x + t * step;
        V tap = part ? F(load_part)(w + t * tap_pitch, count) : F(load)(w + t * tap_pitch);
        ROW_UNROLL for (int i = 0; i < P; i++) {
          V cell = part ? F(load_part)(from + i * next, count) : F(load)(from + i * next);
          acc[i] = F(fma)(cell, tap, acc[i]);
        }
      }
    }
  }
  const V lo = F(splat)(r->lo), hi = F(splat)(r->hi);
  ROW_UNROLL for (int i = 0; i < P; i++) {
    V sum = acc[i];
    if (r->residual) {
      const float *residual = r->residual + (q + i) * r->residual_pitch + c;
      sum = sum + (part ? F(load_part)(residual, count) : F(load)(residual));
    }
    sum = F(min)(hi, F(max)(lo, sum));
    float *y = r->y + (q + i) * r->y_pitch + c;
    if (part)
      F(store_part)(y, sum, count);
    else
      F(store)(y, sum);
  }
}

// All channels of P cells.
DLC_VTARGET __attribute__((always_inline)) void all_channels(const dlc_dwconv_row *r, int32_t q, int32_t first,
                                                             int32_t last, const int P, const int K, const int S) {
  int64_t c = 0;
  for (; c + W <= r->channels; c += W) cells(r, q, first, last, c, W, P, K, S, false);
  if (c < r->channels) cells(r, q, first, last, c, (int)(r->channels - c), P, 0, 0, true);
  if (r->epilogue)
    for (int i = 0; i < P; i++) F(epilogue_row)(r->y + (q + i) * r->y_pitch, r->channels, r->epilogue);
}

#define ROW_RUN(name, P, K, S)                                                                                         \
  DLC_VOUTLINE void name(const dlc_dwconv_row *r, int32_t q) { all_channels(r, q, 0, r->kernel, P, K, S); }
ROW_RUN(four_3x1, 4, 3, 1)
ROW_RUN(four_3x2, 4, 3, 2)
ROW_RUN(four_5x1, 4, 5, 1)
ROW_RUN(four_5x2, 4, 5, 2)
ROW_RUN(four_any, 4, 0, 0)
ROW_RUN(two_3x1, 2, 3, 1)
ROW_RUN(two_5x1, 2, 5, 1)
ROW_RUN(one_3, 1, 3, 1)
ROW_RUN(one_5, 1, 5, 1)
ROW_RUN(two_any, 2, 0, 0)
ROW_RUN(one_any, 1, 0, 0)

// A cell near a border: only the taps inside the row.
DLC_VOUTLINE void border_cell(const dlc_dwconv_row *r, int32_t q) {
  const int64_t x = (int64_t)q * r->stride + r->offset;
  int64_t first = x < 0 ? (-x + r->dilation - 1) / r->dilation : 0;
  int64_t last = x < r->in ? (r->in - 1 - x) / r->dilation + 1 : 0;
  if (last > r->kernel) last = r->kernel;
  if (first > last) first = last;
  all_channels(r, q, (int32_t)first, (int32_t)last, 1, 0, 0);
}

DLC_VTARGET bool is_inside(const dlc_dwconv_row *r, int32_t q) {
  const int64_t x = (int64_t)q * r->stride + r->offset;
  return x >= 0 && x + (int64_t)(r->kernel - 1) * r->dilation < r->in;
}

#if defined(DLC_TARGET_AVX512) && DLC_VWIDTH == 16
DLC_TARGET_AVX512
#elif defined(DLC_TARGET_AVX2) && DLC_VWIDTH == 8
DLC_TARGET_AVX2
#endif
static void ROW_NAME(const dlc_dwconv_row *r) {
  typedef void (*run)(const dlc_dwconv_row *, int32_t);
  run four = four_any, two = two_any, one = one_any;
  if (r->dilation == 1 && r->kernel == 3) {
    one = one_3;
    if (r->stride == 1) two = two_3x1;
    four = r->stride == 1 ? four_3x1 : r->stride == 2 ? four_3x2 : four_any;
  } else if (r->dilation == 1 && r->kernel == 5) {
    one = one_5;
    if (r->stride == 1) two = two_5x1;
    four = r->stride == 1 ? four_5x1 : r->stride == 2 ? four_5x2 : four_any;
  }
  int32_t q = 0, inside = r->out;
  while (q < r->out && !is_inside(r, q)) border_cell(r, q++);
  while (inside > q && !is_inside(r, inside - 1)) inside--;
  for (; q + 4 <= inside; q += 4) four(r, q);
  for (; q + 2 <= inside; q += 2) two(r, q);
  for (; q < inside; q++) one(r, q);
  for (; q < r->out; q++) border_cell(r, q);
}
