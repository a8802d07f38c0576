// Rows of quantization and of what integer matrix products need around them.
#ifndef DLC_QUANTIZE_H
#define DLC_QUANTIZE_H

#include "types.h"

enum { DLC_QUANTIZE_TYPES = 4 }; // u8, i8, u16, i16

// y[i] = clamp(round(x[i] / scale) + zero); by column, scale and zero (of y's type, or NULL for 0) go along with i,
// else they are single numbers.
typedef void dlc_quantize_row(const float *x, void *y, int64_t n, const float *scale, const void *zero);
// y[i] = (x[i] - zero) * scale
typedef void dlc_dequantize_row(const void *x, float *y, int64_t n, const float *scale, const void *zero);

typedef struct dlc_quantize_rows {
  dlc_quantize_row *quantize[DLC_QUANTIZE_TYPES], *quantize_columns[DLC_QUANTIZE_TYPES];
  dlc_dequantize_row *dequantize[DLC_QUANTIZE_TYPES], *dequantize_columns[DLC_QUANTIZE_TYPES];
  // Extends range[0] (least) and range[1] (greatest) by n elements; NaN is passed over.
  void (*range)(const float *x, int64_t n, float range[2]);
  // y[i] = (acc[i] - zero * sums[i]) * (scale * w_scale[i]) + bias[i] (0 when NULL); integers wrap.
  void (*scale_accumulator)(const int32_t *acc, const int32_t *sums, const float *w_scale, const float *bias,
                            float scale, int32_t zero, float *y, int64_t n);
} dlc_quantize_rows;

DLC_DECLARE_ROWS(dlc_quantize_rows, dlc_quantize_rows);

#endif
