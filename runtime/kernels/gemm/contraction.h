// Drives tiles over a matrix of output rows by columns; matmul, conv and conv_transpose differ only in where rows lie.
#ifndef DLC_CONTRACTION_H
#define DLC_CONTRACTION_H

#include "gemm/tile.h"

// Rows of A for one tile, filled in by a dlc_row_source.
typedef struct dlc_tile_rows {
  const float **a;  // [taps][m], room for all taps; [m] first taps when shifted
  uint32_t *tap;    // [taps], unless shifted
  int64_t *y_row;   // [m] rows of y and residual
  uint32_t m, taps; // taps listed: those that touch the input
  bool shifted;     // all taps, each as far from the first as the contraction's shifts say
} dlc_tile_rows;

// Lists the rows `row`...`row` + rows->m - 1.
typedef void (*dlc_row_source)(const void *context, int64_t row, dlc_tile_rows *rows);

// y = epilogue(a b + bias + residual).
typedef struct dlc_contraction {
  dlc_row_source source;
  void (*shifts)(const void *context, int64_t *shift); // lists shifts [taps] for shifted rows, or NULL when no rows are
  const void *context;
  const float *b;
  size_t panel_stride;   // floats
  const float *bias;     // or NULL
  const float *residual; // or NULL
  float *y;
  int64_t residual_pitch, y_pitch; // floats from row to row
  uint32_t n, taps, depth;
  dlc_epilogue epilogue;
} dlc_contraction;

// Bytes of scratch that dlc_contract needs for windows of this many taps.
size_t dlc_contract_scratch(uint32_t taps);

// Computes rows [row_begin, row_end) of columns [column_begin, column_end); column_begin is a multiple of 32.
void dlc_contract(const dlc_contraction *c, int64_t row_begin, int64_t row_end, uint32_t column_begin,
                  uint32_t column_end, void *scratch);

// How many parts a contraction of rows x columns x depth multiplications is worth.
uint32_t dlc_contract_parts(int64_t rows, int64_t columns, int64_t depth);

// A part's share: parts split the columns when weights outweigh the rows, else the rows.
void dlc_contract_share(int64_t rows, uint32_t columns, int64_t depth, uint32_t part, uint32_t parts,
                        int64_t *row_begin, int64_t *row_end, uint32_t *column_begin, uint32_t *column_end);

#endif
