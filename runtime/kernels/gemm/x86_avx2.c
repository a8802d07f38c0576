// Tiles of up to 6 rows by 16 columns: 12 sums, two weight vectors and a broadcast in the 16 registers of AVX2.
#if defined(__x86_64__)
#include "vmath/vmath_avx2.h"

#define TILE_ROWS 6
#define TILE_VECTORS 2
#define TILE_SPLITS 4
#define TILE_ROW_PANELS 1
#define TILE_NAME(rows, vectors) dlc_gemm_f32_##rows##x##vectors##v__avx2
#include "gemm/tile_body.h"

#define ROWS(X, N) X(1, N) X(2, N) X(3, N) X(4, N) X(5, N) X(6, N)
ROWS(TILE_DEFINE, 1)
ROWS(TILE_DEFINE, 2)

typedef void (*tile_function)(const dlc_tile *);
#define ENTRY(M, N) TILE_NAME(M, N),
static const tile_function tiles[2][6] = {{ROWS(ENTRY, 1)}, {ROWS(ENTRY, 2)}};

static void any_tile(const dlc_tile *t) { tiles[t->n > 8][t->m - 1](t); }

const dlc_tile_isa dlc_tile__avx2 = {6, 16, DLC_SINGLE_ROWS ? NULL : any_tile, row_product};
#endif
