// Operators of f64, and those of f32 that need the C library.
#include <math.h>

#include "binary/binary.h"
#include "binary/binary_loops.h"

// numpy.mod: the result takes the divisor's sign.
static float mod_f32(float a, float b) {
  float r = fmodf(a, b);
  if (r == 0) return copysignf(r, b);
  return (r < 0) != (b < 0) && r == r ? r + b : r;
}

static double mod_f64(double a, double b) {
  double r = fmod(a, b);
  if (r == 0) return copysign(r, b);
  return (r < 0) != (b < 0) && r == r ? r + b : r;
}

DLC_BINARY_COMPACT(static, row_mod_f32, float, float, mod_f32(x, y0))
DLC_BINARY_COMPACT(static, row_fmod_f32, float, float, fmodf(x, y0))
DLC_BINARY_COMPACT(static, row_pow_each_f32, float, float, powf(x, y0))

// Constant exponents that are one or two multiplications, or a square root that rounds as powf does.
static void row_pow_f32(const void *a, int64_t sa, const void *b, int64_t sb, void *y, int64_t n) {
  const float *x = a;
  float *to = y, exponent = n > 0 && sb == 0 ? *(const float *)b : 0;
  if (exponent == 2) {
    if (sa == 0) {
      row_pow_each_f32(a, sa, b, sb, y, n);
      return;
    }
    DLC_INDEPENDENT
    for (int64_t i = 0; i < n; i++) to[i] = x[i] * x[i];
  } else if (exponent == 3) {
    DLC_COMPACT
    for (int64_t i = 0; i < n; i++) {
      double v = x[i * sa];
      to[i] = (float)(v * v * v);
    }
  } else {
    row_pow_each_f32(a, sa, b, sb, y, n);
  }
}

DLC_BINARY_FULL(static, row_add_f64, double, double, x + y0)
DLC_BINARY_FULL(static, row_sub_f64, double, double, x - y0)
DLC_BINARY_FULL(static, row_mul_f64, double, double, x *y0)
DLC_BINARY_FULL(static, row_div_f64, double, double, x / y0)
DLC_BINARY_COMPACT(static, row_pow_f64, double, double, pow(x, y0))
DLC_BINARY_COMPACT(static, row_min_f64, double, double, x != x ? x : (x < y0 ? x : y0))
DLC_BINARY_COMPACT(static, row_max_f64, double, double, x != x ? x : (x > y0 ? x : y0))
DLC_BINARY_COMPACT(static, row_mod_f64, double, double, mod_f64(x, y0))
DLC_BINARY_COMPACT(static, row_fmod_f64, double, double, fmod(x, y0))
DLC_BINARY_COMPACT(static, row_prelu_f64, double, double, x < 0 ? x * y0 : x)
DLC_BINARY_COMPACT(static, row_equal_f64, double, uint8_t, x == y0)
DLC_BINARY_COMPACT(static, row_less_f64, double, uint8_t, x < y0)
DLC_BINARY_COMPACT(static, row_less_equal_f64, double, uint8_t, x <= y0)

static dlc_binary_row *row_f64(int32_t op) {
  switch (op) {
  case DLC_BIN_ADD: return row_add_f64;
  case DLC_BIN_SUB: return row_sub_f64;
  case DLC_BIN_MUL: return row_mul_f64;
  case DLC_BIN_DIV: return row_div_f64;
  case DLC_BIN_POW: return row_pow_f64;
  case DLC_BIN_MIN: return row_min_f64;
  case DLC_BIN_MAX: return row_max_f64;
  case DLC_BIN_MOD: return row_mod_f64;
  case DLC_BIN_FMOD: return row_fmod_f64;
  case DLC_BIN_PRELU: return row_prelu_f64;
  case DLC_BIN_EQUAL: return row_equal_f64;
  case DLC_BIN_LESS: return row_less_f64;
  case DLC_BIN_LESS_EQUAL: return row_less_equal_f64;
  default: return NULL;
  }
}

dlc_binary_row *dlc_binary_float(int32_t op, uint8_t type) {
  if (op < 0 || op >= DLC_BINARY_OPS) return NULL;
  if (type == DLC_F64) return DLC_HAS_TYPE(DLC_F64) ? row_f64(op) : NULL;
  switch (op) {
  case DLC_BIN_POW: return row_pow_f32;
  case DLC_BIN_MOD: return row_mod_f32;
  case DLC_BIN_FMOD: return row_fmod_f32;
  default: return DLC_ROWS(dlc_binary_rows)->ops[op];
  }
}
