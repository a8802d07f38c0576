// How one axis of a resize reads its input: for every output index the input indices it blends and their weights.
#ifndef DLC_RESIZE_AXIS_H
#define DLC_RESIZE_AXIS_H

#include "copy/movement.h"

// The inputs of one output index: `count` neighbours from `start` on. A count of 0 stands for the extrapolation value.
typedef struct dlc_resize_taps {
  int32_t start, count;
} dlc_resize_taps;

// Most neighbours an output index of axis `i` blends; the parameters are sound.
int64_t dlc_resize_most_taps(const dlc_resize_params *p, int i, int64_t x_length, int64_t y_length);

// True when the axis leaves its input as it is.
bool dlc_resize_is_identity(const dlc_resize_params *p, int i, int64_t x_length, int64_t y_length);

// Fills the table of axis `i`: y_length taps, and `most` weights for each (NULL for nearest, which has none).
void dlc_resize_fill_axis(const dlc_resize_params *p, int i, int64_t x_length, int64_t y_length, int64_t most,
                          dlc_resize_taps *taps, float *weights);

#endif
