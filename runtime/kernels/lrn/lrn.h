// Local response normalization of one line of channels.
#ifndef DLC_LRN_H
#define DLC_LRN_H

#include "types.h"

// Floats that may be read behind the last square: the widest vector.
enum { DLC_LRN_SLACK = 16 };

// y[c] = x[c] / (bias + factor * sum of squares[c ..< c + window])^beta for n channels; y may be x.
typedef void dlc_lrn_line(const float *x, float *y, const float *squares, int64_t n, int64_t window, float factor,
                          float beta, float bias);

typedef struct dlc_lrn_rows {
  dlc_lrn_line *line;
} dlc_lrn_rows;

DLC_DECLARE_ROWS(dlc_lrn_rows, dlc_lrn_rows);

#endif
