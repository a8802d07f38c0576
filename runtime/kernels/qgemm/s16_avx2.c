// Tiles of up to 3 rows of s16 by 16 columns. A sum vector holds two partial sums for each of 4 columns.
#if defined(__x86_64__)
#include "qvector/qvector_avx2.h"

#define QTARGET DLC_QTARGET
#define QACC __m256i
#define QUNIT 4
#define QROWS 3
#define QSUMS 12
#define QVECTORS 4

QTARGET static inline __m256i unit_zero(void) { return _mm256_setzero_si256(); }
QTARGET static inline __m256i unit_weights(const int8_t *p) {
  return _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)p));
}
QTARGET static inline __m256i unit_lane(uint64_t x) { return _mm256_set1_epi64x((long long)x); }
QTARGET static inline __m256i unit_dot(__m256i acc, __m256i a, __m256i b) {
  return _mm256_add_epi32(acc, _mm256_madd_epi16(a, b));
}
QTARGET static inline void unit_store(int32_t *p, __m256i x) {
  const __m256i pairs = _mm256_add_epi32(x, _mm256_srli_epi64(x, 32));
  const __m256i even = _mm256_permutevar8x32_epi32(pairs, _mm256_setr_epi32(0, 2, 4, 6, 0, 2, 4, 6));
  _mm_storeu_si128((__m128i *)p, _mm256_castsi256_si128(even));
}

#include "qgemm/s16_tile_body.h"

QTILE_DEFINE(tile_1, 1, 1)
QTILE_DEFINE(tile_3, 3, 1)

static void any_tile(const dlc_qtile *t) { (t->m > 1 ? tile_3 : tile_1)(t); }

const dlc_qtile_isa dlc_qtile_s16__avx2 = {QROWS, DLC_QPANEL, 0, 0, any_tile, NULL, NULL};
#else
typedef int dlc_qgemm_s16_avx2_is_empty;
#endif
