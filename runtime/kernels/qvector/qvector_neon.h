// Sixteen lanes in four NEON registers (aarch64 and armv7).
//
// armv7's vectors take numbers below the normal range as zero. Where results are rounded to integers that changes
// nothing: such numbers are far below one half.
#ifndef DLC_QVECTOR_NEON_H
#define DLC_QVECTOR_NEON_H

#include <arm_neon.h>

#include "qvector/bounds.h"

#define DLC_QF float32x4x4_t
#define DLC_QI int32x4x4_t
#define DLC_QB uint8x16x4_t
#define DLC_Q(name) dlc_q##name##__neon
#define DLC_QTARGET
#define DLC_QINLINE static inline __attribute__((always_inline, unused))

#define DLC_QMAP(name, R, parameters, ...)                                                                             \
  DLC_QINLINE R DLC_Q(name) parameters {                                                                               \
    R r;                                                                                                               \
    for (int i = 0; i < 4; i++) r.val[i] = __VA_ARGS__;                                                                \
    return r;                                                                                                          \
  }
DLC_QMAP(splat, DLC_QF, (float x), vdupq_n_f32(x))
DLC_QMAP(splat_i, DLC_QI, (int32_t x), vdupq_n_s32(x))
DLC_QMAP(load, DLC_QF, (const float *p), vld1q_f32(p + 4 * i))
DLC_QMAP(load_i32, DLC_QI, (const int32_t *p), vld1q_s32(p + 4 * i))
DLC_QINLINE DLC_QI DLC_Q(widen)(int16x8_t low, int16x8_t high) {
  return (DLC_QI){{vmovl_s16(vget_low_s16(low)), vmovl_s16(vget_high_s16(low)), vmovl_s16(vget_low_s16(high)),
                   vmovl_s16(vget_high_s16(high))}};
}
DLC_QINLINE DLC_QI DLC_Q(load_u8)(const uint8_t *p) {
  uint8x16_t x = vld1q_u8(p);
  return DLC_Q(widen)(vreinterpretq_s16_u16(vmovl_u8(vget_low_u8(x))),
                      vreinterpretq_s16_u16(vmovl_u8(vget_high_u8(x))));
}
DLC_QINLINE DLC_QI DLC_Q(load_i8)(const int8_t *p) {
  int8x16_t x = vld1q_s8(p);
  return DLC_Q(widen)(vmovl_s8(vget_low_s8(x)), vmovl_s8(vget_high_s8(x)));
}
DLC_QMAP(load_u16, DLC_QI, (const uint16_t *p), vreinterpretq_s32_u32(vmovl_u16(vld1_u16(p + 4 * i))))
DLC_QMAP(load_i16, DLC_QI, (const int16_t *p), vmovl_s16(vld1_s16(p + 4 * i)))
DLC_QMAP(float, DLC_QF, (DLC_QI x), vcvtq_f32_s32(x.val[i]))
DLC_QMAP(add, DLC_QF, (DLC_QF a, DLC_QF b), vaddq_f32(a.val[i], b.val[i]))
DLC_QMAP(sub, DLC_QF, (DLC_QF a, DLC_QF b), vsubq_f32(a.val[i], b.val[i]))
DLC_QMAP(mul, DLC_QF, (DLC_QF a, DLC_QF b), vmulq_f32(a.val[i], b.val[i]))
DLC_QINLINE float32x4_t DLC_Q(fused)(float32x4_t a, float32x4_t b, float32x4_t c) {
#if defined(__aarch64__) || defined(__ARM_FEATURE_FMA)
  return vfmaq_f32(c, a, b);
#else // NEON before VFPv4
  float x[4], y[4], z[4];
  vst1q_f32(x, a);
  vst1q_f32(y, b);
  vst1q_f32(z, c);
  for (int i = 0; i < 4; i++) x[i] = __builtin_fmaf(x[i], y[i], z[i]);
  return vld1q_f32(x);
#endif
}
DLC_QMAP(fma, DLC_QF, (DLC_QF a, DLC_QF b, DLC_QF c), DLC_Q(fused)(a.val[i], b.val[i], c.val[i]))
DLC_QINLINE float32x4_t DLC_Q(divide)(float32x4_t a, float32x4_t b) {
#if defined(__aarch64__)
  return vdivq_f32(a, b);
#else // armv7's vectors have no division
  float x[4], y[4];
  vst1q_f32(x, a);
  vst1q_f32(y, b);
  for (int i = 0; i < 4; i++) x[i] /= y[i];
  return vld1q_f32(x);
#endif
}
DLC_QMAP(div, DLC_QF, (DLC_QF a, DLC_QF b), DLC_Q(divide)(a.val[i], b.val[i]))
// a where it is greater (less), else b, also where one is NaN.
DLC_QMAP(max, DLC_QF, (DLC_QF a, DLC_QF b), vbslq_f32(vcgtq_f32(a.val[i], b.val[i]), a.val[i], b.val[i]))
DLC_QMAP(min, DLC_QF, (DLC_QF a, DLC_QF b), vbslq_f32(vcltq_f32(a.val[i], b.val[i]), a.val[i], b.val[i]))
// 0 in place of NaN.
DLC_QMAP(ordered, DLC_QF, (DLC_QF x), vbslq_f32(vceqq_f32(x.val[i], x.val[i]), x.val[i], vdupq_n_f32(0)))
// Half to even, |t| < 2^22.
DLC_QINLINE int32x4_t DLC_Q(nearest)(float32x4_t t) {
#if defined(__aarch64__)
  return vcvtnq_s32_f32(t);
#else // the addition leaves the integer in the low bits of the sum
  return vsubq_s32(vreinterpretq_s32_f32(vaddq_f32(t, vdupq_n_f32(12582912.0f))), vdupq_n_s32(0x4b400000));
#endif
}
DLC_QMAP(round, DLC_QI, (DLC_QF t), DLC_Q(nearest)(t.val[i]))
DLC_QMAP(add_i, DLC_QI, (DLC_QI a, DLC_QI b), vaddq_s32(a.val[i], b.val[i]))
DLC_QMAP(sub_i, DLC_QI, (DLC_QI a, DLC_QI b), vsubq_s32(a.val[i], b.val[i]))
DLC_QMAP(mul_i, DLC_QI, (DLC_QI a, DLC_QI b), vmulq_s32(a.val[i], b.val[i]))
// x >> 16 and the 16 bits below: x = 2^16 high(x) + low(x).
DLC_QMAP(high, DLC_QI, (DLC_QI x), vshrq_n_s32(x.val[i], 16))
DLC_QMAP(low, DLC_QI, (DLC_QI x), vandq_s32(x.val[i], vdupq_n_s32(0xffff)))
// Sixteen s16 as a product takes them, and sum + x * w for w of 16 bits.
DLC_QMAP(load_factor, DLC_QI, (const int16_t *p), vmovl_s16(vld1_s16(p + 4 * i)))
DLC_QMAP(add_product, DLC_QI, (DLC_QI sum, DLC_QI x, DLC_QI w), vmlaq_s32(sum.val[i], x.val[i], w.val[i]))
DLC_QINLINE void DLC_Q(store)(float *p, DLC_QF x) {
  for (int i = 0; i < 4; i++) vst1q_f32(p + 4 * i, x.val[i]);
}
DLC_QINLINE void DLC_Q(store_i32)(int32_t *p, DLC_QI x) {
  for (int i = 0; i < 4; i++) vst1q_s32(p + 4 * i, x.val[i]);
}
// The low bits of every lane.
DLC_QINLINE void DLC_Q(store_16)(void *p, DLC_QI x) {
  for (int i = 0; i < 4; i++) vst1_u8((uint8_t *)p + 8 * i, vreinterpret_u8_s16(vmovn_s32(x.val[i])));
}
DLC_QINLINE void DLC_Q(store_8)(void *p, DLC_QI x) {
  int16x8_t low = vcombine_s16(vmovn_s32(x.val[0]), vmovn_s32(x.val[1]));
  int16x8_t high = vcombine_s16(vmovn_s32(x.val[2]), vmovn_s32(x.val[3]));
  vst1q_s8((int8_t *)p, vcombine_s8(vmovn_s16(low), vmovn_s16(high)));
}

// Four lanes to s16, saturating; NaN counts as very small.
DLC_QINLINE int16x4_t DLC_Q(narrow)(float32x4_t t, dlc_qbounds bounds) {
  const float32x4_t low = vdupq_n_f32(bounds.low);
#if defined(__aarch64__)
  return vqmovn_s32(vcvtnq_s32_f32(vmaxnmq_f32(t, low)));
#else
  const float32x4_t high = vdupq_n_f32(bounds.high);
  t = vbslq_f32(vcgtq_f32(t, low), t, low);
  return vmovn_s32(DLC_Q(nearest)(vminq_f32(t, high)));
#endif
}
DLC_QINLINE uint8x16_t DLC_Q(quarter)(DLC_QF x, dlc_qbounds bounds) {
  const int16x8_t zero = vdupq_n_s16((int16_t)bounds.zero);
  int16x8_t low = vcombine_s16(DLC_Q(narrow)(x.val[0], bounds), DLC_Q(narrow)(x.val[1], bounds));
  int16x8_t high = vcombine_s16(DLC_Q(narrow)(x.val[2], bounds), DLC_Q(narrow)(x.val[3], bounds));
  uint8x16_t all = vcombine_u8(vqmovun_s16(vqaddq_s16(low, zero)), vqmovun_s16(vqaddq_s16(high, zero)));
  return vminq_u8(vmaxq_u8(all, vdupq_n_u8(bounds.low_byte)), vdupq_n_u8(bounds.high_byte));
}
// Four vectors requantized: bytes of `a`, then of b, c and d.
DLC_QINLINE DLC_QB DLC_Q(bytes)(DLC_QF a, DLC_QF b, DLC_QF c, DLC_QF d, dlc_qbounds bounds) {
  return (DLC_QB){
      {DLC_Q(quarter)(a, bounds), DLC_Q(quarter)(b, bounds), DLC_Q(quarter)(c, bounds), DLC_Q(quarter)(d, bounds)}};
}
DLC_QINLINE void DLC_Q(store_bytes)(uint8_t *p, DLC_QB x) {
  for (int i = 0; i < 4; i++) vst1q_u8(p + 16 * i, x.val[i]);
}
// Sixteen of the 64 bytes, the k-th.
DLC_QINLINE void DLC_Q(store_quarter)(uint8_t *p, DLC_QB x, const int k) { vst1q_u8(p, x.val[k]); }

#undef DLC_QMAP
#endif
