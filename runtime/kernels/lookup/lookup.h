// Tables of 256 entries over runs of bytes, for the lookup family and the integer families that end in a table.
#ifndef DLC_LOOKUP_H
#define DLC_LOOKUP_H

#include "types.h"

// y[i] = table[x[i]] for n elements; y may be x.
typedef void dlc_lookup_row(const uint8_t *x, const uint8_t *table, uint8_t *y, int64_t n);

dlc_lookup_row dlc_lookup__scalar, dlc_lookup__avx2, dlc_lookup__avx512, dlc_lookup__avx512_vbmi, dlc_lookup__neon;

// The row of the instruction set in use.
dlc_lookup_row *dlc_lookup_bytes(void);

// An optional table of 256 bytes.
static inline bool dlc_is_table(const dlc_tensor *t) {
  return !dlc_is_present(t) || (dlc_valid_type(t, DLC_U8) && t->rank == 1 && t->dims[0] == 256 && t->pitch == 256);
}

// Applies a table to `rows` rows of n bytes in place.
static inline void dlc_lookup_rows(const uint8_t *table, uint8_t *y, int64_t rows, int64_t pitch, int64_t n) {
  dlc_lookup_row *row = dlc_lookup_bytes();
  if (pitch == n) {
    row(y, table, y, rows * n);
    return;
  }
  for (int64_t r = 0; r < rows; r++) row(y + r * pitch, table, y + r * pitch, n);
}

#endif
