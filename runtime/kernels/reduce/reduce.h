// Accumulation over runs and columns, in the four types that reductions compute in.
#ifndef DLC_REDUCE_H
#define DLC_REDUCE_H

#include "types.h"

// What one element does to an accumulator.
typedef enum dlc_reduce_kind {
  DLC_KIND_SUM,
  DLC_KIND_ABS,
  DLC_KIND_SQUARE,
  DLC_KIND_EXP,
  DLC_KIND_MAX,
  DLC_KIND_MIN,
  DLC_KIND_PROD,
  DLC_KINDS
} dlc_reduce_kind;

// start combined with n dense elements; EXP sums exp(x - shift). Sums keep several accumulators and add blocks in f64.
typedef double dlc_reduce_run(const float *x, int64_t n, double start, float shift);

// acc[j] combined with x[r * stride + j] for r in 0..<rows, j in 0..<n; EXP has a shift per column.
typedef void dlc_reduce_columns(const float *x, int64_t rows, int64_t stride, int64_t n, float *acc,
                                const float *shift);

typedef struct dlc_reduce_rows {
  dlc_reduce_run *run[DLC_KINDS];
  dlc_reduce_columns *columns[DLC_KINDS];
} dlc_reduce_rows;

DLC_DECLARE_ROWS(dlc_reduce_rows, dlc_reduce_rows);

// acc[j * step] combined with x[j], in the wide type (f64, i64, u64); step 0 folds the whole run. Shifts as acc.
void dlc_reduce_wide(uint8_t type, dlc_reduce_kind kind, const void *x, int64_t n, void *acc, int64_t step,
                     const double *shift);

#endif
