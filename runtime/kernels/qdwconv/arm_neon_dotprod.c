// Depthwise quads in NEON with the dot product: one instruction for four channels.
#if defined(__aarch64__)
#include "qvector/qvector_neon.h"

#undef DLC_QTARGET
#define DLC_QTARGET __attribute__((target("arch=armv8.2-a+dotprod")))
#undef DLC_QINLINE
#define DLC_QINLINE DLC_QTARGET static inline __attribute__((always_inline, unused))
#include "qdwconv/interleave_neon.h"

#define ISA_NAME dlc_qdwconv__neon_dotprod
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
  for (int i = 0; i < 4; i++) sum.val[i] = vdotq_s32(sum.val[i], x.val[i], vld1q_s8((const int8_t *)w + 16 * i));
  return sum;
}
#include "qdwconv/qdwconv_body.h"
#else
typedef int dlc_qdwconv_neon_dotprod_is_empty;
#endif
