// Where the input rows of an integer window lie: shared by qconv and the phases of qconv_transpose.
#ifndef DLC_QCONV_GATHER_H
#define DLC_QCONV_GATHER_H

#include "gemm/window_axis.h"
#include "qgemm/contraction.h"

// Rows of an indirect matrix: one for each output cell of [N, out...], one tap for each window cell.
typedef struct dlc_qgather {
  const uint8_t *x, *x_end; // x_end: behind the operand's last byte
  int64_t pitch;            // bytes from one input cell to the next
  int64_t row_pitch;        // bytes from one input row (all cells of the last axis) to the next
  const uint8_t *padding;   // as many bytes as a cell is deep; stands for cells outside the input
  int64_t copy_pitch;       // of copied rows
  int64_t inputs;           // bytes of a cell
  uint8_t x_zero;
  dlc_window_axis axis[3];
} dlc_qgather;

// Behind the last byte of an operand.
static inline const uint8_t *dlc_qbytes_end(const dlc_tensor *x) {
  const int64_t rows = dlc_rows(x), size = (int64_t)dlc_type_size(x->type);
  return rows ? (const uint8_t *)x->data + ((rows - 1) * x->pitch + dlc_row_length(x)) * size : x->data;
}

// A dlc_qrow_source over a dlc_qgather.
void dlc_qgather_rows(const void *gather, int64_t row, bool skips, dlc_qtile_rows *rows);

// A dlc_qrow_copier over a dlc_qgather.
void dlc_qgather_copies(const void *gather, int64_t row, uint32_t count, uint8_t *to, int64_t *y_row);

// The shifts of rows whose windows lie inside the input.
void dlc_qgather_shifts(const void *gather, int64_t *shift);

#endif
