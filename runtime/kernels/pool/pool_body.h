// f32 pooling, written once for every instruction set: blocks of channels stay in registers while the window is walked.
#include "pool/pool.h"

#define V DLC_V
#define F(name) DLC_VF(name)
#define C(x) DLC_VF(splat)(x)

DLC_VTARGET V root(V v) {
  float lanes[DLC_VWIDTH];
  F(store)(lanes, v);
  for (int k = 0; k < DLC_VWIDTH; k++) lanes[k] = __builtin_sqrtf(lanes[k]);
  return F(load)(lanes);
}

// `update` folds cell v into a; `finish` turns a into the result.
#define POOL(name, start, update, finish)                                                                              \
  DLC_VTARGET V update_##name(V a, V v) { return update; }                                                             \
  DLC_VTARGET V finish_##name(V a, V divisor) {                                                                        \
    (void)divisor;                                                                                                     \
    return finish;                                                                                                     \
  }                                                                                                                    \
  DLC_VTARGET DLC_FLATTEN void name(const dlc_pool_cells *cells, float *y) {                                           \
    const float *origin = cells->x;                                                                                    \
    const int64_t n = cells->channels, w_stride = cells->strides[2];                                                   \
    const V divisor = C((float)cells->divisor);                                                                        \
    int64_t c = 0;                                                                                                     \
    for (; c + 4 * DLC_VWIDTH <= n; c += 4 * DLC_VWIDTH) {                                                             \
      V a0 = C(start), a1 = a0, a2 = a0, a3 = a0;                                                                      \
      for (int64_t d = 0; d < cells->counts[0]; d++)                                                                   \
        for (int64_t h = 0; h < cells->counts[1]; h++) {                                                               \
          const float *x = origin + d * cells->strides[0] + h * cells->strides[1] + c;                                 \
          for (int64_t w = 0; w < cells->counts[2]; w++, x += w_stride) {                                              \
            a0 = update_##name(a0, F(load)(x));                                                                        \
            a1 = update_##name(a1, F(load)(x + DLC_VWIDTH));                                                           \
            a2 = update_##name(a2, F(load)(x + 2 * DLC_VWIDTH));                                                       \
            a3 = update_##name(a3, F(load)(x + 3 * DLC_VWIDTH));                                                       \
          }                                                                                                            \
        }                                                                                                              \
      F(store)(y + c, finish_##name(a0, divisor));                                                                     \
      F(store)(y + c + DLC_VWIDTH, finish_##name(a1, divisor));                                                        \
      F(store)(y + c + 2 * DLC_VWIDTH, finish_##name(a2, divisor));                                                    \
      F(store)(y + c + 3 * DLC_VWIDTH, finish_##name(a3, divisor));                                                    \
    }                                                                                                                  \
    for (; c < n; c += DLC_VWIDTH) {                                                                                   \
      int part = (int)(n - c < DLC_VWIDTH ? n - c : DLC_VWIDTH);                                                       \
      V a = C(start);                                                                                                  \
      for (int64_t d = 0; d < cells->counts[0]; d++)                                                                   \
        for (int64_t h = 0; h < cells->counts[1]; h++) {                                                               \
          const float *x = origin + d * cells->strides[0] + h * cells->strides[1] + c;                                 \
          for (int64_t w = 0; w < cells->counts[2]; w++) a = update_##name(a, F(load_part)(x + w * w_stride, part));   \
        }                                                                                                              \
      F(store_part)(y + c, finish_##name(a, divisor), part);                                                           \
    }                                                                                                                  \
  }

// NaN is passed over.
POOL(maximum, -__builtin_inff(), F(select)(F(lt)(a, v), v, a), a)
POOL(average, 0.0f, a + v, a / divisor)
POOL(norm1, 0.0f, a + F(abs)(v), a)
POOL(norm2, 0.0f, F(fma)(v, v, a), root(a))

const dlc_pool_rows DLC_ROWS_NAME = {maximum, average, norm1, norm2};

#undef V
#undef F
#undef C
