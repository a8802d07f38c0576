// Broadcasting as strides: one loop nest over the output, adjacent axes merged so that inner runs are long.
#ifndef DLC_BROADCAST_H
#define DLC_BROADCAST_H

#include "types.h"

enum { DLC_LOOP_OPERANDS = 4 };

// A loop nest; strides in elements, 0 where an operand repeats. Rank is at least 1.
typedef struct dlc_loop {
  int32_t rank, operands;
  int64_t dims[DLC_MAX_RANK];
  int64_t strides[DLC_LOOP_OPERANDS][DLC_MAX_RANK];
} dlc_loop;

// A place in a loop nest: the offset of each operand there, and how many elements of the inner axis follow.
typedef struct dlc_cursor {
  int64_t index[DLC_MAX_RANK];
  int64_t offsets[DLC_LOOP_OPERANDS];
  int64_t run, left;
} dlc_cursor;

// Whether `t` broadcasts to the shape of `y`.
static inline bool dlc_broadcasts(const dlc_tensor *t, const dlc_tensor *y) {
  if (t->rank > y->rank) return false;
  for (int i = 0; i < t->rank; i++) {
    int32_t dim = t->dims[i];
    if (dim != 1 && dim != y->dims[y->rank - t->rank + i]) return false;
  }
  return true;
}

// Merges axes that every operand walks as one, and drops axes of 1.
static inline void dlc_loop_collapse(dlc_loop *loop) {
  int rank = 0;
  for (int i = 0; i < loop->rank; i++) {
    if (loop->dims[i] == 1) continue;
    bool merges = rank > 0;
    for (int k = 0; merges && k < loop->operands; k++)
      merges = loop->strides[k][rank - 1] == loop->strides[k][i] * loop->dims[i];
    int at = merges ? rank - 1 : rank++;
    loop->dims[at] = merges ? loop->dims[at] * loop->dims[i] : loop->dims[i];
    for (int k = 0; k < loop->operands; k++) loop->strides[k][at] = loop->strides[k][i];
  }
  if (rank == 0) {
    loop->dims[rank] = 1;
    for (int k = 0; k < loop->operands; k++) loop->strides[k][rank] = 1;
    rank = 1;
  }
  loop->rank = rank;
}

// The loop over `tensors[count - 1]` (the output) with the tensors before it broadcast to it.
static inline void dlc_loop_broadcast(dlc_loop *loop, const dlc_tensor *const *tensors, int count) {
  const dlc_tensor *y = tensors[count - 1];
  loop->rank = y->rank;
  loop->operands = count;
  for (int i = 0; i < y->rank; i++) loop->dims[i] = y->dims[i];
  for (int k = 0; k < count; k++) {
    int64_t strides[DLC_MAX_RANK];
    const dlc_tensor *t = tensors[k];
    int lead = y->rank - t->rank;
    dlc_strides(t, strides);
    for (int i = 0; i < y->rank; i++) loop->strides[k][i] = i < lead || t->dims[i - lead] == 1 ? 0 : strides[i - lead];
  }
  dlc_loop_collapse(loop);
}

static inline int64_t dlc_loop_elements(const dlc_loop *loop) {
  int64_t n = 1;
  for (int i = 0; i < loop->rank; i++) n *= loop->dims[i];
  return n;
}

static inline void dlc_cursor_measure(dlc_cursor *c, const dlc_loop *loop) {
  int last = loop->rank - 1;
  c->run = dlc_min64(loop->dims[last] - c->index[last], c->left);
}

// Stands at element `begin` of the nest, to walk to `end`; the nest is not empty.
static inline void dlc_cursor_start(dlc_cursor *c, const dlc_loop *loop, int64_t begin, int64_t end) {
  c->left = end - begin;
  for (int k = 0; k < loop->operands; k++) c->offsets[k] = 0;
  for (int i = loop->rank - 1; i >= 0; i--) {
    c->index[i] = begin % loop->dims[i];
    begin /= loop->dims[i];
    for (int k = 0; k < loop->operands; k++) c->offsets[k] += c->index[i] * loop->strides[k][i];
  }
  dlc_cursor_measure(c, loop);
}

// Moves behind the present run.
static inline void dlc_cursor_next(dlc_cursor *c, const dlc_loop *loop) {
  int axis = loop->rank - 1;
  int64_t step = c->run;
  c->left -= c->run;
  for (;; axis--, step = 1) {
    c->index[axis] += step;
    for (int k = 0; k < loop->operands; k++) c->offsets[k] += step * loop->strides[k][axis];
    if (c->index[axis] < loop->dims[axis] || axis == 0) break;
    c->index[axis] = 0;
    for (int k = 0; k < loop->operands; k++) c->offsets[k] -= loop->dims[axis] * loop->strides[k][axis];
  }
  dlc_cursor_measure(c, loop);
}

#endif
