// Depthwise quads in AVX-512 without VNNI: products of s16, the even taps of a quad and the odd ones.
#if defined(__x86_64__)
#include "qvector/qvector_avx512.h"

#include "qdwconv/interleave_x86.h"

#define ISA_NAME dlc_qdwconv__avx512
#define ISA_FLIP 0
#define ISA_ROWS 2
#define ISA_HELD 6
typedef struct quad {
  __m512i even, odd;
} quad;
#define QX quad
#define QW quad

DLC_QINLINE quad load_x(const uint8_t *x) {
  const __m512i bytes = _mm512_loadu_si512(x);
  return (quad){_mm512_and_si512(bytes, _mm512_set1_epi16(0xff)), _mm512_srli_epi16(bytes, 8)};
}
DLC_QINLINE quad load_w(const uint8_t *w) { return (quad){_mm512_loadu_si512(w), _mm512_loadu_si512(w + 64)}; }
DLC_QINLINE __m512i dot(__m512i sum, quad x, quad w) {
  sum = _mm512_add_epi32(sum, _mm512_madd_epi16(x.even, w.even));
  return _mm512_add_epi32(sum, _mm512_madd_epi16(x.odd, w.odd));
}
DLC_QTARGET static void weigh(const int8_t *quads, int64_t n, uint8_t *to) {
  for (int64_t i = 0; i < n; i++, to += DLC_QUAD_WEIGHTS) {
    const __m512i bytes = _mm512_loadu_si512(quads + i * DLC_QUAD);
    _mm512_storeu_si512(to, _mm512_srai_epi16(_mm512_slli_epi16(bytes, 8), 8));
    _mm512_storeu_si512(to + 64, _mm512_srai_epi16(bytes, 8));
  }
}
#include "qdwconv/qdwconv_body.h"
#else
typedef int dlc_qdwconv_avx512_is_empty;
#endif
