// f32 accumulation, written once for every instruction set.
#include "reduce/reduce.h"

#define V DLC_V
#define F(name) DLC_VF(name)
#define C(x) DLC_VF(splat)(x)

// Elements summed in f32 before f64 takes over, and rows before the column total does: bounds the rounding error.
enum { RUN_BLOCK = 4096, COLUMN_BLOCK = 64 };

// NaN, once met, stays.
DLC_VTARGET V F(larger)(V a, V x) { return F(select)(F(eq)(x, x), F(select)(F(lt)(a, x), x, a), x); }
DLC_VTARGET V F(smaller)(V a, V x) { return F(select)(F(eq)(x, x), F(select)(F(lt)(x, a), x, a), x); }
DLC_VTARGET double join_sum(double total, double lane) { return total + lane; }
DLC_VTARGET double join_prod(double total, double lane) { return total * lane; }
DLC_VTARGET double join_max(double total, double lane) { return lane > total || lane != lane ? lane : total; }
DLC_VTARGET double join_min(double total, double lane) { return lane < total || lane != lane ? lane : total; }

// `element` maps x (shift in s); `unit` is an x that changes nothing; `start` the accumulator's beginning.
#define KIND(name, start, unit, combine, join, element)                                                                \
  DLC_VTARGET V update_##name(V acc, V x, V s) {                                                                       \
    (void)s;                                                                                                           \
    V e = element;                                                                                                     \
    return combine;                                                                                                    \
  }                                                                                                                    \
  DLC_VTARGET V merge_##name(V acc, V e) { return combine; }                                                           \
  DLC_VTARGET DLC_FLATTEN double run_##name(const float *xs, int64_t n, double total, float shift) {                   \
    const V s = C(shift);                                                                                              \
    for (; n > 0; n -= RUN_BLOCK, xs += RUN_BLOCK) {                                                                   \
      int64_t count = n < RUN_BLOCK ? n : RUN_BLOCK, i = 0;                                                            \
      V a0 = C(start), a1 = a0, a2 = a0, a3 = a0;                                                                      \
      for (; i + 4 * DLC_VWIDTH <= count; i += 4 * DLC_VWIDTH) {                                                       \
        a0 = update_##name(a0, F(load)(xs + i), s);                                                                    \
        a1 = update_##name(a1, F(load)(xs + i + DLC_VWIDTH), s);                                                       \
        a2 = update_##name(a2, F(load)(xs + i + 2 * DLC_VWIDTH), s);                                                   \
        a3 = update_##name(a3, F(load)(xs + i + 3 * DLC_VWIDTH), s);                                                   \
      }                                                                                                                \
      for (; i + DLC_VWIDTH <= count; i += DLC_VWIDTH) a0 = update_##name(a0, F(load)(xs + i), s);                     \
      float lanes[DLC_VWIDTH];                                                                                         \
      if (i < count) {                                                                                                 \
        F(store)(lanes, C(unit));                                                                                      \
        for (int64_t k = 0; i + k < count; k++) lanes[k] = xs[i + k];                                                  \
        a1 = update_##name(a1, F(load)(lanes), s);                                                                     \
      }                                                                                                                \
      F(store)(lanes, merge_##name(merge_##name(a0, a1), merge_##name(a2, a3)));                                       \
      for (int k = 0; k < DLC_VWIDTH; k++) total = join(total, lanes[k]);                                              \
    }                                                                                                                  \
    return total;                                                                                                      \
  }                                                                                                                    \
  DLC_VTARGET DLC_FLATTEN void columns_##name(const float *xs, int64_t rows, int64_t stride, int64_t n, float *to,     \
                                              const float *shift) {                                                    \
    int64_t j = 0;                                                                                                     \
    for (; j + 4 * DLC_VWIDTH <= n; j += 4 * DLC_VWIDTH) {                                                             \
      const V zero = C(0.0f);                                                                                          \
      V s0 = zero, s1 = zero, s2 = zero, s3 = zero;                                                                    \
      if (shift) {                                                                                                     \
        s0 = F(load)(shift + j);                                                                                       \
        s1 = F(load)(shift + j + DLC_VWIDTH);                                                                          \
        s2 = F(load)(shift + j + 2 * DLC_VWIDTH);                                                                      \
        s3 = F(load)(shift + j + 3 * DLC_VWIDTH);                                                                      \
      }                                                                                                                \
      for (int64_t r = 0; r < rows;) {                                                                                 \
        V a0 = C(start), a1 = a0, a2 = a0, a3 = a0;                                                                    \
        for (int64_t end = r + COLUMN_BLOCK; r < rows && r < end; r++) {                                               \
          const float *x = xs + r * stride + j;                                                                        \
          a0 = update_##name(a0, F(load)(x), s0);                                                                      \
          a1 = update_##name(a1, F(load)(x + DLC_VWIDTH), s1);                                                         \
          a2 = update_##name(a2, F(load)(x + 2 * DLC_VWIDTH), s2);                                                     \
          a3 = update_##name(a3, F(load)(x + 3 * DLC_VWIDTH), s3);                                                     \
        }                                                                                                              \
        F(store)(to + j, merge_##name(F(load)(to + j), a0));                                                           \
        F(store)(to + j + DLC_VWIDTH, merge_##name(F(load)(to + j + DLC_VWIDTH), a1));                                 \
        F(store)(to + j + 2 * DLC_VWIDTH, merge_##name(F(load)(to + j + 2 * DLC_VWIDTH), a2));                         \
        F(store)(to + j + 3 * DLC_VWIDTH, merge_##name(F(load)(to + j + 3 * DLC_VWIDTH), a3));                         \
      }                                                                                                                \
    }                                                                                                                  \
    for (; j < n; j += DLC_VWIDTH) {                                                                                   \
      int part = (int)(n - j < DLC_VWIDTH ? n - j : DLC_VWIDTH);                                                       \
      V s0 = shift ? F(load_part)(shift + j, part) : C(0.0f);                                                          \
      for (int64_t r = 0; r < rows;) {                                                                                 \
        V a0 = C(start);                                                                                               \
        for (int64_t end = r + COLUMN_BLOCK; r < rows && r < end; r++)                                                 \
          a0 = update_##name(a0, F(load_part)(xs + r * stride + j, part), s0);                                         \
        F(store_part)(to + j, merge_##name(F(load_part)(to + j, part), a0), part);                                     \
      }                                                                                                                \
    }                                                                                                                  \
  }

KIND(sum, 0.0f, 0.0f, acc + e, join_sum, x)
KIND(abs, 0.0f, 0.0f, acc + e, join_sum, F(abs)(x))
KIND(square, 0.0f, 0.0f, acc + e, join_sum, x *x)
KIND(exp, 0.0f, -__builtin_inff(), acc + e, join_sum, F(exp)(x - s))
KIND(max, -__builtin_inff(), -__builtin_inff(), F(larger)(acc, e), join_max, x)
KIND(min, __builtin_inff(), __builtin_inff(), F(smaller)(acc, e), join_min, x)
KIND(prod, 1.0f, 1.0f, acc *e, join_prod, x)

// What serves operations that the build leaves out goes away.
#define SERVES(op) (1u << DLC_REDUCE_##op)
#define KINDS(prefix)                                                                                                  \
  {                                                                                                                    \
    USED(SERVES(SUM) | SERVES(MEAN) | SERVES(LOG_SUM), prefix##_sum), USED(SERVES(L1), prefix##_abs),                  \
        USED(SERVES(L2) | SERVES(SUM_SQUARE), prefix##_square), USED(SERVES(LOG_SUM_EXP), prefix##_exp),               \
        USED(SERVES(MAX) | SERVES(LOG_SUM_EXP), prefix##_max), USED(SERVES(MIN), prefix##_min),                        \
        USED(SERVES(PROD), prefix##_prod)                                                                              \
  }
#define USED(ops, function) (DLC_REDUCE_SET & (ops) ? (function) : NULL)

const dlc_reduce_rows DLC_ROWS_NAME = {KINDS(run), KINDS(columns)};

#undef USED
#undef KINDS
#undef SERVES
#undef V
#undef F
#undef C
