// Depthwise quads in AVX2 with VNNI: one instruction for eight channels of a quad.
#if defined(__x86_64__)
#include "qvector/qvector_avx2.h"

#undef DLC_QTARGET
#define DLC_QTARGET __attribute__((target("avxvnni,avx2,fma")))
#include "qdwconv/interleave_x86.h"

#define ISA_NAME dlc_qdwconv__avx_vnni
#define ISA_FLIP 0
#define ISA_ROWS 1
#define ISA_HELD 0
#define QX DLC_QI
typedef const uint8_t *weights;
#define QW weights

DLC_QINLINE DLC_QI load_x(const uint8_t *x) { return dlc_qload_i32__avx2((const int32_t *)(const void *)x); }
DLC_QINLINE weights load_w(const uint8_t *w) { return w; }
DLC_QINLINE DLC_QI dot(DLC_QI sum, DLC_QI x, const uint8_t *w) {
  const __m256i *v = (const __m256i *)w;
  return (DLC_QI){_mm256_dpbusd_avx_epi32(sum.a, x.a, _mm256_loadu_si256(v)),
                  _mm256_dpbusd_avx_epi32(sum.b, x.b, _mm256_loadu_si256(v + 1))};
}
static inline void weigh(const int8_t *quads, int64_t n, uint8_t *to) {
  for (int64_t i = 0; i < n; i++) memcpy(to + i * DLC_QUAD_WEIGHTS, quads + i * DLC_QUAD, DLC_QUAD);
}
#include "qdwconv/qdwconv_body.h"
#else
typedef int dlc_qdwconv_avx_vnni_is_empty;
#endif
