// Depthwise quads in NEON: products of s8 in s16, of which two fit a sum, then pairs into s32.
#if defined(__ARM_NEON)
#include "qvector/qvector_neon.h"

#include "qdwconv/interleave_neon.h"

#define ISA_NAME dlc_qdwconv__neon
#define ISA_FLIP 0x80
#define ISA_ROWS 1
#define ISA_HELD 0
#define QX int8x16x4_t
typedef const uint8_t *weights;
#define QW weights

DLC_QINLINE int8x16x4_t load_x(const uint8_t *x) {
  const int8_t *p = (const int8_t *)x;
  return (int8x16x4_t){{vld1q_s8(p), vld1q_s8(p + 16), vld1q_s8(p + 32), vld1q_s8(p + 48)}};
}
DLC_QINLINE weights load_w(const uint8_t *w) { return w; }
DLC_QINLINE DLC_QI dot(DLC_QI sum, int8x16x4_t x, const uint8_t *w) {
  for (int i = 0; i < 4; i++) {
    const int8x16_t v = vld1q_s8((const int8_t *)w + 16 * i);
    const int16x8_t low = vmull_s8(vget_low_s8(x.val[i]), vget_low_s8(v));
    const int16x8_t high = vmull_s8(vget_high_s8(x.val[i]), vget_high_s8(v));
    // |x w| <= 128 * 127: two of them stay within s16.
#if defined(__aarch64__)
    const int16x8_t pairs = vpaddq_s16(low, high);
#else
    const int16x8_t pairs = vcombine_s16(vpadd_s16(vget_low_s16(low), vget_high_s16(low)),
                                         vpadd_s16(vget_low_s16(high), vget_high_s16(high)));
#endif
    sum.val[i] = vpadalq_s16(sum.val[i], pairs);
  }
  return sum;
}
#include "qdwconv/qdwconv_body.h"
#else
typedef int dlc_qdwconv_neon_is_empty;
#endif
