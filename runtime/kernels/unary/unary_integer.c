// Functions of integers (arithmetic wraps) and bool.
#include "cast/cast.h"
#include "unary/unary.h"

#define LOOP(T, expression)                                                                                            \
  {                                                                                                                    \
    const T *xs = x_data;                                                                                              \
    T *ys = y_data;                                                                                                    \
    DLC_INDEPENDENT                                                                                                    \
    for (int64_t i = 0; i < n; i++) {                                                                                  \
      T x = xs[i];                                                                                                     \
      ys[i] = (T)(expression);                                                                                         \
    }                                                                                                                  \
    return true;                                                                                                       \
  }

#define FUNCTIONS(name, T, id, U)                                                                                      \
  static bool function_##name(int32_t function, const void *x_data, void *y_data, int64_t n, T low, T high) {          \
    const bool is_signed = (T)-1 < (T)1;                                                                               \
    switch (function) {                                                                                                \
    case DLC_FN_IDENTITY:                                                                                              \
    case DLC_FN_CEIL:                                                                                                  \
    case DLC_FN_FLOOR:                                                                                                 \
    case DLC_FN_ROUND: LOOP(T, x)                                                                                      \
    case DLC_FN_RELU: LOOP(T, x > 0 ? x : 0)                                                                           \
    case DLC_FN_CLIP: LOOP(T, high < (x < low ? low : x) ? high : (x < low ? low : x))                                 \
    case DLC_FN_ABS: LOOP(T, is_signed &&x < (T)1 ? (T)((U)0 - (U)x) : x)                                              \
    case DLC_FN_NEG:                                                                                                   \
      if (!is_signed) return false;                                                                                    \
      LOOP(T, (U)0 - (U)x)                                                                                             \
    case DLC_FN_SIGN: LOOP(T, is_signed &&x < (T)1 && x != 0 ? -1 : x != 0)                                            \
    case DLC_FN_SQUARE: LOOP(T, (U)((uint64_t)x * (uint64_t)x))                                                        \
    case DLC_FN_BITWISE_NOT: LOOP(T, ~x)                                                                               \
    default: return false;                                                                                             \
    }                                                                                                                  \
  }
DLC_FOR_EACH_INTEGER(FUNCTIONS)

bool dlc_unary_integer(int32_t function, uint8_t type, const void *x_data, void *y_data, int64_t n, float alpha,
                       float beta) {
  switch (type) {
#define CASE(name, T, id, U)                                                                                           \
  case id: {                                                                                                           \
    if (!DLC_HAS_TYPE(id)) return false;                                                                               \
    T low = 0, high = 0;                                                                                               \
    dlc_cast_run(DLC_F32, &alpha, 1, id, &low, 1, 1);                                                                  \
    dlc_cast_run(DLC_F32, &beta, 1, id, &high, 1, 1);                                                                  \
    return function_##name(function, x_data, y_data, n, low, high);                                                    \
  }
    DLC_FOR_EACH_INTEGER(CASE)
  case DLC_BOOL:
    if (function == DLC_FN_NOT) LOOP(uint8_t, x == 0)
    if (function == DLC_FN_IDENTITY) LOOP(uint8_t, x)
    return false;
  default: return false;
  }
}
