// Interleaving on x86, sixteen bytes of four rows at a time.
#ifndef DLC_QDWCONV_INTERLEAVE_X86_H
#define DLC_QDWCONV_INTERLEAVE_X86_H

#include <immintrin.h>

#include "qdwconv/qdwconv.h"

DLC_QINLINE __m128i load_row(const uint8_t *p, const uint8_t *spread) {
  const __m128i x = _mm_loadu_si128((const __m128i *)p);
  return spread ? _mm_shuffle_epi8(x, _mm_loadu_si128((const __m128i *)spread)) : x;
}

// Shuffles of sixteen bytes go two a cycle where wider ones, or those across a register, go one.
DLC_QINLINE void interleave_one(const uint8_t *a, const uint8_t *b, const uint8_t *c, const uint8_t *d,
                                const uint8_t *spread, uint8_t flip, uint8_t *to) {
  (void)flip;
  const __m128i p = load_row(a, spread), q = load_row(b, spread), r = load_row(c, spread), s = load_row(d, spread);
  const __m128i low = _mm_unpacklo_epi8(p, q), high = _mm_unpackhi_epi8(p, q);
  const __m128i low2 = _mm_unpacklo_epi8(r, s), high2 = _mm_unpackhi_epi8(r, s);
  __m128i *out = (__m128i *)to;
  _mm_storeu_si128(out, _mm_unpacklo_epi16(low, low2));
  _mm_storeu_si128(out + 1, _mm_unpackhi_epi16(low, low2));
  _mm_storeu_si128(out + 2, _mm_unpacklo_epi16(high, high2));
  _mm_storeu_si128(out + 3, _mm_unpackhi_epi16(high, high2));
}

#endif
