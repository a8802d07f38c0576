// Tiles of up to 14 rows by 32 columns or 6 by 64: 28 sums, two weight vectors and a broadcast in the 32 registers of
// AVX-512; u8 by s8 is one instruction.
#if defined(__x86_64__)
#include <immintrin.h>

#define QTARGET __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni")))
#define QACC __m512i
#define QWEIGHTS __m512i
#define QUNIT 16
#define QROWS 14
#define QSUMS 28
#define QVECTORS 4
#define QFINISH dlc_qfinish__avx512
#include "qgemm/tile.h"

QTARGET static inline __m512i unit_zero(void) { return _mm512_setzero_si512(); }
QTARGET static inline __m512i unit_start(const int32_t *p) { return _mm512_loadu_si512(p); }
QTARGET static inline __m512i unit_weights(const int8_t *p) { return _mm512_loadu_si512(p); }
QTARGET static inline __m512i unit_lane(uint32_t x) { return _mm512_set1_epi32((int32_t)x); }
QTARGET static inline __m512i unit_dot(__m512i acc, __m512i a, __m512i b) { return _mm512_dpbusd_epi32(acc, a, b); }
QTARGET static inline __m512i unit_add(__m512i a, __m512i b) { return _mm512_add_epi32(a, b); }
QTARGET static inline void unit_store(int32_t *p, __m512i x) { _mm512_storeu_si512(p, x); }

#include "qgemm/tile_body.h"

#define NAME(M, P) tile_##M##x##P
#define LOW(X, P) X(1, P) X(2, P) X(3, P) X(4, P) X(5, P) X(6, P)
#define ROWS(X, P) LOW(X, P) X(7, P) X(8, P) X(9, P) X(10, P) X(11, P) X(12, P) X(13, P) X(14, P)
#define SPLITS(M, P) ((M) * (P) <= 4 ? 4 : (M) * (P) <= 8 ? 2 : 1)
#define DEFINE(M, P) QTILE_DEFINE(NAME(M, P), M, P, SPLITS(M, P))
ROWS(DEFINE, 1)
ROWS(DEFINE, 2)
LOW(DEFINE, 3)
LOW(DEFINE, 4)

#define ENTRY(M, P) NAME(M, P),
static const tile_function tiles[4][14] = {{ROWS(ENTRY, 1)}, {ROWS(ENTRY, 2)}, {LOW(ENTRY, 3)}, {LOW(ENTRY, 4)}};

static void any_tile(const dlc_qtile *t) { tiles[(t->n - 1) / DLC_QPANEL][t->m - 1](t); }

const dlc_qtile_isa dlc_qtile__avx512vnni = {14, 32, 6, 64, any_tile, NULL, NULL};
#endif
