// Phases of a transposed convolution: outputs whose position has one remainder modulo the stride see one subset of the
// window's cells, and among them the convolution is an ordinary one of stride 1.
#ifndef DLC_CONV_TRANSPOSE_PHASE_H
#define DLC_CONV_TRANSPOSE_PHASE_H

#include "gemm/window_axis.h"

// One axis of a phase: output o = first + q stride reads input q + offset + t step with window cell cell + t cell_step.
typedef struct dlc_phase_axis {
  int32_t taps, cell, cell_step;
  int32_t first, offset, step;
} dlc_phase_axis;

// The phase of outputs o with (o + pad) mod stride == remainder.
dlc_phase_axis dlc_phase_of(const dlc_window *w, int axis, int32_t remainder);

// Axis `i` of a phase as a window over x, both x and y [N, D, H, W, C].
dlc_window_axis dlc_phase_window(const dlc_phase_axis *phase, const dlc_window *w, int i, const dlc_tensor *x,
                                 const dlc_tensor *y);

#endif
