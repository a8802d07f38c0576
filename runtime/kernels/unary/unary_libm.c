// Functions by way of the C library: trigonometry in f32, and every function in f64.
#include <math.h>

#include "unary/unary.h"

#define ROW(name)                                                                                                      \
  static void row_##name(const float *x, float *y, int64_t n, float alpha, float beta) {                               \
    (void)alpha;                                                                                                       \
    (void)beta;                                                                                                        \
    for (int64_t i = 0; i < n; i++) y[i] = name##f(x[i]);                                                              \
  }
ROW(sin)
ROW(cos)
ROW(tan)
ROW(asin)
ROW(acos)
ROW(atan)
ROW(sinh)
ROW(cosh)
ROW(asinh)
ROW(acosh)
ROW(atanh)

dlc_unary_row *dlc_unary_libm_f32(int32_t function) {
  switch (function) {
  case DLC_FN_SIN: return DLC_HAS_FUNCTION(DLC_FN_SIN) ? row_sin : NULL;
  case DLC_FN_COS: return DLC_HAS_FUNCTION(DLC_FN_COS) ? row_cos : NULL;
  case DLC_FN_TAN: return DLC_HAS_FUNCTION(DLC_FN_TAN) ? row_tan : NULL;
  case DLC_FN_ASIN: return DLC_HAS_FUNCTION(DLC_FN_ASIN) ? row_asin : NULL;
  case DLC_FN_ACOS: return DLC_HAS_FUNCTION(DLC_FN_ACOS) ? row_acos : NULL;
  case DLC_FN_ATAN: return DLC_HAS_FUNCTION(DLC_FN_ATAN) ? row_atan : NULL;
  case DLC_FN_SINH: return DLC_HAS_FUNCTION(DLC_FN_SINH) ? row_sinh : NULL;
  case DLC_FN_COSH: return DLC_HAS_FUNCTION(DLC_FN_COSH) ? row_cosh : NULL;
  case DLC_FN_ASINH: return DLC_HAS_FUNCTION(DLC_FN_ASINH) ? row_asinh : NULL;
  case DLC_FN_ACOSH: return DLC_HAS_FUNCTION(DLC_FN_ACOSH) ? row_acosh : NULL;
  case DLC_FN_ATANH: return DLC_HAS_FUNCTION(DLC_FN_ATANH) ? row_atanh : NULL;
  default: return NULL;
  }
}

// Bounds stand first in the comparisons, so that NaN passes through.
static double clip(double x, double low, double high) {
  double raised = low > x ? low : x;
  return high < raised ? high : raised;
}

static double sigmoid(double x) { return 1 / (1 + exp(-x)); }

static double softplus(double x) { return (x > 0 ? x : x != x ? x : 0) + log1p(exp(-fabs(x))); }

bool dlc_unary_f64(int32_t function, const double *xs, double *ys, int64_t n, double alpha, double beta) {
#define CASE(function, expression)                                                                                     \
  case function:                                                                                                       \
    if (!DLC_HAS_FUNCTION(function)) return false;                                                                     \
    for (int64_t i = 0; i < n; i++) {                                                                                  \
      double x = xs[i];                                                                                                \
      ys[i] = expression;                                                                                              \
    }                                                                                                                  \
    return true;
  if (!DLC_HAS_TYPE(DLC_F64)) return false;
  switch (function) {
    CASE(DLC_FN_IDENTITY, x)
    CASE(DLC_FN_RELU, x < 0 ? 0 : x)
    CASE(DLC_FN_CLIP, clip(x, alpha, beta))
    CASE(DLC_FN_LEAKY_RELU, x < 0 ? alpha * x : x)
    CASE(DLC_FN_SIGMOID, sigmoid(x))
    CASE(DLC_FN_TANH, tanh(x))
    CASE(DLC_FN_SILU, x * sigmoid(alpha * x))
    CASE(DLC_FN_HARD_SIGMOID, clip(alpha * x + beta, 0, 1))
    CASE(DLC_FN_HARD_SWISH, x * clip(x / 6 + 0.5, 0, 1))
    CASE(DLC_FN_GELU, 0.5 * x * (1 + erf(x * 0.70710678118654752440)))
    CASE(DLC_FN_GELU_TANH, 0.5 * x * (1 + tanh(0.79788456080286535588 * (x + 0.044715 * x * x * x))))
    CASE(DLC_FN_ELU, x < 0 ? alpha * expm1(x) : x)
    CASE(DLC_FN_SELU, beta * (x > 0 ? x : alpha * expm1(x)))
    CASE(DLC_FN_CELU, x > 0 ? x : alpha * expm1(x / alpha))
    CASE(DLC_FN_SOFTPLUS, softplus(x))
    CASE(DLC_FN_SOFTSIGN, x / (1 + fabs(x)))
    CASE(DLC_FN_MISH, x * tanh(softplus(x)))
    CASE(DLC_FN_THRESHOLDED_RELU, x > alpha ? x : 0)
    CASE(DLC_FN_SHRINK, x < -beta ? x + alpha : x > beta ? x - alpha : 0)
    CASE(DLC_FN_ABS, fabs(x))
    CASE(DLC_FN_NEG, -x)
    CASE(DLC_FN_CEIL, ceil(x))
    CASE(DLC_FN_FLOOR, floor(x))
    CASE(DLC_FN_ROUND, rint(x))
    CASE(DLC_FN_SIGN, x > 0 ? 1 : x < 0 ? -1 : x)
    CASE(DLC_FN_RECIPROCAL, 1 / x)
    CASE(DLC_FN_SQRT, sqrt(x))
    CASE(DLC_FN_RSQRT, 1 / sqrt(x))
    CASE(DLC_FN_EXP, exp(x))
    CASE(DLC_FN_LOG, log(x))
    CASE(DLC_FN_SIN, sin(x))
    CASE(DLC_FN_COS, cos(x))
    CASE(DLC_FN_TAN, tan(x))
    CASE(DLC_FN_ASIN, asin(x))
    CASE(DLC_FN_ACOS, acos(x))
    CASE(DLC_FN_ATAN, atan(x))
    CASE(DLC_FN_SINH, sinh(x))
    CASE(DLC_FN_COSH, cosh(x))
    CASE(DLC_FN_ASINH, asinh(x))
    CASE(DLC_FN_ACOSH, acosh(x))
    CASE(DLC_FN_ATANH, atanh(x))
    CASE(DLC_FN_ERF, erf(x))
    CASE(DLC_FN_SQUARE, x * x)
  default: return false;
  }
#undef CASE
}
