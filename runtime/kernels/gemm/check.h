// Conditions that the checks of matmul, conv, dwconv and conv_transpose share.
#ifndef DLC_GEMM_CHECK_H
#define DLC_GEMM_CHECK_H

#include "dlc_kernel.h"
#include "epilogue.h"

// Whether dims and pitch describe memory whose extent in elements fits 2^47.
static inline bool dlc_extent_valid(const dlc_tensor *t) {
  if (t->rank > DLC_MAX_RANK) return false;
  int64_t rows = 1, extent;
  for (int i = 0; i < t->rank; i++)
    if (t->dims[i] < 0) return false;
  for (int i = 0; i + 1 < t->rank; i++)
    if (__builtin_mul_overflow(rows, (int64_t)t->dims[i], &rows) || rows > (int64_t)1 << 47) return false;
  if (t->pitch < dlc_row_length(t)) return false;
  return !__builtin_mul_overflow(rows, (int64_t)t->pitch, &extent) && extent <= (int64_t)1 << 47;
}

// A present f32 operand of this rank.
static inline bool dlc_is_f32(const dlc_tensor *t, int rank) {
  return t->type == DLC_F32 && t->rank == rank && dlc_extent_valid(t);
}

// A dense one.
static inline bool dlc_is_dense_f32(const dlc_tensor *t, int rank) { return dlc_is_f32(t, rank) && dlc_is_dense(t); }

// An optional bias of n elements.
static inline bool dlc_is_bias(const dlc_tensor *t, int32_t n) {
  return !dlc_is_present(t) || (dlc_is_dense_f32(t, 1) && t->dims[0] == n);
}

// An optional residual of y's shape.
static inline bool dlc_is_residual(const dlc_tensor *t, const dlc_tensor *y) {
  return !dlc_is_present(t) || (dlc_is_f32(t, y->rank) && dlc_same_shape(t, y));
}

// Most taps of a window: bounds the pointer tables in scratch.
enum { DLC_MAX_TAPS = 1 << 16 };

// A window whose arithmetic stays far from overflow: each extent, stride, dilation and padding at most 2^24.
static inline bool dlc_window_valid(const dlc_window *w) {
  const int32_t most = 1 << 24;
  int64_t taps = 1;
  for (int i = 0; i < 3; i++) {
    if (w->kernel[i] < 1 || w->kernel[i] > most || w->stride[i] < 1 || w->stride[i] > most) return false;
    if (w->dilation[i] < 1 || w->dilation[i] > most) return false;
    if (w->pad_begin[i] < 0 || w->pad_begin[i] > most || w->pad_end[i] < 0 || w->pad_end[i] > most) return false;
    taps *= w->kernel[i];
    if (taps > DLC_MAX_TAPS) return false;
    if ((int64_t)w->dilation[i] * (w->kernel[i] - 1) > most) return false;
  }
  return true;
}

// Windows along an axis of `in` cells, or -1 when the window does not fit.
static inline int64_t dlc_window_count(const dlc_window *w, int axis, int32_t in) {
  int64_t room =
      (int64_t)in + w->pad_begin[axis] + w->pad_end[axis] - (int64_t)w->dilation[axis] * (w->kernel[axis] - 1) - 1;
  return room < 0 ? -1 : room / w->stride[axis] + 1;
}

// Whether x [N, D, H, W, C] and y [N, OD, OH, OW, O] agree with a convolution's window.
static inline bool dlc_window_fits(const dlc_window *w, const dlc_tensor *x, const dlc_tensor *y) {
  if (x->dims[0] != y->dims[0]) return false;
  for (int i = 0; i < 3; i++)
    if (x->dims[1 + i] > 1 << 24 || y->dims[1 + i] != dlc_window_count(w, i, x->dims[1 + i])) return false;
  return true;
}

#endif
