// The one micro-kernel behind matmul, conv and conv_transpose: a few rows times one or two weight panels.
#ifndef DLC_TILE_H
#define DLC_TILE_H

#include <stddef.h>
#include <stdint.h>

#include "dlc_kernel.h"

enum {
  DLC_PANEL = 16,         // columns of a weight panel, on every instruction set
  DLC_TILE_MAX_ROWS = 12, // rows of the tallest tile of any instruction set
};

// c[i][column + j] = epilogue(bias[j] + sum over taps t, k < depth of a[t][i][k] b[tap[t]][k][j] + residual[i][column +
// j]), for i < m and j < n. Every element is summed in one order whatever the tile's shape, so results do not depend on
// tiling.
typedef struct dlc_tile {
  const float *const *a;        // [taps][m] rows of `depth` floats, or [m] when `shift` is set
  const int64_t *shift;         // [taps] floats from a row's first tap to each of its taps, or NULL
  const uint32_t *tap;          // [taps] position of each tap in b
  const float *b;               // the panel of the first column, [taps][depth][16]
  size_t panel_stride;          // floats from one panel to the next
  float *const *c;              // [m]
  const float *const *residual; // [m], or NULL
  const float *bias;            // of the first column, or NULL
  size_t column;                // first column, in c and residual
  uint32_t m, n, taps, depth;
  float lo, hi;                 // bounds applied to the result
  const dlc_epilogue *epilogue; // any other function, or NULL
} dlc_tile;

// One row times all columns: y[j] = epilogue(bias[j] + sum a[k] b[k][j] + residual[j]).
typedef struct dlc_row_product {
  const float *a, *b;
  size_t panel_stride;
  const float *bias, *residual; // or NULL
  float *y;
  uint32_t n, depth;
  float lo, hi;
  const dlc_epilogue *epilogue;
} dlc_row_product;

// What an instruction set brings.
typedef struct dlc_tile_isa {
  uint32_t rows, columns; // of the largest tile
  void (*tile)(const dlc_tile *t);
  void (*row)(const dlc_row_product *p);
} dlc_tile_isa;

// The entries of the instruction set in use.
const dlc_tile_isa *dlc_tile_current(void);

extern const dlc_tile_isa dlc_tile__scalar;
#if defined(__x86_64__)
extern const dlc_tile_isa dlc_tile__avx2;
extern const dlc_tile_isa dlc_tile__avx512;
#endif
#if defined(__ARM_NEON)
extern const dlc_tile_isa dlc_tile__neon;
#endif

#endif
