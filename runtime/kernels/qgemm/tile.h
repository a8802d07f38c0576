// The micro-kernel behind qmatmul, qconv and qconv_transpose: a few rows of u8 or s16 times s8 weight panels,
// requantized.
#ifndef DLC_QGEMM_TILE_H
#define DLC_QGEMM_TILE_H

#include <stddef.h>
#include <stdint.h>

#include "dlc_kernel.h"

enum {
  DLC_QPANEL = 16,             // columns of a weight panel, on every instruction set
  DLC_QGROUP = 4,              // depths of a column that lie together
  DLC_QPANEL_GROUP_BYTES = 64, // one group of depths of a panel
  DLC_QTILE_MAX_ROWS = 16,     // rows of the tallest tile of any instruction set
  DLC_QTILE_MAX_COLUMNS = 64,  // columns of the widest
};

// Where sums go and what becomes of them; y and residual are those of the first column, scale is padded to whole
// panels.
typedef struct dlc_qoutput {
  void *y;
  const uint8_t *residual;  // u8 or s16 as the rows are, or NULL
  const float *scale;       // NULL for an i32 y
  const uint8_t *table;     // [256], or NULL
  const int32_t *row_start; // what the sums of each row of y begin with, besides the columns', or NULL
  int64_t y_pitch, residual_pitch;
  dlc_requantize requantize;
  uint8_t type; // of y
} dlc_qoutput;

// y[y_row[i]][column + j] = requantize(start[j] + sum over taps t, k < depth of a[t][i][k] b[tap[t]][k][j]), for i < m
// and j < n.
typedef struct dlc_qtile {
  const uint8_t *const *a; // [taps][m] rows of `depth` elements, or [m] when `shift` is set
  const int64_t *shift;    // [taps] bytes from a row's first tap to each of its taps, or NULL
  const uint32_t *tap;     // [taps] position of each tap in b
  const int8_t *b;         // the panel of the first column, [taps][ceil(depth / 4)][16][4]
  size_t panel_stride;     // bytes from one panel to the next
  const int32_t *start;    // of the first column, padded to whole panels
  const int64_t *y_row;    // [m]
  const dlc_qoutput *out;
  uint32_t column; // first column, in y, residual and scale
  uint32_t m, n, taps, depth;
  uint32_t *state; // what a row keeps from tile to tile; 0 at first
} dlc_qtile;

// What an instruction set brings.
typedef struct dlc_qtile_isa {
  uint32_t rows, columns;  // of the tallest tile
  uint32_t low_rows, wide; // tiles of at most low_rows rows may have `wide` columns
  void (*tile)(const dlc_qtile *t);
  // Set where activations are multiplied as x - 128: adds 128 times the sum of each column of a panel to start[16].
  void (*compensate)(const int8_t *panel, size_t groups, int32_t *start);
  void (*end)(void); // called behind the last tile, or NULL
} dlc_qtile_isa;

// The entries of the instruction set in use for products of this many rows and groups of depths.
const dlc_qtile_isa *dlc_qtile_current(int64_t rows, size_t groups);

// Those for rows of s16: sums of at most DLC_QS16_BLOCK groups of depths are kept in 32 bits.
const dlc_qtile_isa *dlc_qtile_s16_current(void);

// Groups of four products of s16 and s8 whose sum fits s32: 512 * 2^15 * 127 < 2^31.
enum { DLC_QS16_BLOCK = 128 };

// Turns sums into y: sums[i * stride + j] for the m rows y_row and columns column...column + n - 1. Sums are readable
// up to the next multiple of 16 columns.
typedef void (*dlc_qfinish)(const dlc_qoutput *o, const int64_t *y_row, uint32_t m, uint32_t column, uint32_t n,
                            const int32_t *sums, uint32_t stride);
void dlc_qfinish__scalar(const dlc_qoutput *o, const int64_t *y_row, uint32_t m, uint32_t column, uint32_t n,
                         const int32_t *sums, uint32_t stride);

// y = table[y] for n bytes.
static inline void dlc_qtable_row(uint8_t *y, uint32_t n, const uint8_t *table) {
  for (uint32_t j = 0; j < n; j++) y[j] = table[y[j]];
}

// Adds what rows begin with to sums[i * stride + j] for n columns of the m rows y_row, wrapping.
static inline __attribute__((always_inline)) void
dlc_qadd_row_start(const dlc_qoutput *o, const int64_t *y_row, uint32_t m, uint32_t n, int32_t *sums, uint32_t stride) {
  if (!o->row_start) return;
  for (uint32_t i = 0; i < m; i++, sums += stride) {
    const uint32_t start = (uint32_t)o->row_start[y_row[i]];
    for (uint32_t j = 0; j < n; j++) sums[j] = (int32_t)((uint32_t)sums[j] + start);
  }
}

// Four bytes of a row as one lane holds them.
static inline uint32_t dlc_qlane(const uint8_t *a) {
  uint32_t x;
  __builtin_memcpy(&x, a, sizeof x);
  return x;
}

// The last `rest` (1...3) bytes of a row of `depth` bytes, zeros after them; reads nothing beyond the row.
static inline uint32_t dlc_qlane_end(const uint8_t *row, uint32_t depth, uint32_t rest) {
  if (depth >= 4) return dlc_qlane(row + (depth - 4)) >> (8 * (4 - rest));
  uint32_t x = row[0];
  if (rest > 1) x |= (uint32_t)row[1] << 8;
  if (rest > 2) x |= (uint32_t)row[2] << 16;
  return x;
}

extern const dlc_qtile_isa dlc_qtile__scalar, dlc_qtile_s16__scalar;
#if defined(__x86_64__)
extern const dlc_qtile_isa dlc_qtile__avx2, dlc_qtile__avxvnni, dlc_qtile__avx512, dlc_qtile__avx512vnni,
    dlc_qtile__amx, dlc_qtile_s16__avx2, dlc_qtile_s16__avx512, dlc_qtile_s16__avx512vnni;
void dlc_qfinish__avx2(const dlc_qoutput *o, const int64_t *y_row, uint32_t m, uint32_t column, uint32_t n,
                       const int32_t *sums, uint32_t stride);
void dlc_qfinish__avx512(const dlc_qoutput *o, const int64_t *y_row, uint32_t m, uint32_t column, uint32_t n,
                         const int32_t *sums, uint32_t stride);
#endif
#if defined(__ARM_NEON)
extern const dlc_qtile_isa dlc_qtile__neon, dlc_qtile_s16__neon;
void dlc_qfinish__neon(const dlc_qoutput *o, const int64_t *y_row, uint32_t m, uint32_t column, uint32_t n,
                       const int32_t *sums, uint32_t stride);
#endif
#if defined(__aarch64__)
extern const dlc_qtile_isa dlc_qtile__dotprod, dlc_qtile__i8mm;
#endif

#endif
