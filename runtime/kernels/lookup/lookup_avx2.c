// Tables in AVX2: sixteen shuffles of sixteen entries each. A shuffle gives 0 for an index below 0, so the entries of
// the blocks below x are taken in as differences (by exclusive or) that cancel all but the last.
#if defined(__x86_64__)
#include <immintrin.h>

#include "lookup/lookup.h"

__attribute__((target("avx2"))) void dlc_lookup__avx2(const uint8_t *x, const uint8_t *table, uint8_t *y, int64_t n) {
  __m256i blocks[16];
  __m128i before[2] = {_mm_setzero_si128(), _mm_setzero_si128()};
  int64_t i = 0;
  if (n >= 64) {
    for (int k = 0; k < 16; k++) { // each half of the table starts anew
      const __m128i block = _mm_loadu_si128((const __m128i *)(table + 16 * k));
      blocks[k] = _mm256_broadcastsi128_si256(_mm_xor_si128(block, before[k / 8]));
      before[k / 8] = block;
    }
    const __m256i top = _mm256_set1_epi8((char)0x80), step = _mm256_set1_epi8(16);
    for (; i + 32 <= n; i += 32) {
      // As signed bytes the indices of the other half are below 0, and stay there: the subtraction saturates.
      __m256i low = _mm256_loadu_si256((const __m256i *)(x + i)), high = _mm256_xor_si256(low, top);
      __m256i a = _mm256_setzero_si256(), b = a;
      for (int k = 0; k < 8; k++) {
        a = _mm256_xor_si256(a, _mm256_shuffle_epi8(blocks[k], low));
        b = _mm256_xor_si256(b, _mm256_shuffle_epi8(blocks[8 + k], high));
        low = _mm256_subs_epi8(low, step);
        high = _mm256_subs_epi8(high, step);
      }
      _mm256_storeu_si256((__m256i *)(y + i), _mm256_or_si256(a, b));
    }
  }
  dlc_lookup__scalar(x + i, table, y + i, n - i);
}
#else
typedef int dlc_lookup_avx2_is_empty;
#endif
