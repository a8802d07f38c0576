// What results of s16 activations end in, sixteen lanes at a time; the including file has included a qvector_<isa>.h.
//
// Sums stand in two halves, high * 2^16 + low, low being not negative: a sum of up to 512 products fits s32 and is
// split, high takes what it has above its low 16 bits and low adds up those. So 2^18 products stay exact, and high +
// (low >> 16) within 24 bits: each half is exact in f32, and the sum is rounded to f32 once.
#ifndef DLC_QVECTOR_S16_H
#define DLC_QVECTOR_S16_H

#include "qvector/bounds.h"

#define Q(name) DLC_Q(name)

// The sum, rounded to f32.
DLC_QINLINE DLC_QF s16_sum(DLC_QI high, DLC_QI low) {
  const DLC_QF top = Q(float)(Q(add_i)(high, Q(high)(low)));
  return Q(add)(Q(mul)(top, Q(splat)(65536.0f)), Q(float)(Q(low)(low)));
}

// The first `count` (1...16) s16 at p as f32; the other lanes are zero.
DLC_QINLINE DLC_QF s16_load(const int16_t *p, uint32_t count) {
  if (count == DLC_QLANES) return Q(float)(Q(load_i16)(p));
  int16_t lanes[DLC_QLANES] = {0};
  memcpy(lanes, p, count * sizeof *lanes);
  return Q(float)(Q(load_i16)(lanes));
}

// The first `count` lanes to elements `at` on of y, which is f32 or s16, then rounded.
DLC_QINLINE void s16_store(void *y, int64_t at, DLC_QF v, uint32_t count, uint8_t type) {
  if (type == DLC_F32) {
    float lanes[DLC_QLANES], *to = (float *)y + at;
    Q(store)(count == DLC_QLANES ? to : lanes, v);
    if (count < DLC_QLANES) memcpy(to, lanes, count * sizeof *lanes);
    return;
  }
  int16_t lanes[DLC_QLANES], *to = (int16_t *)y + at;
  Q(store_16)(count == DLC_QLANES ? to : lanes, Q(round)(v));
  if (count < DLC_QLANES) memcpy(to, lanes, count * sizeof *lanes);
}

#undef Q

#endif
