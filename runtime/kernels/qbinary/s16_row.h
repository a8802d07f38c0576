// The row of s16 and its loop, written once for every instruction set.
#include "qvector/s16.h"

#define Q(name) DLC_Q(name)

// One side: what stands at `from`, or its only value when it repeats.
typedef struct s16_side {
  const int16_t *from;
  int64_t stride;
  DLC_QF scale;
} s16_side;

DLC_QINLINE DLC_QI s16_values(const s16_side *s, int64_t i, uint32_t count) {
  if (s->stride == 0) return Q(splat_i)(*s->from);
  if (count == DLC_QLANES) return Q(load_i16)(s->from + i);
  int16_t lanes[DLC_QLANES] = {0};
  memcpy(lanes, s->from + i, count * sizeof *lanes);
  return Q(load_i16)(lanes);
}

DLC_QINLINE DLC_QF s16_combined(DLC_QI a, DLC_QI b, DLC_QF a_scale, DLC_QF b_scale, const int32_t op) {
  if (op == DLC_BIN_MUL) return Q(mul)(Q(float)(Q(mul_i)(a, b)), a_scale); // the product has 31 bits
  const DLC_QF s = Q(mul)(Q(float)(a), a_scale), t = Q(mul)(Q(float)(b), b_scale);
  switch (op) {
  case DLC_BIN_ADD: return Q(add)(s, t);
  case DLC_BIN_SUB: return Q(sub)(s, t);
  case DLC_BIN_MIN: return Q(min)(s, t);
  default: return Q(max)(s, t);
  }
}

DLC_QTARGET static void run_s16(const dlc_qbinary_params *p, const int16_t *from_a, int64_t sa, const int16_t *from_b,
                                int64_t sb, void *y, uint8_t type, int64_t n) {
  const s16_side a = {from_a, sa, Q(splat)(p->a_scale)}, b = {from_b, sb, Q(splat)(p->b_scale)};
  // Without a sign, so that bounds of zero give the same zero everywhere.
  const DLC_QF low = Q(splat)(p->low + 0.0f), high = Q(splat)(p->high + 0.0f);
  for (int64_t i = 0; i < n; i += DLC_QLANES) {
    const uint32_t count = n - i < DLC_QLANES ? (uint32_t)(n - i) : DLC_QLANES;
    const DLC_QF t = s16_combined(s16_values(&a, i, count), s16_values(&b, i, count), a.scale, b.scale, p->op);
    s16_store(y, i, Q(min)(Q(max)(t, low), high), count, type);
  }
}

#undef Q
