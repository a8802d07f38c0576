// Sixteen lanes one at a time, for processors without a vector row; compilers still find some vectors in it.
#ifndef DLC_QVECTOR_SCALAR_H
#define DLC_QVECTOR_SCALAR_H

#include "qvector/bounds.h"

typedef struct dlc_qf__scalar {
  float v[16];
} dlc_qf__scalar;
typedef struct dlc_qi__scalar {
  int32_t v[16];
} dlc_qi__scalar;
typedef struct dlc_qb__scalar {
  uint8_t v[64];
} dlc_qb__scalar;

#define DLC_QF dlc_qf__scalar
#define DLC_QI dlc_qi__scalar
#define DLC_QB dlc_qb__scalar
#define DLC_Q(name) dlc_q##name##__scalar
#define DLC_QTARGET
#if defined(__SANITIZE_ADDRESS__)
// Inlined wholly, what sanitizers add to each lane takes gcc minutes.
#define DLC_QINLINE static inline __attribute__((unused))
#else
#define DLC_QINLINE static inline __attribute__((always_inline, unused))
#endif
// Sixteen lanes one at a time are long: loops are not written out for each combination of their operands.
#define DLC_QCOMPACT
#define DLC_QEACH for (int i = 0; i < 16; i++)

#define DLC_QMAP(name, R, parameters, value)                                                                           \
  DLC_QINLINE R DLC_Q(name) parameters {                                                                               \
    R r;                                                                                                               \
    DLC_QEACH r.v[i] = value;                                                                                          \
    return r;                                                                                                          \
  }
DLC_QMAP(splat, DLC_QF, (float x), x)
DLC_QMAP(splat_i, DLC_QI, (int32_t x), x)
DLC_QMAP(load, DLC_QF, (const float *p), p[i])
DLC_QMAP(load_u8, DLC_QI, (const uint8_t *p), p[i])
DLC_QMAP(load_i8, DLC_QI, (const int8_t *p), p[i])
DLC_QMAP(load_u16, DLC_QI, (const uint16_t *p), p[i])
DLC_QMAP(load_i16, DLC_QI, (const int16_t *p), p[i])
DLC_QMAP(load_i32, DLC_QI, (const int32_t *p), p[i])
DLC_QMAP(float, DLC_QF, (DLC_QI x), (float)x.v[i])
DLC_QMAP(add, DLC_QF, (DLC_QF a, DLC_QF b), a.v[i] + b.v[i])
DLC_QMAP(sub, DLC_QF, (DLC_QF a, DLC_QF b), a.v[i] - b.v[i])
DLC_QMAP(mul, DLC_QF, (DLC_QF a, DLC_QF b), a.v[i] * b.v[i])
DLC_QMAP(div, DLC_QF, (DLC_QF a, DLC_QF b), a.v[i] / b.v[i])
// Where the processor lacks it each lane is a library call: written out in every loop they would be most of the code.
static __attribute__((noinline, unused)) void DLC_Q(fused)(float *r, const float *a, const float *b, const float *c) {
  DLC_QEACH r[i] = __builtin_fmaf(a[i], b[i], c[i]);
}
DLC_QINLINE DLC_QF DLC_Q(fma)(DLC_QF a, DLC_QF b, DLC_QF c) {
  DLC_QF r;
  DLC_Q(fused)(r.v, a.v, b.v, c.v);
  return r;
}
// a where it is greater (less), else b, also where one is NaN.
DLC_QMAP(max, DLC_QF, (DLC_QF a, DLC_QF b), a.v[i] > b.v[i] ? a.v[i] : b.v[i])
DLC_QMAP(min, DLC_QF, (DLC_QF a, DLC_QF b), a.v[i] < b.v[i] ? a.v[i] : b.v[i])
// 0 in place of NaN.
DLC_QMAP(ordered, DLC_QF, (DLC_QF x), x.v[i] == x.v[i] ? x.v[i] : 0)
// Half to even, |t| < 2^22.
DLC_QMAP(round, DLC_QI, (DLC_QF t), dlc_round_even(t.v[i]))
// Wrapping.
DLC_QMAP(add_i, DLC_QI, (DLC_QI a, DLC_QI b), (int32_t)((uint32_t)a.v[i] + (uint32_t)b.v[i]))
DLC_QMAP(sub_i, DLC_QI, (DLC_QI a, DLC_QI b), (int32_t)((uint32_t)a.v[i] - (uint32_t)b.v[i]))
DLC_QMAP(mul_i, DLC_QI, (DLC_QI a, DLC_QI b), (int32_t)((uint32_t)a.v[i] * (uint32_t)b.v[i]))
// x >> 16 and the 16 bits below: x = 2^16 high(x) + low(x).
DLC_QMAP(high, DLC_QI, (DLC_QI x), x.v[i] >> 16)
DLC_QMAP(low, DLC_QI, (DLC_QI x), x.v[i] & 0xffff)
// Sixteen s16 as a product takes them, and sum + x * w for w of 16 bits.
DLC_QMAP(load_factor, DLC_QI, (const int16_t *p), p[i])
DLC_QMAP(add_product, DLC_QI, (DLC_QI sum, DLC_QI x, DLC_QI w),
         (int32_t)((uint32_t)sum.v[i] + (uint32_t)(x.v[i] * w.v[i])))
#undef DLC_QMAP

DLC_QINLINE void DLC_Q(store)(float *p, DLC_QF x) { DLC_QEACH p[i] = x.v[i]; }
DLC_QINLINE void DLC_Q(store_i32)(int32_t *p, DLC_QI x) { DLC_QEACH p[i] = x.v[i]; }
// The low bits of every lane.
DLC_QINLINE void DLC_Q(store_8)(void *p, DLC_QI x) { DLC_QEACH((uint8_t *)p)[i] = (uint8_t)x.v[i]; }
DLC_QINLINE void DLC_Q(store_16)(void *p, DLC_QI x) {
  uint16_t lanes[16];
  DLC_QEACH lanes[i] = (uint16_t)x.v[i];
  memcpy(p, lanes, sizeof lanes);
}

// Four vectors requantized: bytes of `a`, then of b, c and d.
DLC_QINLINE DLC_QB DLC_Q(bytes)(DLC_QF a, DLC_QF b, DLC_QF c, DLC_QF d, dlc_qbounds bounds) {
  DLC_QB r;
  const DLC_QF *all[4] = {&a, &b, &c, &d};
  for (int k = 0; k < 4; k++)
    DLC_QEACH r.v[16 * k + i] =
        (uint8_t)(dlc_round_even(dlc_clamp(all[k]->v[i], bounds.low, bounds.high)) + bounds.zero);
  return r;
}
DLC_QINLINE void DLC_Q(store_bytes)(uint8_t *p, DLC_QB x) { memcpy(p, x.v, 64); }
// Sixteen of the 64 bytes, the k-th.
DLC_QINLINE void DLC_Q(store_quarter)(uint8_t *p, DLC_QB x, const int k) { memcpy(p, x.v + 16 * k, 16); }

#undef DLC_QEACH
#endif
