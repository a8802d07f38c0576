// How weights of an integer convolution are packed: a consequence of window, groups and channels alone.
#ifndef DLC_QCONV_GEOMETRY_H
#define DLC_QCONV_GEOMETRY_H

#include "gemm/check.h"
#include "qgemm/tile.h"

// Groups of few outputs are taken together until a panel is full, with zeros where a column's group has no input: a
// panel of a tenth of the columns costs as much. Depths run over the window's cells, then over channels, and are padded
// to fours at the end.
typedef struct dlc_qgeometry {
  int32_t groups, merged;  // groups after merging, and how many make one
  int32_t inputs, outputs; // channels of one
  int64_t depth;
  int64_t panels, panel_bytes, group_bytes;
} dlc_qgeometry;

// The geometry of `taps` window cells; false when the parameters are out of range or one group exceeds 2^31 - 1 bytes.
static inline bool dlc_qgeometry_of(int64_t taps, int32_t groups, int32_t c, int32_t o, dlc_qgeometry *g) {
  if (groups < 1 || c < 1 || o < 1 || c % groups || o % groups || taps < 0 || taps > DLC_MAX_TAPS) return false;
  int32_t merged = 1;
  for (int32_t m = DLC_QPANEL / (o / groups); m > 1 && merged == 1; m--)
    if (groups % m == 0) merged = m;
  g->merged = merged;
  g->groups = groups / merged;
  g->inputs = c / g->groups;
  g->outputs = o / g->groups;
  g->depth = taps * g->inputs;
  g->panels = (g->outputs - 1) / DLC_QPANEL + 1;
  g->panel_bytes = (g->depth + DLC_QGROUP - 1) / DLC_QGROUP * DLC_QPANEL_GROUP_BYTES;
  return !__builtin_mul_overflow(g->panels, g->panel_bytes, &g->group_bytes) && g->group_bytes <= INT32_MAX;
}

// Cells of a window that dlc_window_valid accepts.
static inline int64_t dlc_window_taps(const dlc_window *w) {
  return (int64_t)w->kernel[0] * w->kernel[1] * w->kernel[2];
}

// Copied rows make one tap of all cells: where a cell's channels do not fill groups of depths, or taps would be short.
static inline bool dlc_qcopies_rows(int64_t taps, int32_t inputs) {
  return taps > 1 && (inputs % DLC_QGROUP != 0 || inputs <= 32);
}

// Bytes from one copied row to the next: copies may run over a row's end by less than 32.
static inline uint64_t dlc_qcopy_pitch(int64_t depth) { return ((uint64_t)depth + 3) / 16 * 16 + 48; }

#endif
