// Accumulation in f64, i64 and u64; integer sums and products wrap.
#include <math.h>

#include "reduce/reduce.h"

#define FOLD(T, expression)                                                                                            \
  {                                                                                                                    \
    const T *xs = x_data;                                                                                              \
    T *acc = acc_data;                                                                                                 \
    for (int64_t j = 0; j < n; j++) {                                                                                  \
      T a = acc[j * step], x = xs[j];                                                                                  \
      acc[j * step] = (T)(expression);                                                                                 \
    }                                                                                                                  \
    return;                                                                                                            \
  }
#define INTEGER(T)                                                                                                     \
  switch (kind) {                                                                                                      \
  case DLC_KIND_SUM: FOLD(T, (uint64_t)a + (uint64_t)x)                                                                \
  case DLC_KIND_ABS: FOLD(T, (uint64_t)a + (x < (T)1 ? 0 - (uint64_t)x : (uint64_t)x))                                 \
  case DLC_KIND_SQUARE: FOLD(T, (uint64_t)a + (uint64_t)x * (uint64_t)x)                                               \
  case DLC_KIND_PROD: FOLD(T, (uint64_t)a *(uint64_t)x)                                                                \
  case DLC_KIND_MAX: FOLD(T, x > a ? x : a)                                                                            \
  case DLC_KIND_MIN: FOLD(T, x < a ? x : a)                                                                            \
  default: return;                                                                                                     \
  }

void dlc_reduce_wide(uint8_t type, dlc_reduce_kind kind, const void *x_data, int64_t n, void *acc_data, int64_t step,
                     const double *shift) {
  if (type == DLC_I64) INTEGER(int64_t)
  if (type == DLC_U64) INTEGER(uint64_t)
  switch (kind) {
  case DLC_KIND_SUM: FOLD(double, a + x)
  case DLC_KIND_ABS: FOLD(double, a + fabs(x))
  case DLC_KIND_SQUARE: FOLD(double, a + x * x)
  case DLC_KIND_PROD: FOLD(double, a *x)
  case DLC_KIND_MAX: FOLD(double, x > a || x != x ? x : a)
  case DLC_KIND_MIN: FOLD(double, x < a || x != x ? x : a)
  case DLC_KIND_EXP: FOLD(double, a + exp(x - shift[j * step]))
  default: return;
  }
}
