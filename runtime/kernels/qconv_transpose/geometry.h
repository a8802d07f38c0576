// How weights of an integer transposed convolution are packed: phase after phase, each as a convolution of its own with
// the sums of its columns behind it.
#ifndef DLC_QCONV_TRANSPOSE_GEOMETRY_H
#define DLC_QCONV_TRANSPOSE_GEOMETRY_H

#include "conv_transpose/phase.h"
#include "qconv/geometry.h"

// The axes of the phase of remainders `at`, and its weights' geometry; false when out of range.
static inline bool dlc_qphase_of(const dlc_window *w, int32_t groups, int32_t c, int32_t o, const int32_t at[3],
                                 dlc_phase_axis axis[3], dlc_qgeometry *g) {
  int64_t taps = 1;
  for (int i = 0; i < 3; i++) {
    axis[i] = dlc_phase_of(w, i, at[i]);
    taps *= axis[i].taps;
  }
  return dlc_qgeometry_of(taps, groups, c, o, g);
}

// Bytes of the sums of a phase, i32 [groups, panels, 16].
static inline int64_t dlc_qphase_sum_bytes(const dlc_qgeometry *g) {
  return g->groups * g->panels * DLC_QPANEL * (int64_t)sizeof(int32_t);
}

#endif
