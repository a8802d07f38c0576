// Where the input rows of a window lie: shared by conv and the phases of conv_transpose.
#ifndef DLC_CONV_GATHER_H
#define DLC_CONV_GATHER_H

#include "gemm/contraction.h"
#include "gemm/window_axis.h"

// Rows of an indirect matrix: one for each output cell of [N, out...], one tap for each window cell.
typedef struct dlc_gather {
  const float *x;
  int64_t pitch;      // floats from one input cell to the next
  int64_t row_pitch;  // floats from one input row (all cells of the last axis) to the next
  const float *zeros; // as many as a tap is deep; stands for cells outside the input
  dlc_window_axis axis[3];
} dlc_gather;

// A dlc_row_source over a dlc_gather; taps that lie outside for all rows of a tile are not listed.
void dlc_gather_rows(const void *gather, int64_t row, dlc_tile_rows *rows);

// The shifts of rows whose windows lie inside the input.
void dlc_gather_shifts(const void *gather, int64_t *shift);

#endif
