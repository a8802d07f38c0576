// What the data-movement families share: validity of untrusted operands, strides, short copies and fills,
// and the strided movement every transpose, slice, tile and concatenation comes down to.
#ifndef DLC_MOVEMENT_H
#define DLC_MOVEMENT_H

#include <limits.h>
#include <string.h>

#include "include/dlc_kernel.h"

// Elements as they are moved: by size, at any alignment, whatever their type.
typedef uint8_t dlc_e1 __attribute__((may_alias));
typedef uint16_t dlc_e2 __attribute__((may_alias, aligned(1)));
typedef uint32_t dlc_e4 __attribute__((may_alias, aligned(1)));
typedef uint64_t dlc_e8 __attribute__((may_alias, aligned(1)));

// Elements an operand may span: keeps every product of an offset and an element size far from overflow.
#define DLC_MAX_ELEMENTS ((int64_t)1 << 47)

// Elements from the first to the last one of an operand, gaps between rows included. The operand is sound.
static inline int64_t dlc_extent(const dlc_tensor *t) {
  int64_t rows = dlc_rows(t), length = dlc_row_length(t);
  return rows && length ? (rows - 1) * t->pitch + length : 0;
}

// True when an operand is present and its type, rank, dims, pitch and size in bytes are possible on this machine.
static inline bool dlc_is_sound(const dlc_tensor *t) {
  if (!dlc_type_size(t->type) || t->rank > DLC_MAX_RANK) return false;
  int64_t rows = 1;
  for (int i = 0; i < t->rank; i++) {
    if (t->dims[i] < 0) return false;
    if (i + 1 == t->rank) break;
    // Zeros count as ones: the product of the others must not overflow either.
    int64_t d = t->dims[i] ? t->dims[i] : 1;
    if (rows > DLC_MAX_ELEMENTS / d) return false;
    rows *= d;
  }
  if (t->pitch < dlc_row_length(t)) return false;
  int64_t pitch = t->pitch ? t->pitch : 1;
  return rows <= DLC_MAX_ELEMENTS / pitch && rows * pitch <= (int64_t)(PTRDIFF_MAX / dlc_type_size(t->type));
}

// True when an operand is sound and dense.
static inline bool dlc_is_sound_dense(const dlc_tensor *t) { return dlc_is_sound(t) && dlc_is_dense(t); }

// True when an operand is a sound, dense tensor of indices.
static inline bool dlc_is_sound_indices(const dlc_tensor *t) {
  return (t->type == DLC_I32 || t->type == DLC_I64) && dlc_is_sound_dense(t);
}

// True when a call carries parameters of the size its family has.
static inline bool dlc_has_params(const dlc_call *call, size_t bytes) {
  return call->params && call->params_bytes == bytes && (uintptr_t)call->params % 4 == 0;
}

// True when the number of operands is one the family has.
static inline bool dlc_has_operands(const dlc_call *call, uint32_t least, uint32_t most) {
  return call->operands && call->operand_count >= least && call->operand_count <= most;
}

// Elements between neighbours along each axis.
static inline void dlc_strides(const dlc_tensor *t, int64_t strides[DLC_MAX_RANK]) {
  int64_t stride = 1;
  for (int i = t->rank - 1; i >= 0; i--) {
    strides[i] = stride;
    stride = i == t->rank - 1 ? t->pitch : stride * t->dims[i];
  }
}

// Product of dims[begin..<end].
static inline int64_t dlc_product(const dlc_tensor *t, int begin, int end) {
  int64_t n = 1;
  for (int i = begin; i < end; i++) n *= t->dims[i];
  return n;
}

// Index `i` of a tensor of i32 or i64.
static inline int64_t dlc_index_at(const dlc_tensor *t, int64_t i) {
  if (t->type == DLC_I32) return (int32_t)((const dlc_e4 *)t->data)[i];
  return (int64_t)((const dlc_e8 *)t->data)[i];
}

// Resolves an index that may count from the end; false when it lies outside [-n, n).
static inline bool dlc_resolve_index(int64_t *index, int64_t n) {
  int64_t i = *index;
  if (i < -n || i >= n) return false;
  *index = i < 0 ? i + n : i;
  return true;
}

// Parts worth sharing for so many bytes moved: a hand-off costs about as much as moving 16 KiB.
static inline uint32_t dlc_parts_for_bytes(int64_t bytes) {
  int64_t parts = bytes / 32768;
  return parts < 1 ? 1 : parts > 64 ? 64 : (uint32_t)parts;
}

// Copies `bytes`, quickly when they are few: most rows are shorter than a call to memcpy is worth.
static inline void dlc_put(void *y, const void *x, size_t bytes) {
  char *to = (char *)y;
  const char *from = (const char *)x;
  if (bytes > 64) {
    memcpy(to, from, bytes);
  } else if (bytes < 4) {
    for (size_t i = 0; i < bytes; i++) to[i] = from[i];
  } else if (bytes >= 16) {
    size_t i = 0;
    for (; i + 16 <= bytes; i += 16) memcpy(to + i, from + i, 16);
    memcpy(to + bytes - 16, from + bytes - 16, 16);
  } else if (bytes >= 8) {
    memcpy(to, from, 8);
    memcpy(to + bytes - 8, from + bytes - 8, 8);
  } else {
    memcpy(to, from, 4);
    memcpy(to + bytes - 4, from + bytes - 4, 4);
  }
}

// Fills `n` elements of `size` bytes with the one at `value`; zero when `value` is NULL.
void dlc_fill(void *y, const void *value, size_t size, int64_t n);

// A movement: y[sum i*y_strides] = x[sum i*x_strides] for every index in dims, in elements of `size` bytes.
// Different indices have different places in y.
typedef struct dlc_movement {
  int64_t dims[DLC_MAX_RANK], x_strides[DLC_MAX_RANK], y_strides[DLC_MAX_RANK];
  int rank;
  size_t size; // 1, 2, 4, 8; 16 after simplification
} dlc_movement;

// Runs one part of a movement; x and y are the places of index zero and do not overlap.
void dlc_move(const dlc_movement *movement, const void *x, void *y, uint32_t part, uint32_t parts);

// Moves a tile between matrices: y[b*y_stride + a] = x[a*x_stride + b] for a < na, b < nb. size: 1, 2, 4, 8 or 16.
void dlc_transpose_tile(const void *x, int64_t x_stride, void *y, int64_t y_stride, int64_t na, int64_t nb,
                        size_t size);

#endif
