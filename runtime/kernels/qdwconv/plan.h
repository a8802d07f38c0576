// How a depthwise window is cut into quads of taps.
#ifndef DLC_QDWCONV_PLAN_H
#define DLC_QDWCONV_PLAN_H

#include "qdwconv/qdwconv.h"

// Either the sources of quads are input rows, and a column serves all cells and output rows whose windows it meets; or,
// where the window has one row or spreads far, they are single taps, and there is a column for each cell.
typedef struct dlc_qdwconv_plan {
  bool by_row;
  int32_t sources, groups;          // rows or taps; quads of them
  int32_t rows;                     // output rows that share columns
  int32_t kernel, stride, dilation; // along the columns
  int32_t cells, columns;           // of a strip of an output row
  int32_t taps;
} dlc_qdwconv_plan;

// The plan for a valid window and an output of out_h rows and out_w cells.
static inline dlc_qdwconv_plan dlc_qdwconv_plan_of(const dlc_window *w, int32_t out_h, int32_t out_w) {
  enum { FAR = 64, MOST_CELLS = 64, CACHE = 24 << 10 };
  const int32_t lines = w->kernel[0] * w->kernel[1];
  dlc_qdwconv_plan p = {.rows = 1, .kernel = 1, .stride = 1, .dilation = 1, .taps = lines * w->kernel[2]};
  p.by_row = lines > 1 && w->stride[2] <= 8 && (int64_t)(w->kernel[2] - 1) * w->dilation[2] <= FAR;
  p.sources = p.by_row ? lines : p.taps;
  p.groups = (p.sources + 3) / 4;
  if (p.by_row) {
    p.kernel = w->kernel[2];
    p.stride = w->stride[2];
    p.dilation = w->dilation[2];
    // The last quad has room for the rows of further outputs.
    if (w->kernel[0] == 1 && w->dilation[1] == 1 && out_h > 1) {
      p.rows += (4 * p.groups - p.sources) / w->stride[1];
      p.sources += (p.rows - 1) * w->stride[1];
    }
  }
  const int32_t span = (p.kernel - 1) * p.dilation + 1;
  int64_t most = ((int64_t)CACHE / DLC_QUAD / p.groups - span) / p.stride / DLC_QDWCONV_CELLS * DLC_QDWCONV_CELLS;
  if (most > MOST_CELLS) most = MOST_CELLS;
  if (most < DLC_QDWCONV_CELLS) most = DLC_QDWCONV_CELLS;
  const int64_t all = ((int64_t)out_w + DLC_QDWCONV_CELLS - 1) / DLC_QDWCONV_CELLS * DLC_QDWCONV_CELLS;
  p.cells = (int32_t)(most < all ? most : all);
  if (p.cells < DLC_QDWCONV_CELLS) p.cells = DLC_QDWCONV_CELLS;
  p.columns = (p.cells - 1) * p.stride + span;
  return p;
}

// Taps of sixteen channels each that a packed block holds: bytes = blocks * taps * 16.
static inline int64_t dlc_qdwconv_blocks(int64_t channels) { return (channels + DLC_QLANES - 1) / DLC_QLANES; }

// The tap that output row `row` takes from source `source` at column tap `k`; -1 where there is none.
static inline int32_t dlc_qdwconv_tap(const dlc_qdwconv_plan *p, const dlc_window *w, int32_t row, int32_t source,
                                      int32_t k) {
  if (!p->by_row) return source < p->taps ? source : -1;
  const int32_t line = source - row * w->stride[1];
  return line < 0 || line >= w->kernel[0] * w->kernel[1] ? -1 : line * w->kernel[2] + k;
}

#endif
