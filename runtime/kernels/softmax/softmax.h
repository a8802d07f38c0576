// Softmax over lines of f32.
#ifndef DLC_SOFTMAX_H
#define DLC_SOFTMAX_H

#include "types.h"

// n dense elements; y may be x.
typedef void dlc_softmax_line(const float *x, float *y, int64_t n);

// `width` neighbouring lines of n elements, `stride` apart; y may be x.
typedef void dlc_softmax_columns(const float *x, float *y, int64_t n, int64_t stride, int64_t width);

typedef struct dlc_softmax_rows {
  dlc_softmax_line *line, *log_line;
  dlc_softmax_columns *columns, *log_columns;
} dlc_softmax_rows;

DLC_DECLARE_ROWS(dlc_softmax_rows, dlc_softmax_rows);

#endif
