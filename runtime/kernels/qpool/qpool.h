// Sums of bytes by channel, for averages over windows and for reductions.
#ifndef DLC_QPOOL_H
#define DLC_QPOOL_H

#include "qvector/bounds.h"

// The cells of a window inside the input: `x` is the first; strides in bytes.
typedef struct dlc_qpool_cells {
  const uint8_t *x, *end; // end: memory from there on may not be read
  int64_t counts[3], strides[3];
  int64_t channels;
  int32_t offset; // subtracted from each sum
  float factor;   // then multiplied
} dlc_qpool_cells;

typedef struct dlc_qpool_rows {
  void (*average)(const dlc_qpool_cells *cells, const dlc_qbounds *bounds, uint8_t *y);
  void (*average_s16)(const dlc_qpool_cells *cells, int16_t *y); // channels of s16; no offset
  void (*maximum)(const dlc_qpool_cells *cells, uint8_t *y);     // 0 where there are no cells
  // acc[j] += x[r * stride + j] for r in 0..<rows, j in 0..<n.
  void (*columns)(const uint8_t *x, int64_t rows, int64_t stride, int64_t n, int32_t *acc, const uint8_t *end);
} dlc_qpool_rows;

DLC_DECLARE_ROWS(dlc_qpool_rows, dlc_qpool_rows);

#endif
