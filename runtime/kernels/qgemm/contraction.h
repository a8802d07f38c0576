// Drives integer tiles over a matrix of output rows by columns; families differ only in where rows lie.
#ifndef DLC_QGEMM_CONTRACTION_H
#define DLC_QGEMM_CONTRACTION_H

#include "qgemm/channels.h"
#include "qgemm/tile.h"

// Rows of A for one tile, filled in by a dlc_qrow_source.
typedef struct dlc_qtile_rows {
  const uint8_t **a; // [taps][m], room for all taps; [m] first taps when shifted
  uint32_t *tap;     // [taps], unless shifted
  int64_t *y_row;    // [m] rows of y and residual
  uint32_t m, taps;  // taps listed
  bool shifted;      // all taps, each as far from the first as the contraction's shifts say
} dlc_qtile_rows;

// Lists the rows `row`...`row` + rows->m - 1. With `skips`, taps that lie outside for all rows may be left out.
typedef void (*dlc_qrow_source)(const void *context, int64_t row, bool skips, dlc_qtile_rows *rows);

// Copies the rows `row`...`row` + count - 1, all taps one behind the other, to `to`, a contraction's copy_pitch apart,
// and lists where they go.
typedef void (*dlc_qrow_copier)(const void *context, int64_t row, uint32_t count, uint8_t *to, int64_t *y_row);

// Rows that lie at one pitch: the context of dlc_qaffine_rows.
typedef struct dlc_qrows {
  const uint8_t *a;
  int64_t pitch;
} dlc_qrows;
void dlc_qaffine_rows(const void *rows, int64_t row, bool skips, dlc_qtile_rows *out);

// The shifts of rows of one tap.
void dlc_qno_shift(const void *context, int64_t *shift);

// y = requantize(a b + start), out.scale being what `scale` holds.
typedef struct dlc_qcontraction {
  dlc_qrow_source source; // or, where rows are copied, copier: as one tap
  dlc_qrow_copier copier;
  void (*shifts)(const void *context, int64_t *shift); // lists shifts [taps] for shifted rows, or NULL when no rows are
  const void *context;
  const int8_t *b;
  dlc_qchannels start, scale;
  dlc_qoutput out;
  size_t panel_stride; // bytes
  size_t copy_pitch;   // bytes of a copied row, or 0
  uint32_t columns;    // that a panel of b holds: DLC_QPANEL, or n where n is less
  uint32_t n, taps, depth;
  bool is_s16; // rows and residual are s16, else u8
  bool skips;  // a tap outside the input adds nothing, since the activations' zero point is 0
} dlc_qcontraction;

// Bytes of scratch that dlc_qcontract needs for n columns, windows of this many taps, rows copied at this pitch and a
// narrow panel of this stride, 0 where panels are whole. Never less for more of any of them.
uint64_t dlc_qcontract_scratch(uint32_t n, uint32_t taps, uint64_t copy_pitch, uint64_t narrow);

// Computes rows [row_begin, row_end) of columns [column_begin, column_end); column_begin is a multiple of 16.
void dlc_qcontract(const dlc_qcontraction *c, int64_t row_begin, int64_t row_end, uint32_t column_begin,
                   uint32_t column_end, void *scratch);

#endif
