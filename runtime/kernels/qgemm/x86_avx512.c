// Tiles of up to 6 rows by 32 columns, bytes widened to 16 bits; a sum vector holds two partial sums for each of 8
// columns.
#if defined(__x86_64__)
#include <immintrin.h>

#define QTARGET __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq")))
#define QACC __m512i
#define QWEIGHTS __m512i
#define QUNIT 8
#define QROWS 6
#define QSUMS 24
#define QVECTORS 4
#define QFINISH dlc_qfinish__avx512
#include "qgemm/tile.h"

QTARGET static inline __m512i unit_zero(void) { return _mm512_setzero_si512(); }
QTARGET static inline __m512i unit_start(const int32_t *p) {
  return _mm512_cvtepu32_epi64(_mm256_loadu_si256((const __m256i *)p));
}
QTARGET static inline __m512i unit_weights(const int8_t *p) {
  return _mm512_cvtepi8_epi16(_mm256_loadu_si256((const __m256i *)p));
}
QTARGET static inline __m512i unit_lane(uint32_t x) { return _mm512_cvtepu8_epi16(_mm256_set1_epi32((int32_t)x)); }
QTARGET static inline __m512i unit_dot(__m512i acc, __m512i a, __m512i b) {
  return _mm512_add_epi32(acc, _mm512_madd_epi16(a, b));
}
QTARGET static inline __m512i unit_add(__m512i a, __m512i b) { return _mm512_add_epi32(a, b); }
QTARGET static inline void unit_store(int32_t *p, __m512i x) {
  _mm256_storeu_si256((__m256i *)p, _mm512_cvtepi64_epi32(_mm512_add_epi32(x, _mm512_srli_epi64(x, 32))));
}

#include "qgemm/tile_body.h"

#define NAME(M, P) tile_##M##x##P
#define ROWS(X, P) X(1, P) X(2, P) X(3, P) X(4, P) X(5, P) X(6, P)
#define DEFINE(M, P) QTILE_DEFINE(NAME(M, P), M, P, ((M) * (P) <= 2 ? 2 : 1))
ROWS(DEFINE, 1)
ROWS(DEFINE, 2)

#define ENTRY(M, P) NAME(M, P),
static const tile_function tiles[2][6] = {{ROWS(ENTRY, 1)}, {ROWS(ENTRY, 2)}};

static void any_tile(const dlc_qtile *t) { tiles[t->n > DLC_QPANEL][t->m - 1](t); }

const dlc_qtile_isa dlc_qtile__avx512 = {6, 32, 0, 0, any_tile, NULL, NULL};
#endif
