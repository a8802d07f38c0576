// Operators of integers and bool. Arithmetic wraps; division by zero gives 0; no operand traps.
#include "binary/binary.h"
#include "binary/binary_loops.h"

int64_t dlc_integer_power(int64_t a, int64_t exponent) {
  if (exponent < 0) return a == 1 ? 1 : a == -1 ? ((exponent & 1) ? -1 : 1) : 0;
  uint64_t power = 1, square = (uint64_t)a;
  for (; exponent > 0; exponent >>= 1, square *= square)
    if (exponent & 1) power *= square;
  return (int64_t)power;
}

// Operators whose bits do not depend on the sign, by width.
#define BY_WIDTH(name, T, LOOPS)                                                                                       \
  LOOPS(static, row_add_##name, T, T, (uint64_t)x + y0)                                                                \
  LOOPS(static, row_sub_##name, T, T, (uint64_t)x - y0)                                                                \
  LOOPS(static, row_mul_##name, T, T, (uint64_t)x *y0)                                                                 \
  LOOPS(static, row_and_##name, T, T, x &y0)                                                                           \
  LOOPS(static, row_or_##name, T, T, x | y0)                                                                           \
  LOOPS(static, row_xor_##name, T, T, x ^ y0)                                                                          \
  LOOPS(static, row_equal_##name, T, uint8_t, x == y0)                                                                 \
  DLC_BINARY_COMPACT(static, row_left_##name, T, T, y0 < 8 * sizeof(T) ? (uint64_t)x << y0 : 0)
BY_WIDTH(w1, uint8_t, DLC_BINARY_COMPACT)
BY_WIDTH(w2, uint16_t, DLC_BINARY_COMPACT)
BY_WIDTH(w4, uint32_t, DLC_BINARY_FULL)
BY_WIDTH(w8, uint64_t, DLC_BINARY_FULL)

// The quotient, the remainder of the dividend's sign and that of the divisor's; minus one is apart because MIN / -1
// traps.
#define BY_TYPE(name, T, id, U)                                                                                        \
  static inline T divide_##name(T a, T b) {                                                                            \
    if (b == 0) return 0;                                                                                              \
    if ((T)-1 < (T)1 && b == (T)-1) return (T)((U)0 - (U)a);                                                           \
    return (T)(a / b);                                                                                                 \
  }                                                                                                                    \
  static inline T remainder_##name(T a, T b) {                                                                         \
    if (b == 0 || ((T)-1 < (T)1 && b == (T)-1)) return 0;                                                              \
    return (T)(a % b);                                                                                                 \
  }                                                                                                                    \
  static inline T modulo_##name(T a, T b) {                                                                            \
    T r = remainder_##name(a, b);                                                                                      \
    return r != 0 && (T)-1 < (T)1 && (r ^ b) < (T)1 ? (T)(r + b) : r;                                                  \
  }                                                                                                                    \
  static inline T right_##name(T a, T b) {                                                                             \
    int last = (int)(8 * sizeof(T)) - 1;                                                                               \
    if ((U)b <= (U)last) return (T)(a >> b);                                                                           \
    return (T)-1 < (T)1 ? (T)(a >> last) : (T)0;                                                                       \
  }                                                                                                                    \
  DLC_BINARY_COMPACT(static, row_div_##name, T, T, divide_##name(x, y0))                                               \
  DLC_BINARY_COMPACT(static, row_fmod_##name, T, T, remainder_##name(x, y0))                                           \
  DLC_BINARY_COMPACT(static, row_mod_##name, T, T, modulo_##name(x, y0))                                               \
  DLC_BINARY_COMPACT(static, row_right_##name, T, T, right_##name(x, y0))                                              \
  DLC_BINARY_COMPACT(static, row_prelu_##name, T, T,                                                                   \
                     (T)-1 < (T)1 && x < (T)1 ? (uint64_t)x * (uint64_t)y0 : (uint64_t)x)                              \
  DLC_BINARY_FULL(static, row_min_##name, T, T, x < y0 ? x : y0)                                                       \
  DLC_BINARY_FULL(static, row_max_##name, T, T, x > y0 ? x : y0)                                                       \
  DLC_BINARY_COMPACT(static, row_less_##name, T, uint8_t, x < y0)                                                      \
  DLC_BINARY_COMPACT(static, row_less_equal_##name, T, uint8_t, x <= y0)
DLC_FOR_EACH_INTEGER(BY_TYPE)

// Any nonzero byte is true.
DLC_BINARY_COMPACT(static, row_and_bool, uint8_t, uint8_t, x &&y0)
DLC_BINARY_COMPACT(static, row_or_bool, uint8_t, uint8_t, x || y0)
DLC_BINARY_COMPACT(static, row_xor_bool, uint8_t, uint8_t, !x != !y0)
DLC_BINARY_COMPACT(static, row_equal_bool, uint8_t, uint8_t, !x == !y0)

#define WIDTH_CASE(op, row)                                                                                            \
  case op: return bytes == 1 ? row##_w1 : bytes == 2 ? row##_w2 : bytes == 4 ? row##_w4 : row##_w8;

static dlc_binary_row *by_width(int32_t op, size_t bytes) {
  switch (op) {
    WIDTH_CASE(DLC_BIN_ADD, row_add)
    WIDTH_CASE(DLC_BIN_SUB, row_sub)
    WIDTH_CASE(DLC_BIN_MUL, row_mul)
    WIDTH_CASE(DLC_BIN_AND, row_and)
    WIDTH_CASE(DLC_BIN_OR, row_or)
    WIDTH_CASE(DLC_BIN_XOR, row_xor)
    WIDTH_CASE(DLC_BIN_EQUAL, row_equal)
    WIDTH_CASE(DLC_BIN_SHIFT_LEFT, row_left)
  default: return NULL;
  }
}

#define TYPE_CASES(name, T, id, U)                                                                                     \
  case id:                                                                                                             \
    if (!DLC_HAS_TYPE(id)) return NULL;                                                                                \
    switch (op) {                                                                                                      \
    case DLC_BIN_DIV: return row_div_##name;                                                                           \
    case DLC_BIN_MIN: return row_min_##name;                                                                           \
    case DLC_BIN_MAX: return row_max_##name;                                                                           \
    case DLC_BIN_MOD: return row_mod_##name;                                                                           \
    case DLC_BIN_FMOD: return row_fmod_##name;                                                                         \
    case DLC_BIN_PRELU: return row_prelu_##name;                                                                       \
    case DLC_BIN_SHIFT_RIGHT: return row_right_##name;                                                                 \
    case DLC_BIN_LESS: return row_less_##name;                                                                         \
    case DLC_BIN_LESS_EQUAL: return row_less_equal_##name;                                                             \
    default: return NULL;                                                                                              \
    }

dlc_binary_row *dlc_binary_integer(int32_t op, uint8_t type) {
  if (type == DLC_BOOL) {
    switch (op) {
    case DLC_BIN_AND: return row_and_bool;
    case DLC_BIN_OR: return row_or_bool;
    case DLC_BIN_XOR: return row_xor_bool;
    case DLC_BIN_EQUAL: return row_equal_bool;
    default: return NULL;
    }
  }
  if (!(DLC_TYPE_SET & ~(1u << DLC_F32 | 1u << DLC_F64 | 1u << DLC_F16 | 1u << DLC_BF16 | 1u << DLC_BOOL))) return NULL;
  dlc_binary_row *row = by_width(op, dlc_type_size(type));
  if (row) return row;
  switch (type) {
    DLC_FOR_EACH_INTEGER(TYPE_CASES)
  default: return NULL;
  }
}
