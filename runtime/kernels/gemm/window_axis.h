// The geometry of a window along an axis: what gathering rows of floats and of integers has in common.
#ifndef DLC_WINDOW_AXIS_H
#define DLC_WINDOW_AXIS_H

#include "types.h"

// One spatial axis: output q reads input cells q stride + offset + t step for t < taps, where they exist.
typedef struct dlc_window_axis {
  int32_t in, out, stride, offset, step, taps;
  int32_t y_size, y_first, y_step; // output q is y_first + q y_step of y's y_size cells
} dlc_window_axis;

// Spatial axis `i` of a convolution from x to y, both [N, D, H, W, C].
static inline dlc_window_axis dlc_window_axis_of(const dlc_window *w, int i, const dlc_tensor *x, const dlc_tensor *y) {
  return (dlc_window_axis){
      .in = x->dims[1 + i],
      .out = y->dims[1 + i],
      .stride = w->stride[i],
      .offset = -w->pad_begin[i],
      .step = w->dilation[i],
      .taps = w->kernel[i],
      .y_size = y->dims[1 + i],
      .y_step = 1,
  };
}

// Whether a window from cell `at` on lies inside along an axis.
static inline bool dlc_window_is_inside(const dlc_window_axis *axis, int32_t at) {
  const int64_t last = at + (int64_t)(axis->taps - 1) * axis->step;
  return ((uint64_t)at < (uint64_t)axis->in) & ((uint64_t)last < (uint64_t)axis->in);
}

// How far each tap [D, H, W] of a window inside the input lies from the first.
static inline void dlc_window_shifts(const dlc_window_axis axis[3], int64_t row_pitch, int64_t pitch, int64_t *shift) {
  const dlc_window_axis *d = &axis[0], *h = &axis[1], *w = &axis[2];
  for (int32_t td = 0; td < d->taps; td++)
    for (int32_t th = 0; th < h->taps; th++)
      for (int32_t tw = 0; tw < w->taps; tw++)
        *shift++ = ((int64_t)td * d->step * h->in + (int64_t)th * h->step) * row_pitch + (int64_t)tw * w->step * pitch;
}

#endif
