// One output row of a depthwise convolution: what an instruction set implements.
#ifndef DLC_DWCONV_ROW_H
#define DLC_DWCONV_ROW_H

#include "dlc_kernel.h"

// y[q][o] = epilogue(bias[o] + sum over rows r and taps t of x[r][q stride + offset + t dilation][o] w[r][t][o] + residual[q][o]).
typedef struct dlc_dwconv_row {
  const float *const *x;  // [rows] input rows inside the image
  const float *const *w;  // [rows] their weights, taps w_pitch apart
  uint32_t rows;
  int32_t kernel, stride, dilation, offset;
  int32_t in, out;  // cells of an input row and of the output row
  int64_t x_pitch, w_pitch, y_pitch, residual_pitch;
  int64_t channels;
  const float *bias, *residual;  // or NULL
  float *y;
  float lo, hi;
  const dlc_epilogue *epilogue;  // any function beyond lo and hi, or NULL
} dlc_dwconv_row;

typedef void (*dlc_dwconv_row_function)(const dlc_dwconv_row *row);

void dlc_dwconv_f32_row__scalar(const dlc_dwconv_row *row);
void dlc_dwconv_f32_row__avx2(const dlc_dwconv_row *row);
void dlc_dwconv_f32_row__avx512(const dlc_dwconv_row *row);
void dlc_dwconv_f32_row__neon(const dlc_dwconv_row *row);

#endif
