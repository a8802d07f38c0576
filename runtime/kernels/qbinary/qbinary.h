// Rows of integer arithmetic on two runs of u8.
#ifndef DLC_QBINARY_H
#define DLC_QBINARY_H

#include "types.h"

// n elements of y (u8, or f32) from a and b, whose strides are 0 or 1.
typedef void dlc_qbinary_row(const dlc_qbinary_params *params, const uint8_t *a, int64_t sa, const uint8_t *b,
                             int64_t sb, void *y, int64_t n);

typedef struct dlc_qbinary_rows {
  dlc_qbinary_row *u8, *f32;
} dlc_qbinary_rows;

DLC_DECLARE_ROWS(dlc_qbinary_rows, dlc_qbinary_rows);

#endif
