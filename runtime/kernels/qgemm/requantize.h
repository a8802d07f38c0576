// The arithmetic of dlc_requantize for one value, and what a check asks of its parameters.
#ifndef DLC_QGEMM_REQUANTIZE_H
#define DLC_QGEMM_REQUANTIZE_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "dlc_params.h"

// min(max(t, low), high); NaN gives low.
static inline float dlc_qbound(float t, float low, float high) {
  t = t > low ? t : low;
  return t < high ? t : high;
}

// Rounds half to even, |t| < 2^22: the sum with 1.5 * 2^23 has the integer in its low bits.
static inline int32_t dlc_qround(float t) {
  float shifted = t + 0x1.8p23f;
  int32_t bits;
  memcpy(&bits, &shifted, sizeof bits);
  return bits - 0x4b400000;
}

// Bounds are in order, and for a u8 result such that it lies in 0...255.
static inline bool dlc_requantize_valid(const dlc_requantize *q, bool is_u8) {
  if (!(q->low <= q->high)) return false;
  if (q->residual_zero < 0 || q->residual_zero > 255) return false;
  if (!is_u8) return true;
  if (q->zero < 0 || q->zero > 255) return false;
  return q->low >= (float)-q->zero && q->high <= (float)(255 - q->zero);
}

#endif
