// Interleaving on NEON.
#ifndef DLC_QDWCONV_INTERLEAVE_NEON_H
#define DLC_QDWCONV_INTERLEAVE_NEON_H

#include <arm_neon.h>

#include "qdwconv/qdwconv.h"

DLC_QINLINE uint8x16_t load_spread(const uint8_t *p, const uint8_t *spread) {
  uint8x16_t x = vld1q_u8(p);
  if (!spread) return x;
#if defined(__aarch64__)
  return vqtbl1q_u8(x, vld1q_u8(spread));
#else
  const uint8x8x2_t table = {{vget_low_u8(x), vget_high_u8(x)}};
  return vcombine_u8(vtbl2_u8(table, vld1_u8(spread)), vtbl2_u8(table, vld1_u8(spread + 8)));
#endif
}

DLC_QINLINE void interleave_one(const uint8_t *a, const uint8_t *b, const uint8_t *c, const uint8_t *d,
                                const uint8_t *spread, uint8_t flip, uint8_t *to) {
  const uint8x16_t change = vdupq_n_u8(flip);
  uint8x16x4_t quads = {{veorq_u8(load_spread(a, spread), change), veorq_u8(load_spread(b, spread), change),
                         veorq_u8(load_spread(c, spread), change), veorq_u8(load_spread(d, spread), change)}};
  vst4q_u8(to, quads);
}

static inline void weigh(const int8_t *quads, int64_t n, uint8_t *to) {
  for (int64_t i = 0; i < n; i++) memcpy(to + i * DLC_QUAD_WEIGHTS, quads + i * DLC_QUAD, DLC_QUAD);
}

#endif
