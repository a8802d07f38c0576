// Rows of integer softmax in AVX-512.
#if defined(__x86_64__)
#include "qvector/qvector_avx512.h"

DLC_QINLINE int64_t gather_sum(const uint8_t *x, int64_t n, const int32_t *e, int64_t *sum) {
  __m512i even = _mm512_setzero_si512(), odd = even;
  int64_t i = 0;
  for (; i + 16 <= n; i += 16) {
    const __m512i values = _mm512_i32gather_epi32(dlc_qload_u8__avx512(x + i), e, 4);
    even = _mm512_add_epi64(even, _mm512_srai_epi64(_mm512_slli_epi64(values, 32), 32));
    odd = _mm512_add_epi64(odd, _mm512_srai_epi64(values, 32));
  }
  *sum = _mm512_reduce_add_epi64(_mm512_add_epi64(even, odd));
  return i;
}

#define QSUM gather_sum
#define DLC_ROWS_NAME dlc_qsoftmax_rows__avx512
#include "qsoftmax/qsoftmax_body.h"
#else
typedef int dlc_qsoftmax_avx512_is_empty;
#endif
