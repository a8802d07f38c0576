// Local response normalization in f32, written once for every instruction set.
#include "lrn/lrn.h"

#define V DLC_V
#define F(name) DLC_VF(name)
#define C(x) DLC_VF(splat)(x)

// d^-beta by way of square roots for the exponent that networks use, else of exp and log.
DLC_VTARGET V inverse_power(V d, float beta) {
  if (beta != 0.75f) return F(exp)(C(-beta) * F(log)(d));
  float lanes[DLC_VWIDTH];
  F(store)(lanes, d);
  for (int k = 0; k < DLC_VWIDTH; k++) {
    float root = __builtin_sqrtf(lanes[k]);
    lanes[k] = 1.0f / (root * __builtin_sqrtf(root));
  }
  return F(load)(lanes);
}

DLC_VTARGET DLC_FLATTEN void line(const float *x, float *y, const float *squares, int64_t n, int64_t window,
                                  float factor, float beta, float bias) {
  for (int64_t c = 0; c < n; c += DLC_VWIDTH) {
    int part = (int)(n - c < DLC_VWIDTH ? n - c : DLC_VWIDTH);
    V sum = C(0.0f);
    for (int64_t k = 0; k < window; k++) sum = sum + F(load)(squares + c + k);
    F(store_part)(y + c, F(load_part)(x + c, part) * inverse_power(F(fma)(C(factor), sum, C(bias)), beta), part);
  }
}

const dlc_lrn_rows DLC_ROWS_NAME = {line};

#undef V
#undef F
#undef C
