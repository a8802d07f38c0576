// Tiles of up to 6 rows by 16 columns in the 32 registers of aarch64, 4 rows by 8 columns in the 16 of armv7.
#if defined(__ARM_NEON)
#include "vmath/vmath_neon.h"

#if defined(__aarch64__)
#define TILE_ROWS 6
#define TILE_VECTORS 4
#define TILE_SPLITS 4
#define ROWS(X, N) X(1, N) X(2, N) X(3, N) X(4, N) X(5, N) X(6, N)
#define NARROW 2
#define WIDE 4
#else
#define TILE_ROWS 4
#define TILE_VECTORS 2
#define TILE_SPLITS 2
#define ROWS(X, N) X(1, N) X(2, N) X(3, N) X(4, N)
#define NARROW 1
#define WIDE 2
#endif
#define TILE_ROW_PANELS 1
#define TILE_NAME_(rows, vectors) dlc_gemm_f32_##rows##x##vectors##v__neon
#define TILE_NAME(rows, vectors) TILE_NAME_(rows, vectors)
#include "gemm/tile_body.h"

ROWS(TILE_DEFINE, NARROW)
ROWS(TILE_DEFINE, WIDE)

typedef void (*tile_function)(const dlc_tile *);
#define ENTRY(M, N) TILE_NAME(M, N),
static const tile_function tiles[2][TILE_ROWS] = {{ROWS(ENTRY, NARROW)}, {ROWS(ENTRY, WIDE)}};

static void any_tile(const dlc_tile *t) { tiles[t->n > NARROW * 4][t->m - 1](t); }

const dlc_tile_isa dlc_tile__neon = {TILE_ROWS, WIDE * 4, DLC_SINGLE_ROWS ? NULL : any_tile, row_product};
#endif
