// Rows of integer softmax.
#ifndef DLC_QSOFTMAX_H
#define DLC_QSOFTMAX_H

#include "qvector/bounds.h"

typedef struct dlc_qsoftmax_rows {
  // The sum of e[x[i]] over n bytes.
  int64_t (*sum)(const uint8_t *x, int64_t n, const int32_t *e);
  // y[i] = clamp(round((float)e[i] * factor) + zero) for n elements, a multiple of 64.
  void (*scale)(const int32_t *e, float factor, const dlc_qbounds *bounds, uint8_t *y, int64_t n);
} dlc_qsoftmax_rows;

DLC_DECLARE_ROWS(dlc_qsoftmax_rows, dlc_qsoftmax_rows);

#endif
