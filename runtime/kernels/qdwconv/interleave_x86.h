// Interleaving on x86, with vectors of sixteen bytes: two or three shuffles a cycle where wider ones have one.
#ifndef DLC_QDWCONV_INTERLEAVE_X86_H
#define DLC_QDWCONV_INTERLEAVE_X86_H

#include <immintrin.h>

#include "qdwconv/qdwconv.h"

DLC_QINLINE void interleave_one(const uint8_t *a, const uint8_t *b, const uint8_t *c, const uint8_t *d,
                                const uint8_t *spread, uint8_t flip, uint8_t *to) {
  (void)flip;
  __m128i p = _mm_loadu_si128((const __m128i *)a), q = _mm_loadu_si128((const __m128i *)b),
          r = _mm_loadu_si128((const __m128i *)c), s = _mm_loadu_si128((const __m128i *)d);
  if (spread) {
    const __m128i at = _mm_loadu_si128((const __m128i *)spread);
    p = _mm_shuffle_epi8(p, at), q = _mm_shuffle_epi8(q, at);
    r = _mm_shuffle_epi8(r, at), s = _mm_shuffle_epi8(s, at);
  }
  const __m128i low = _mm_unpacklo_epi8(p, q), high = _mm_unpackhi_epi8(p, q);
  const __m128i low2 = _mm_unpacklo_epi8(r, s), high2 = _mm_unpackhi_epi8(r, s);
  __m128i *out = (__m128i *)to;
  _mm_storeu_si128(out, _mm_unpacklo_epi16(low, low2));
  _mm_storeu_si128(out + 1, _mm_unpackhi_epi16(low, low2));
  _mm_storeu_si128(out + 2, _mm_unpacklo_epi16(high, high2));
  _mm_storeu_si128(out + 3, _mm_unpackhi_epi16(high, high2));
}

#endif
