// Rows of integer arithmetic, written once for every instruction set.
#include "qbinary/qbinary.h"
#include "qbinary/s16_row.h"
#include "qvector/bounds.h"

#define Q(name) DLC_Q(name)
#define STEP DLC_QLANES

// One side of the operator: what is the same for all elements, and its only value when it repeats. A SUM has no zeros:
// that of b is what its product is added to.
typedef struct side {
  const uint8_t *from;
  bool repeats;
  DLC_QF zero, scale, only;
} side;

// (value - zero) * scale; of a product the scale comes last, of a SUM both are applied there.
DLC_QINLINE DLC_QF term_of(DLC_QI value, const side *s, const int op) {
  if (op == DLC_QBIN_SUM) return Q(float)(value);
  DLC_QF t = Q(sub)(Q(float)(value), s->zero);
  return op == DLC_BIN_MUL ? t : Q(mul)(t, s->scale);
}

DLC_QINLINE DLC_QF term(const side *s, int64_t i, const int op) {
  return s->repeats ? s->only : term_of(Q(load_u8)(s->from + i), s, op);
}

DLC_QINLINE side make_side(const uint8_t *from, int64_t stride, int32_t zero, float scale, const int op) {
  side s = {from, stride == 0, Q(splat)((float)zero), Q(splat)(scale), Q(splat)(0)};
  if (s.repeats) s.only = term_of(Q(splat_i)(*from), &s, op);
  return s;
}

// A product of two differences has at most 17 bits: exact in f32 but for the sign of zero, which integers lack and
// which matters when the result stays a float.
DLC_QINLINE DLC_QF combine(const side *a, const side *b, int64_t i, const int op, const bool is_float) {
  const DLC_QF s = term(a, i, op), t = term(b, i, op);
  switch (op) {
  case DLC_BIN_ADD: return Q(add)(s, t);
  case DLC_BIN_SUB: return Q(sub)(s, t);
  case DLC_BIN_MUL: return Q(mul)(is_float ? Q(add)(Q(mul)(s, t), Q(splat)(0)) : Q(mul)(s, t), a->scale);
  case DLC_QBIN_SUM: return Q(fma)(s, a->scale, Q(fma)(t, b->scale, b->zero));
  case DLC_BIN_MIN: return Q(min)(s, t);
  default: return Q(max)(s, t);
  }
}

// Copies the rest of a side into a buffer that is as long as a step.
DLC_QINLINE void buffer_rest(side *s, int64_t i, int64_t n, uint8_t buffer[DLC_QBYTES]) {
  if (s->repeats) return;
  memset(buffer, 0, DLC_QBYTES);
  memcpy(buffer, s->from + i, (size_t)(n - i));
  s->from = buffer;
}

DLC_QINLINE DLC_QB four(const side *a, const side *b, int64_t i, const int op, dlc_qbounds bounds) {
  return Q(bytes)(combine(a, b, i, op, false), combine(a, b, i + STEP, op, false),
                  combine(a, b, i + 2 * STEP, op, false), combine(a, b, i + 3 * STEP, op, false), bounds);
}

DLC_QINLINE float base_of(const dlc_qbinary_params *p) {
  const float b = p->b_scale * (float)p->b_zero;
  return (float)p->zero - __builtin_fmaf(p->a_scale, (float)p->a_zero, b);
}

DLC_QINLINE void bytes_of(const dlc_qbinary_params *params, side a, side b, uint8_t *y, int64_t n, const int op) {
  const dlc_qbounds bounds = dlc_bounds_of(params->low, params->high, op == DLC_QBIN_SUM ? 0 : params->zero);
  if (op == DLC_QBIN_SUM) b.zero = Q(splat)(base_of(params));
  int64_t i = 0;
  for (; i + DLC_QBYTES <= n; i += DLC_QBYTES) Q(store_bytes)(y + i, four(&a, &b, i, op, bounds));
  if (i == n) return;
  uint8_t a_rest[DLC_QBYTES], b_rest[DLC_QBYTES], y_rest[DLC_QBYTES];
  buffer_rest(&a, i, n, a_rest);
  buffer_rest(&b, i, n, b_rest);
  Q(store_bytes)(y_rest, four(&a, &b, 0, op, bounds));
  memcpy(y + i, y_rest, (size_t)(n - i));
}

DLC_QINLINE void floats_of(const dlc_qbinary_params *params, side a, side b, float *y, int64_t n, const int op) {
  // Without a sign, so that bounds of zero give the same zero everywhere.
  const DLC_QF low = Q(splat)(params->low + 0.0f), high = Q(splat)(params->high + 0.0f);
  int64_t i = 0;
  for (; i + STEP <= n; i += STEP) Q(store)(y + i, Q(min)(Q(max)(combine(&a, &b, i, op, true), low), high));
  if (i == n) return;
  uint8_t a_rest[DLC_QBYTES], b_rest[DLC_QBYTES];
  float y_rest[STEP];
  buffer_rest(&a, i, n, a_rest);
  buffer_rest(&b, i, n, b_rest);
  Q(store)(y_rest, Q(min)(Q(max)(combine(&a, &b, 0, op, true), low), high));
  memcpy(y + i, y_rest, (size_t)(n - i) * sizeof(float));
}

#if defined(DLC_QCOMPACT)
#define RUN(name, T, loop, op)                                                                                         \
  DLC_QTARGET static __attribute__((noinline)) void name(const dlc_qbinary_params *p, const uint8_t *a, int64_t sa,    \
                                                         const uint8_t *b, int64_t sb, T *y, int64_t n) {              \
    loop(p, make_side(a, sa, p->a_zero, p->a_scale, op), make_side(b, sb, p->b_zero, p->b_scale, op), y, n, op);       \
  }
#else
// Loops for which side repeats, so that the choice stands outside.
#define RUN(name, T, loop, op)                                                                                         \
  DLC_QTARGET static __attribute__((noinline)) void name(const dlc_qbinary_params *p, const uint8_t *a, int64_t sa,    \
                                                         const uint8_t *b, int64_t sb, T *y, int64_t n) {              \
    side s = make_side(a, sa, p->a_zero, p->a_scale, op), t = make_side(b, sb, p->b_zero, p->b_scale, op);             \
    if (sa == 1 && sb == 1) {                                                                                          \
      s.repeats = t.repeats = false;                                                                                   \
      loop(p, s, t, y, n, op);                                                                                         \
    } else if (sa == 1) {                                                                                              \
      s.repeats = false, t.repeats = true;                                                                             \
      loop(p, s, t, y, n, op);                                                                                         \
    } else if (sb == 1) {                                                                                              \
      s.repeats = true, t.repeats = false;                                                                             \
      loop(p, s, t, y, n, op);                                                                                         \
    } else {                                                                                                           \
      s.repeats = t.repeats = true;                                                                                    \
      loop(p, s, t, y, n, op);                                                                                         \
    }                                                                                                                  \
  }
#endif
#define OPERATOR(name, op)                                                                                             \
  RUN(name##_u8, uint8_t, bytes_of, op)                                                                                \
  RUN(name##_f32, float, floats_of, op)
OPERATOR(add, DLC_BIN_ADD)
OPERATOR(sub, DLC_BIN_SUB)
OPERATOR(mul, DLC_BIN_MUL)
OPERATOR(min, DLC_BIN_MIN)
OPERATOR(max, DLC_BIN_MAX)
RUN(sum_u8, uint8_t, bytes_of, DLC_QBIN_SUM)

#define CHOOSE(name, type)                                                                                             \
  static void name(const dlc_qbinary_params *p, const uint8_t *a, int64_t sa, const uint8_t *b, int64_t sb, void *y,   \
                   int64_t n) {                                                                                        \
    switch (p->op) {                                                                                                   \
    case DLC_BIN_ADD: add_##type(p, a, sa, b, sb, y, n); return;                                                       \
    case DLC_BIN_SUB: sub_##type(p, a, sa, b, sb, y, n); return;                                                       \
    case DLC_BIN_MUL: mul_##type(p, a, sa, b, sb, y, n); return;                                                       \
    case DLC_BIN_MIN: min_##type(p, a, sa, b, sb, y, n); return;                                                       \
    default: max_##type(p, a, sa, b, sb, y, n); return;                                                                \
    }                                                                                                                  \
  }
CHOOSE(run_two_scales, u8)
CHOOSE(run_f32, f32)

static void run_u8(const dlc_qbinary_params *p, const uint8_t *a, int64_t sa, const uint8_t *b, int64_t sb, void *y,
                   int64_t n) {
  if (p->op == DLC_QBIN_SUM)
    sum_u8(p, a, sa, b, sb, y, n);
  else
    run_two_scales(p, a, sa, b, sb, y, n);
}

const dlc_qbinary_rows DLC_ROWS_NAME = {run_u8, run_f32, DLC_HAS_TYPE(DLC_I16) ? run_s16 : NULL};

#undef Q
#undef STEP
