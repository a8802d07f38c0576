// Depthwise quads in AVX2: products of s16, the even taps of a quad and the odd ones.
#if defined(__x86_64__)
#include "qvector/qvector_avx2.h"

#include "qdwconv/interleave_x86.h"

#define ISA_NAME dlc_qdwconv__avx2
#define ISA_FLIP 0
#define ISA_ROWS 1
#define ISA_HELD 0
typedef struct quad {
  __m256i even[2], odd[2];
} quad;
#define QX quad
typedef const uint8_t *weights;
#define QW weights

DLC_QINLINE quad load_x(const uint8_t *x) {
  const __m256i *from = (const __m256i *)x, low = _mm256_set1_epi16(0xff);
  const __m256i a = _mm256_loadu_si256(from), b = _mm256_loadu_si256(from + 1);
  return (quad){{_mm256_and_si256(a, low), _mm256_and_si256(b, low)},
                {_mm256_srli_epi16(a, 8), _mm256_srli_epi16(b, 8)}};
}
DLC_QINLINE weights load_w(const uint8_t *w) { return w; }
DLC_QINLINE DLC_QI dot(DLC_QI sum, quad x, const uint8_t *w) {
  const __m256i *v = (const __m256i *)w;
  __m256i a = _mm256_add_epi32(sum.a, _mm256_madd_epi16(x.even[0], _mm256_loadu_si256(v)));
  __m256i b = _mm256_add_epi32(sum.b, _mm256_madd_epi16(x.even[1], _mm256_loadu_si256(v + 1)));
  a = _mm256_add_epi32(a, _mm256_madd_epi16(x.odd[0], _mm256_loadu_si256(v + 2)));
  b = _mm256_add_epi32(b, _mm256_madd_epi16(x.odd[1], _mm256_loadu_si256(v + 3)));
  return (DLC_QI){a, b};
}
DLC_QTARGET static void weigh(const int8_t *quads, int64_t n, uint8_t *to) {
  for (int64_t i = 0; i < n; i++, to += DLC_QUAD_WEIGHTS)
    for (int k = 0; k < 2; k++) {
      const __m256i bytes = _mm256_loadu_si256((const __m256i *)(quads + i * DLC_QUAD) + k);
      _mm256_storeu_si256((__m256i *)to + k, _mm256_srai_epi16(_mm256_slli_epi16(bytes, 8), 8));
      _mm256_storeu_si256((__m256i *)to + 2 + k, _mm256_srai_epi16(bytes, 8));
    }
}
#include "qdwconv/qdwconv_body.h"
#else
typedef int dlc_qdwconv_avx2_is_empty;
#endif
