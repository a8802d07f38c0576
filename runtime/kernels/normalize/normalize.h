// Normalization of f32 lines and columns.
#ifndef DLC_NORMALIZE_H
#define DLC_NORMALIZE_H

#include "types.h"

// y = (x - mean) / sqrt(variance + epsilon) * scale + bias over n dense elements; not centred: mean 0, variance the
// mean square. scale and bias may be NULL; y may be x.
typedef void dlc_normalize_line(const float *x, float *y, int64_t n, const float *scale, const float *bias,
                                float epsilon, bool centred);

// The same over `rows` rows for each of n columns; scale and bias by column.
typedef void dlc_normalize_columns(const float *x, int64_t x_stride, float *y, int64_t y_stride, int64_t rows,
                                   int64_t n, const float *scale, const float *bias, float epsilon);

typedef struct dlc_normalize_rows {
  dlc_normalize_line *line;
  dlc_normalize_columns *columns;
} dlc_normalize_rows;

DLC_DECLARE_ROWS(dlc_normalize_rows, dlc_normalize_rows);

#endif
