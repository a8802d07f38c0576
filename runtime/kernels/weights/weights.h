// Weights stored as integers: what weights_unpack and matmul_weights share.
#ifndef DLC_WEIGHTS_H
#define DLC_WEIGHTS_H

#include "types.h"

// The operands of stored weights, from `q` on, as rows.
typedef struct dlc_weights {
  const uint8_t *q;
  const float *scales;
  const int32_t *index; // or NULL
  int64_t rows, width, depth, groups;
  bool nibbles;
} dlc_weights;

typedef struct dlc_weights_rows {
  // Writes rows [begin, end) to y; 0, or DLC_FAULT_INDEX.
  int (*unpack)(const dlc_weights *w, int64_t begin, int64_t end, float *y);
} dlc_weights_rows;

DLC_DECLARE_ROWS(dlc_weights_rows, dlc_weights_rows);

// Whether q, scales and index are sound; 0 or a line.
int dlc_weights_check(const dlc_tensor *q, const dlc_tensor *scales, const dlc_tensor *index,
                      const dlc_stored_weights *p);
// Columns of a row.
static inline int64_t dlc_weights_width(const dlc_tensor *q, const dlc_stored_weights *p) {
  return (int64_t)q->dims[1] * (p->bits == 4 ? 2 : 1);
}
// Checked operands as rows.
dlc_weights dlc_weights_of(const dlc_tensor *q, const dlc_tensor *scales, const dlc_tensor *index,
                           const dlc_stored_weights *p);

#endif
