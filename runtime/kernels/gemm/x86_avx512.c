// Tiles of up to 12 rows by 32 columns: 24 sums, two weight vectors and a broadcast in the 32 registers of AVX-512.
#if defined(__x86_64__)
#include "vmath/vmath_avx512.h"

#define TILE_ROWS 12
#define TILE_VECTORS 2
#define TILE_SPLITS 4
#define TILE_ROW_PANELS 2
#define TILE_NAME(rows, vectors) dlc_gemm_f32_##rows##x##vectors##v__avx512
#include "gemm/tile_body.h"

#define ROWS(X, N) X(1, N) X(2, N) X(3, N) X(4, N) X(5, N) X(6, N) X(7, N) X(8, N) X(9, N) X(10, N) X(11, N) X(12, N)
ROWS(TILE_DEFINE, 1)
ROWS(TILE_DEFINE, 2)

typedef void (*tile_function)(const dlc_tile *);
#define ENTRY(M, N) TILE_NAME(M, N),
static const tile_function tiles[2][12] = {{ROWS(ENTRY, 1)}, {ROWS(ENTRY, 2)}};

static void any_tile(const dlc_tile *t) { tiles[t->n > 16][t->m - 1](t); }

const dlc_tile_isa dlc_tile__avx512 = {12, 32, DLC_SINGLE_ROWS ? NULL : any_tile, row_product};
#endif
