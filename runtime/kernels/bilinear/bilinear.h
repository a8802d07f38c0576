// Rows of bilinear interpolation.
#ifndef DLC_BILINEAR_H
#define DLC_BILINEAR_H

#include <stdint.h>

// y = ((w[0] x[0] + w[1] x[1]) + w[2] x[2]) + w[3] x[3] over n floats, each operation rounded by itself.
typedef void dlc_bilinear_row(float *y, const float *const x[4], const float w[4], int64_t n);

typedef struct dlc_bilinear_rows {
  dlc_bilinear_row *corners;
} dlc_bilinear_rows;

// That of the instruction set in use.
dlc_bilinear_row *dlc_bilinear_current(void);

#endif
