// Pooling of one output position: a window of cells, each a dense run of channels.
#ifndef DLC_POOL_H
#define DLC_POOL_H

#include "types.h"

// The cells of a window that lie inside the input. `x` is the first; strides in elements.
typedef struct dlc_pool_cells {
  const void *x;
  int64_t counts[3], strides[3];
  int64_t channels;
  double divisor;   // of an average
  int64_t origin;   // flat index of the first cell in the channels-first tensor, for channel 0
  int64_t steps[3]; // of that index from cell to cell
  int64_t plane;    // of that index from channel to channel
} dlc_pool_cells;

typedef void dlc_pool_f32(const dlc_pool_cells *cells, float *y);

// Maximum, average, and the norms of order 1 and 2, vectorised over channels.
typedef struct dlc_pool_rows {
  dlc_pool_f32 *maximum, *average, *norm1, *norm2;
} dlc_pool_rows;

DLC_DECLARE_ROWS(dlc_pool_rows, dlc_pool_rows);

// Any supported type and kind, one cell after the other; `indices` (NULL or by channel) with the maximum only.
void dlc_pool_plain(const dlc_pool_params *params, uint8_t type, const dlc_pool_cells *cells, void *y,
                    int64_t *indices);

#endif
