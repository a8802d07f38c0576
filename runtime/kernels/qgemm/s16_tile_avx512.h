// Tiles of up to 6 rows of s16 by 32 columns; a sum vector holds two partial sums for each of 8 columns. The including
// file defines QTARGET, unit_dot and TILE_ISA.
#define QACC __m512i
#define QUNIT 8
#define QROWS 6
#define QSUMS 24
#define QVECTORS 4

QTARGET static inline __m512i unit_zero(void) { return _mm512_setzero_si512(); }
QTARGET static inline __m512i unit_weights(const int8_t *p) {
  return _mm512_cvtepi8_epi16(_mm256_loadu_si256((const __m256i *)p));
}
QTARGET static inline __m512i unit_lane(uint64_t x) { return _mm512_set1_epi64((long long)x); }
QTARGET static inline void unit_store(int32_t *p, __m512i x) {
  _mm256_storeu_si256((__m256i *)p, _mm512_cvtepi64_epi32(_mm512_add_epi32(x, _mm512_srli_epi64(x, 32))));
}

#include "qgemm/s16_tile_body.h"

QTILE_DEFINE(tile_2x1, 2, 1)
QTILE_DEFINE(tile_6x1, 6, 1)
QTILE_DEFINE(tile_2x2, 2, 2)
QTILE_DEFINE(tile_6x2, 6, 2)

static void (*const tiles[2][2])(const dlc_qtile *) = {{tile_2x1, tile_6x1}, {tile_2x2, tile_6x2}};

static void any_tile(const dlc_qtile *t) { tiles[t->n > DLC_QPANEL][t->m > 2](t); }

const dlc_qtile_isa TILE_ISA = {QROWS, 2 * DLC_QPANEL, 0, 0, any_tile, NULL, NULL};
