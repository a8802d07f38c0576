// Tiles of up to 2 rows by 16 columns for processors without a vector row; compilers may still vectorize them.
#include "vmath/vmath_scalar.h"

#define TILE_ROWS 2
#define TILE_VECTORS 16
#define TILE_SPLITS 1
#define TILE_ROW_PANELS 1
#define TILE_NAME(rows, vectors) dlc_gemm_f32_##rows##x##vectors##v__scalar
#include "gemm/tile_body.h"

TILE_DEFINE(1, 8)
TILE_DEFINE(2, 8)
TILE_DEFINE(1, 16)
TILE_DEFINE(2, 16)

static void any_tile(const dlc_tile *t) {
  if (t->n > 8) {
    if (t->m == 2)
      TILE_NAME(2, 16)(t);
    else
      TILE_NAME(1, 16)(t);
  } else {
    if (t->m == 2)
      TILE_NAME(2, 8)(t);
    else
      TILE_NAME(1, 8)(t);
  }
}

const dlc_tile_isa dlc_tile__scalar = {2, 16, DLC_SINGLE_ROWS ? NULL : any_tile, row_product};
