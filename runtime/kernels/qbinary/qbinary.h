// Rows of integer arithmetic on two runs of u8 or s16.
#ifndef DLC_QBINARY_H
#define DLC_QBINARY_H

#include "types.h"

// n elements of y (u8, or f32) from a and b, whose strides are 0 or 1.
typedef void dlc_qbinary_row(const dlc_qbinary_params *params, const uint8_t *a, int64_t sa, const uint8_t *b,
                             int64_t sb, void *y, int64_t n);

typedef struct dlc_qbinary_rows {
  dlc_qbinary_row *u8, *f32;
  // The same of s16; y is s16 or f32, as `type` says.
  void (*s16)(const dlc_qbinary_params *params, const int16_t *a, int64_t sa, const int16_t *b, int64_t sb, void *y,
              uint8_t type, int64_t n);
} dlc_qbinary_rows;

DLC_DECLARE_ROWS(dlc_qbinary_rows, dlc_qbinary_rows);

#endif
