// Vectors of one f32, for processors without a vector row: primitives, and elementary functions as dlc_v<name>__scalar.
#ifndef DLC_VMATH_SCALAR_H
#define DLC_VMATH_SCALAR_H

#include <stdbool.h>
#include <stdint.h>

#include "dlc_config.h"
#include "dlc_params.h"

#define DLC_V float
#define DLC_VM bool
#define DLC_VWIDTH 1
#define DLC_VF(name) dlc_v##name##__scalar
#define DLC_VTARGET static inline __attribute__((unused))
#define DLC_VOUTLINE static __attribute__((noinline, unused))

typedef union dlc_float_bits {
  float value;
  uint32_t bits;
} dlc_float_bits;

DLC_VTARGET float dlc_vsplat__scalar(float x) { return x; }
DLC_VTARGET float dlc_vload__scalar(const float *p) { return *p; }
DLC_VTARGET void dlc_vstore__scalar(float *p, float x) { *p = x; }
// One lane when n > 0, else 0 and nothing is touched.
DLC_VTARGET float dlc_vload_part__scalar(const float *p, int n) { return n > 0 ? *p : 0; }
DLC_VTARGET void dlc_vstore_part__scalar(float *p, float x, int n) {
  if (n > 0) *p = x;
}
// Not fused: fmaf is a library call where the processor lacks it.
DLC_VTARGET float dlc_vfma__scalar(float a, float b, float c) { return a * b + c; }
DLC_VTARGET float dlc_vmin__scalar(float a, float b) { return a < b ? a : b; }
DLC_VTARGET float dlc_vmax__scalar(float a, float b) { return a > b ? a : b; }
DLC_VTARGET bool dlc_vlt__scalar(float a, float b) { return a < b; }
DLC_VTARGET bool dlc_veq__scalar(float a, float b) { return a == b; }
// m ? a : b
DLC_VTARGET float dlc_vselect__scalar(bool m, float a, float b) { return m ? a : b; }
DLC_VTARGET float dlc_vabs__scalar(float x) { return __builtin_fabsf(x); }
DLC_VTARGET float dlc_vcopysign__scalar(float x, float sign) { return __builtin_copysignf(x, sign); }
// 2^n of an integer-valued n in -126...127; NaN gives any power.
DLC_VTARGET float dlc_vexp2i__scalar(float n) {
  int32_t e = n == n ? (int32_t)n + 127 : 127;
  dlc_float_bits u = {.bits = (uint32_t)e << 23};
  return u.value;
}
// x = mantissa 2^exponent, 1 <= mantissa < 2, for normal positive x.
DLC_VTARGET float dlc_vexponent__scalar(float x) {
  dlc_float_bits u = {.value = x};
  return (float)((int32_t)(u.bits >> 23) - 127);
}
DLC_VTARGET float dlc_vmantissa__scalar(float x) {
  dlc_float_bits u = {.value = x};
  u.bits = (u.bits & 0x7fffff) | 0x3f800000;
  return u.value;
}

#include "vmath_body.h"

#endif
