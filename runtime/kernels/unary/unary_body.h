// The f32 functions, written once for every instruction set; a unary_<isa>.c defines the vector type and includes this.
#include "unary/unary.h"

#define V DLC_V
#define F(name) DLC_VF(name)

// y = expression(x) over n elements; the tail goes through the same vector code.
#define ROW(name, expression)                                                                                          \
  DLC_VTARGET DLC_FLATTEN void row_##name(const float *xs, float *ys, int64_t n, float alpha, float beta) {            \
    (void)alpha;                                                                                                       \
    (void)beta;                                                                                                        \
    int64_t i = 0;                                                                                                     \
    for (; i + DLC_VWIDTH <= n; i += DLC_VWIDTH) {                                                                     \
      V x = F(load)(xs + i);                                                                                           \
      F(store)(ys + i, expression);                                                                                    \
    }                                                                                                                  \
    if (i < n) {                                                                                                       \
      V x = F(load_part)(xs + i, (int)(n - i));                                                                        \
      F(store_part)(ys + i, expression, (int)(n - i));                                                                 \
    }                                                                                                                  \
  }

// Functions that compilers turn into vector instructions by themselves.
#define LOOP(name, expression)                                                                                         \
  DLC_VTARGET void row_##name(const float *xs, float *ys, int64_t n, float alpha, float beta) {                        \
    (void)alpha;                                                                                                       \
    (void)beta;                                                                                                        \
    DLC_INDEPENDENT                                                                                                    \
    for (int64_t i = 0; i < n; i++) {                                                                                  \
      float x = xs[i];                                                                                                 \
      ys[i] = expression;                                                                                              \
    }                                                                                                                  \
  }

#define ACTIVATION(name, function) ROW(name, F(apply)(function, alpha, beta, x))

ACTIVATION(identity, DLC_FN_IDENTITY)
ACTIVATION(relu, DLC_FN_RELU)
ACTIVATION(clip, DLC_FN_CLIP)
ACTIVATION(leaky_relu, DLC_FN_LEAKY_RELU)
ACTIVATION(sigmoid, DLC_FN_SIGMOID)
ACTIVATION(tanh, DLC_FN_TANH)
ACTIVATION(silu, DLC_FN_SILU)
ACTIVATION(hard_sigmoid, DLC_FN_HARD_SIGMOID)
ACTIVATION(hard_swish, DLC_FN_HARD_SWISH)
ACTIVATION(gelu, DLC_FN_GELU)
ACTIVATION(gelu_tanh, DLC_FN_GELU_TANH)
ACTIVATION(elu, DLC_FN_ELU)
ACTIVATION(selu, DLC_FN_SELU)
ACTIVATION(celu, DLC_FN_CELU)
ACTIVATION(softplus, DLC_FN_SOFTPLUS)
ACTIVATION(softsign, DLC_FN_SOFTSIGN)
ACTIVATION(mish, DLC_FN_MISH)
ACTIVATION(thresholded_relu, DLC_FN_THRESHOLDED_RELU)
ACTIVATION(shrink, DLC_FN_SHRINK)
ROW(exp, F(exp)(x))
ROW(log, F(log)(x))
ROW(erf, F(erf)(x))
LOOP(abs, __builtin_fabsf(x))
LOOP(neg, -x)
LOOP(ceil, __builtin_ceilf(x))
LOOP(floor, __builtin_floorf(x))
LOOP(round, __builtin_rintf(x))
LOOP(sign, x > 0 ? 1.0f : x < 0 ? -1.0f : x)
LOOP(reciprocal, 1.0f / x)
LOOP(sqrt, __builtin_sqrtf(x))
LOOP(rsqrt, 1.0f / __builtin_sqrtf(x))
LOOP(square, x *x)

#define ENTRY(function, row) [function] = DLC_HAS_FUNCTION(function) ? row : NULL

const dlc_unary_rows DLC_ROWS_NAME = {{
    ENTRY(DLC_FN_IDENTITY, row_identity),
    ENTRY(DLC_FN_RELU, row_relu),
    ENTRY(DLC_FN_CLIP, row_clip),
    ENTRY(DLC_FN_LEAKY_RELU, row_leaky_relu),
    ENTRY(DLC_FN_SIGMOID, row_sigmoid),
    ENTRY(DLC_FN_TANH, row_tanh),
    ENTRY(DLC_FN_SILU, row_silu),
    ENTRY(DLC_FN_HARD_SIGMOID, row_hard_sigmoid),
    ENTRY(DLC_FN_HARD_SWISH, row_hard_swish),
    ENTRY(DLC_FN_GELU, row_gelu),
    ENTRY(DLC_FN_GELU_TANH, row_gelu_tanh),
    ENTRY(DLC_FN_ELU, row_elu),
    ENTRY(DLC_FN_SELU, row_selu),
    ENTRY(DLC_FN_CELU, row_celu),
    ENTRY(DLC_FN_SOFTPLUS, row_softplus),
    ENTRY(DLC_FN_SOFTSIGN, row_softsign),
    ENTRY(DLC_FN_MISH, row_mish),
    ENTRY(DLC_FN_THRESHOLDED_RELU, row_thresholded_relu),
    ENTRY(DLC_FN_SHRINK, row_shrink),
    ENTRY(DLC_FN_ABS, row_abs),
    ENTRY(DLC_FN_NEG, row_neg),
    ENTRY(DLC_FN_CEIL, row_ceil),
    ENTRY(DLC_FN_FLOOR, row_floor),
    ENTRY(DLC_FN_ROUND, row_round),
    ENTRY(DLC_FN_SIGN, row_sign),
    ENTRY(DLC_FN_RECIPROCAL, row_reciprocal),
    ENTRY(DLC_FN_SQRT, row_sqrt),
    ENTRY(DLC_FN_RSQRT, row_rsqrt),
    ENTRY(DLC_FN_EXP, row_exp),
    ENTRY(DLC_FN_LOG, row_log),
    ENTRY(DLC_FN_ERF, row_erf),
    ENTRY(DLC_FN_SQUARE, row_square),
}};

#undef ENTRY
#undef V
#undef F
