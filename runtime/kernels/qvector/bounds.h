// Bounds of a requantized byte, and sixteen elements at a time: what the qvector_<isa>.h share.
//
// Each qvector_<isa>.h gives the same operations on sixteen lanes, bit for bit: types DLC_QF (f32), DLC_QI (s32) and
// DLC_QB (64 bytes), functions DLC_Q(name). Products and sums are rounded one by one, never fused, but in fma, which
// rounds once.
#ifndef DLC_QVECTOR_BOUNDS_H
#define DLC_QVECTOR_BOUNDS_H

#include "types.h"

// Lanes of a vector, and elements of a block of bytes.
enum { DLC_QLANES = 16, DLC_QBYTES = 64 };

// y = clamp(round-half-even(t) + zero): the bounds of t, and those of y, which follow from them because rounding keeps
// order. Integer saturation to s16 and u8 on the way changes nothing beyond low_byte...high_byte.
typedef struct dlc_qbounds {
  float low, high;
  int32_t zero;
  uint8_t low_byte, high_byte;
} dlc_qbounds;

// Round half to even for |t| < 2^22: the addition leaves the integer in the low bits of the sum.
static inline int32_t dlc_round_even(float t) { return (int32_t)(dlc_bits(t + 12582912.0f) - 0x4b400000u); }

// min(max(t, low), high); NaN gives low.
static inline float dlc_clamp(float t, float low, float high) {
  t = t > low ? t : low;
  return t < high ? t : high;
}

// Whether t within low...high, rounded, plus zero stays in 0...255.
static inline bool dlc_bounds_valid(float low, float high, int32_t zero) {
  return zero >= 0 && zero <= 255 && low <= high && low >= (float)-zero && high <= (float)(255 - zero);
}

static inline dlc_qbounds dlc_bounds_of(float low, float high, int32_t zero) {
  return (dlc_qbounds){low, high, zero, (uint8_t)(dlc_round_even(low) + zero), (uint8_t)(dlc_round_even(high) + zero)};
}

#endif
