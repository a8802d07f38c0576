// Vectors of four f32 in NEON registers (aarch64 and armv7): primitives, and elementary functions as dlc_v<name>__neon.
#ifndef DLC_VMATH_NEON_H
#define DLC_VMATH_NEON_H

#include <arm_neon.h>
#include <stdint.h>

#include "dlc_config.h"
#include "dlc_params.h"

#define DLC_V float32x4_t
#define DLC_VM uint32x4_t
#define DLC_VWIDTH 4
#define DLC_VF(name) dlc_v##name##__neon
#define DLC_VTARGET static inline __attribute__((unused))
#define DLC_VOUTLINE static __attribute__((noinline, unused))

DLC_VTARGET float32x4_t dlc_vsplat__neon(float x) { return vdupq_n_f32(x); }
DLC_VTARGET float32x4_t dlc_vload__neon(const float *p) { return vld1q_f32(p); }
DLC_VTARGET void dlc_vstore__neon(float *p, float32x4_t x) { vst1q_f32(p, x); }
// The first `n` lanes, 0 <= n <= 4; the others are 0 and their memory is not touched.
DLC_VTARGET float32x4_t dlc_vload_part__neon(const float *p, int n) {
  float32x4_t x = vdupq_n_f32(0);
  if (n >= 4) return vld1q_f32(p);
  if (n > 0) x = vld1q_lane_f32(p, x, 0);
  if (n > 1) x = vld1q_lane_f32(p + 1, x, 1);
  if (n > 2) x = vld1q_lane_f32(p + 2, x, 2);
  return x;
}
DLC_VTARGET void dlc_vstore_part__neon(float *p, float32x4_t x, int n) {
  if (n >= 4) {
    vst1q_f32(p, x);
    return;
  }
  if (n > 0) vst1q_lane_f32(p, x, 0);
  if (n > 1) vst1q_lane_f32(p + 1, x, 1);
  if (n > 2) vst1q_lane_f32(p + 2, x, 2);
}
#if defined(__aarch64__) || defined(__ARM_FEATURE_FMA)
DLC_VTARGET float32x4_t dlc_vfma__neon(float32x4_t a, float32x4_t b, float32x4_t c) { return vfmaq_f32(c, a, b); }
#else
DLC_VTARGET float32x4_t dlc_vfma__neon(float32x4_t a, float32x4_t b, float32x4_t c) { return vmlaq_f32(c, a, b); }
#endif
DLC_VTARGET float32x4_t dlc_vmin__neon(float32x4_t a, float32x4_t b) { return vminq_f32(a, b); }
DLC_VTARGET float32x4_t dlc_vmax__neon(float32x4_t a, float32x4_t b) { return vmaxq_f32(a, b); }
DLC_VTARGET uint32x4_t dlc_vlt__neon(float32x4_t a, float32x4_t b) { return vcltq_f32(a, b); }
DLC_VTARGET uint32x4_t dlc_veq__neon(float32x4_t a, float32x4_t b) { return vceqq_f32(a, b); }
// m ? a : b
DLC_VTARGET float32x4_t dlc_vselect__neon(uint32x4_t m, float32x4_t a, float32x4_t b) { return vbslq_f32(m, a, b); }
DLC_VTARGET float32x4_t dlc_vabs__neon(float32x4_t x) { return vabsq_f32(x); }
DLC_VTARGET float32x4_t dlc_vcopysign__neon(float32x4_t x, float32x4_t sign) {
  return vbslq_f32(vdupq_n_u32(0x80000000u), sign, x);
}
// 2^n of an integer-valued n in -126...127.
DLC_VTARGET float32x4_t dlc_vexp2i__neon(float32x4_t n) {
  int32x4_t e = vaddq_s32(vcvtq_s32_f32(n), vdupq_n_s32(127));
  return vreinterpretq_f32_s32(vshlq_n_s32(e, 23));
}
// x = mantissa 2^exponent, 1 <= mantissa < 2, for normal positive x.
DLC_VTARGET float32x4_t dlc_vexponent__neon(float32x4_t x) {
  int32x4_t e = vreinterpretq_s32_u32(vshrq_n_u32(vreinterpretq_u32_f32(x), 23));
  return vcvtq_f32_s32(vsubq_s32(e, vdupq_n_s32(127)));
}
DLC_VTARGET float32x4_t dlc_vmantissa__neon(float32x4_t x) {
  uint32x4_t m = vandq_u32(vreinterpretq_u32_f32(x), vdupq_n_u32(0x7fffff));
  return vreinterpretq_f32_u32(vorrq_u32(m, vdupq_n_u32(0x3f800000)));
}

#include "vmath_body.h"

#endif
