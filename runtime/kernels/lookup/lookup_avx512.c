// Tables in AVX-512: with byte permutations two registers hold half a table; without, shuffles as in AVX2.
#if defined(__x86_64__)
#include <immintrin.h>

#include "lookup/lookup.h"

__attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi"))) void
dlc_lookup__avx512_vbmi(const uint8_t *x, const uint8_t *table, uint8_t *y, int64_t n) {
  const __m512i t0 = _mm512_loadu_si512(table), t1 = _mm512_loadu_si512(table + 64),
                t2 = _mm512_loadu_si512(table + 128), t3 = _mm512_loadu_si512(table + 192);
  for (int64_t i = 0; i < n; i += 64) {
    const __mmask64 mask = n - i >= 64 ? ~(__mmask64)0 : ((__mmask64)1 << (n - i)) - 1;
    const __m512i at = _mm512_maskz_loadu_epi8(mask, x + i);
    const __m512i low = _mm512_permutex2var_epi8(t0, at, t1), high = _mm512_permutex2var_epi8(t2, at, t3);
    _mm512_mask_storeu_epi8(y + i, mask, _mm512_mask_blend_epi8(_mm512_movepi8_mask(at), low, high));
  }
}

__attribute__((target("avx512f,avx512bw,avx512vl,avx512dq"))) void
dlc_lookup__avx512(const uint8_t *x, const uint8_t *table, uint8_t *y, int64_t n) {
  __m512i blocks[16];
  __m128i before[2] = {_mm_setzero_si128(), _mm_setzero_si128()};
  int64_t i = 0;
  if (n >= 128) {
    for (int k = 0; k < 16; k++) {
      const __m128i block = _mm_loadu_si128((const __m128i *)(table + 16 * k));
      blocks[k] = _mm512_broadcast_i32x4(_mm_xor_si128(block, before[k / 8]));
      before[k / 8] = block;
    }
    const __m512i top = _mm512_set1_epi8((char)0x80), step = _mm512_set1_epi8(16);
    for (; i + 64 <= n; i += 64) {
      __m512i low = _mm512_loadu_si512(x + i), high = _mm512_xor_si512(low, top);
      __m512i a = _mm512_setzero_si512(), b = a;
      for (int k = 0; k < 8; k++) {
        a = _mm512_xor_si512(a, _mm512_shuffle_epi8(blocks[k], low));
        b = _mm512_xor_si512(b, _mm512_shuffle_epi8(blocks[8 + k], high));
        low = _mm512_subs_epi8(low, step);
        high = _mm512_subs_epi8(high, step);
      }
      _mm512_storeu_si512(y + i, _mm512_or_si512(a, b));
    }
  }
  dlc_lookup__scalar(x + i, table, y + i, n - i);
}
#else
typedef int dlc_lookup_avx512_is_empty;
#endif
