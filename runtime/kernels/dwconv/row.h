// One output row of a depthwise convolution: what an instruction set implements.
#ifndef DLC_DWCONV_ROW_H
#define DLC_DWCONV_ROW_H

#include "dlc_kernel.h"

// y[q][o] = epilogue(bias[o] + sum over rows r and taps t of x[r][q stride + offset + t dilation][o] w[r][t][o] +
// residual[q][o]).
typedef struct dlc_dwconv_row {
  const float *const *x; // [rows] input rows inside the image
  const float *const *w; // [rows] their weights, taps w_pitch apart
  uint32_t rows;
  int32_t kernel, stride, dilation, offset;
  int32_t in, out; // cells of an input row and of the output row
  int64_t x_pitch, w_pitch, y_pitch, residual_pitch;
  int64_t channels;
  const float *bias, *residual; // or NULL
  float *y;
  float lo, hi;
  const dlc_epilogue *epilogue; // any function beyond lo and hi, or NULL
} dlc_dwconv_row;

// Adjacent output rows of a window of 3 x 3 or 5 x 5 cells with one stride of 1 or 2 and no dilation.
typedef struct dlc_dwconv_block {
  dlc_dwconv_row
      row; // of the first; x lists the consecutive input rows of the whole block, NULL outside, and w only the first
  int64_t y_row, residual_row; // floats from one output row to the next
  int32_t keep;                // rows that are stored
} dlc_dwconv_block;

enum { DLC_DWCONV_MOST_INPUT_ROWS = 8 };

// What an instruction set brings.
typedef struct dlc_dwconv_isa {
  void (*row)(const dlc_dwconv_row *row);
  void (*block)(const dlc_dwconv_block *block);
  int32_t rows; // of a 3 x 3 block with a stride of 1; others have 2
} dlc_dwconv_isa;

extern const dlc_dwconv_isa dlc_dwconv__scalar, dlc_dwconv__avx2, dlc_dwconv__avx512, dlc_dwconv__neon;

#endif
