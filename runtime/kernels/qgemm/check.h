// Conditions that the checks of the integer contractions share.
#ifndef DLC_QGEMM_CHECK_H
#define DLC_QGEMM_CHECK_H

#include "gemm/check.h"
#include "qgemm/channels.h"
#include "qgemm/requantize.h"

// A present operand of this type and rank.
static inline bool dlc_is_q(const dlc_tensor *t, uint8_t type, int rank) {
  return t->type == type && t->rank == rank && dlc_extent_valid(t);
}

// A dense one.
static inline bool dlc_is_dense_q(const dlc_tensor *t, uint8_t type, int rank) {
  return dlc_is_q(t, type, rank) && dlc_is_dense(t);
}

// A dense one of one axis of n elements.
static inline bool dlc_is_vector_q(const dlc_tensor *t, uint8_t type, int64_t n) {
  return dlc_is_dense_q(t, type, 1) && t->dims[0] == n;
}

// The operands after bias of every integer contraction, scale?, residual?, table?, y: line of what is wrong, or 0.
static inline int dlc_check_requantize(const dlc_tensor *scale, const dlc_tensor *residual, const dlc_tensor *table,
                                       const dlc_tensor *y, int64_t n, const dlc_requantize *q) {
  DLC_REQUIRE(dlc_extent_valid(y));
  if (y->type == DLC_I32) {
    DLC_REQUIRE(!dlc_is_present(scale) && !dlc_is_present(residual) && !dlc_is_present(table));
    return 0;
  }
  DLC_REQUIRE(y->type == DLC_U8 || y->type == DLC_F32);
  DLC_REQUIRE(dlc_requantize_valid(q, y->type == DLC_U8));
  DLC_REQUIRE(dlc_is_qscales(scale, n));
  DLC_REQUIRE(!dlc_is_present(residual) || (dlc_is_q(residual, DLC_U8, y->rank) && dlc_same_shape(residual, y)));
  DLC_REQUIRE(!dlc_is_present(table) || (y->type == DLC_U8 && dlc_is_vector_q(table, DLC_U8, 256)));
  return 0;
}

// The same for activations of s16: y is s16 or f32, the residual s16, and zero points are 0.
static inline int dlc_check_requantize_s16(const dlc_tensor *scale, const dlc_tensor *residual, const dlc_tensor *table,
                                           const dlc_tensor *y, int64_t n, const dlc_requantize *q) {
  DLC_REQUIRE(DLC_HAS_TYPE(DLC_I16) && dlc_extent_valid(y) && (y->type == DLC_I16 || y->type == DLC_F32));
  DLC_REQUIRE(dlc_is_qscales(scale, n) && !dlc_is_present(table));
  DLC_REQUIRE(!dlc_is_present(residual) || (dlc_is_q(residual, DLC_I16, y->rank) && dlc_same_shape(residual, y)));
  DLC_REQUIRE(q->low <= q->high && q->zero == 0 && q->residual_zero == 0);
  return y->type == DLC_F32 || (q->low >= -32768.0f && q->high <= 32767.0f) ? 0 : __LINE__;
}

// Most products of s16 that a sum takes: see qgemm/s16_finish.h.
enum { DLC_QS16_MOST_PRODUCTS = 1 << 18 };

// Most bytes of scratch a call may ask for.
enum { DLC_QMOST_SCRATCH = INT32_MAX };

#endif
