// Tiles of up to 6 rows by 16 columns: 12 sums, two weight vectors and a broadcast in 16 registers.
#if defined(__x86_64__)
#include <immintrin.h>

#define QTARGET __attribute__((target("avx2,avxvnni")))
#define QACC __m256i
#define QWEIGHTS __m256i
#define QUNIT 8
#define QROWS 6
#define QSUMS 12
#define QVECTORS 2
#define QFINISH dlc_qfinish__avx2
#include "qgemm/tile.h"

QTARGET static inline __m256i unit_zero(void) { return _mm256_setzero_si256(); }
QTARGET static inline __m256i unit_start(const int32_t *p) { return _mm256_loadu_si256((const __m256i *)p); }
QTARGET static inline __m256i unit_weights(const int8_t *p) { return _mm256_loadu_si256((const __m256i *)p); }
QTARGET static inline __m256i unit_lane(uint32_t x) { return _mm256_set1_epi32((int32_t)x); }
QTARGET static inline __m256i unit_dot(__m256i acc, __m256i a, __m256i b) { return _mm256_dpbusd_avx_epi32(acc, a, b); }
QTARGET static inline __m256i unit_add(__m256i a, __m256i b) { return _mm256_add_epi32(a, b); }
QTARGET static inline void unit_store(int32_t *p, __m256i x) { _mm256_storeu_si256((__m256i *)p, x); }

#include "qgemm/tile_body.h"

#define NAME(M) tile_##M
#define ROWS(X) X(1) X(2) X(3) X(4) X(5) X(6)
#define DEFINE(M) QTILE_DEFINE(NAME(M), M, 1, ((M) == 1 ? 4 : (M) <= 3 ? 2 : 1))
ROWS(DEFINE)

#define ENTRY(M) NAME(M),
static const tile_function tiles[6] = {ROWS(ENTRY)};

static void any_tile(const dlc_qtile *t) { tiles[t->m - 1](t); }

const dlc_qtile_isa dlc_qtile__avxvnni = {6, 16, 0, 0, any_tile, NULL, NULL};
#endif
