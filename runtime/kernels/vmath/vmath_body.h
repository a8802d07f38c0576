// Elementary functions of f32 vectors, written once: a vmath_<isa>.h header defines the vector type and its primitives
// and includes this file, so that every instruction set evaluates the same polynomials.
//
// Expects DLC_V (vector of f32; the operators + - * / work on it), DLC_VTARGET (function attributes), DLC_VF(name)
// (decorated name) and the primitives splat, fma, min, max, lt, eq, select, abs, copysign, exp2i, exponent, mantissa;
// DLC_VSCALE2 where an instruction multiplies by a power of two.
// Products and sums are rounded one by one, also where a processor could fuse them, and powers of two are exact: every
// instruction set gives the same bits. Exceptions are erf and with it GELU, long polynomials that are fused where that
// is quicker, and results below 2^-126, which ARMv7's vectors take as 0. min(a, b) and max(a, b) give b when either is
// NaN, or NaN; so the argument that may be NaN stands second. Coefficients are our own weighted minimax fits, or the
// Taylor series where it is as short.

#define V DLC_V
#define F(name) DLC_VF(name)
#define C(x) DLC_VF(splat)(x)
#define MULTIPLY_ADD(a, b, c) ((a) * (b) + (c))

// Nearest integer, half to even, for |x| < 2^22.
DLC_VTARGET V F(nearest)(V x) { return (x + C(12582912.0f)) - C(12582912.0f); }

// x 2^n of an integer-valued n in -150...130 and x in 0.5...2; rounded once, as the first product is exact.
DLC_VTARGET V F(scale2)(V x, V n) {
#if defined(DLC_VSCALE2)
  return DLC_VSCALE2(x, n);
#else
  V half = F(nearest)(n * C(0.5f));
  return x * F(exp2i)(half) * F(exp2i)(n - half);
#endif
}

// e^r - 1 for |r| <= ln(2)/2; error 4e-9.
DLC_VTARGET V F(exp_residue)(V r) {
  V q = C(0.00138819696f);
  q = MULTIPLY_ADD(q, r, C(0.00836922631f));
  q = MULTIPLY_ADD(q, r, C(0.041667322f));
  q = MULTIPLY_ADD(q, r, C(0.166665156f));
  q = MULTIPLY_ADD(q, r, C(0.49999997f));
  return MULTIPLY_ADD(q, r * r, r);
}

// x - n ln 2, with ln 2 in two parts of which the first has few bits (Cody and Waite).
DLC_VTARGET V F(exp_reduce)(V x, V n) {
  V r = MULTIPLY_ADD(n, C(-0.693359375f), x);
  return MULTIPLY_ADD(n, C(2.12194440e-4f), r);
}

// e^x; +inf above 88.73, gradual underflow to 0 below -87.3, NaN for NaN.
DLC_VTARGET V F(exp)(V x) {
  x = F(min)(C(89.0f), F(max)(C(-104.0f), x));
  V n = F(nearest)(x * C(1.44269504f));
  return F(scale2)(F(exp_residue)(F(exp_reduce)(x, n)) + C(1.0f), n);
}

// e^x for x <= 0 and NaN; what would be below 2^-126 may be 0.
DLC_VTARGET V F(exp_nonpositive)(V x) {
#if defined(DLC_VSCALE2)
  return F(exp)(x);
#else
  const V lowest = C(-87.3366f); // ln 2^-126 = -87.33654...
  V y = F(max)(lowest, x);
  V n = F(nearest)(y * C(1.44269504f));
  V p = F(exp_residue)(F(exp_reduce)(y, n)) + C(1.0f);
  return F(select)(F(lt)(x, lowest), C(0.0f), p * F(exp2i)(n));
#endif
}

// e^x - 1 without cancellation near 0; x is taken as at most 88.
DLC_VTARGET V F(expm1)(V x) {
  x = F(min)(C(88.0f), F(max)(C(-40.0f), x));
  V n = F(nearest)(x * C(1.44269504f));
  V p = F(exp_residue)(F(exp_reduce)(x, n));
  V scale = F(exp2i)(n);
  return MULTIPLY_ADD(scale, p, scale - C(1.0f));
}

// 2 atanh(s) = log((1 + s) / (1 - s)) for |s| <= 1/3.
DLC_VTARGET V F(two_atanh)(V s) {
  V z = s * s;
  V q = C(2.0f / 15);
  q = MULTIPLY_ADD(q, z, C(2.0f / 13));
  q = MULTIPLY_ADD(q, z, C(2.0f / 11));
  q = MULTIPLY_ADD(q, z, C(2.0f / 9));
  q = MULTIPLY_ADD(q, z, C(2.0f / 7));
  q = MULTIPLY_ADD(q, z, C(2.0f / 5));
  q = MULTIPLY_ADD(q, z, C(2.0f / 3));
  return MULTIPLY_ADD(q * z, s, s + s);
}

// Natural logarithm; -inf for 0, NaN below 0.
DLC_VTARGET V F(log)(V x) {
  DLC_VM tiny = F(lt)(x, C(1.17549435e-38f));
  V y = F(select)(tiny, x * C(8388608.0f), x);
  V e = F(exponent)(y) - F(select)(tiny, C(23.0f), C(0.0f));
  V m = F(mantissa)(y);
  DLC_VM high = F(lt)(C(1.41421356f), m);
  m = F(select)(high, m * C(0.5f), m);
  e = F(select)(high, e + C(1.0f), e);
  V l = F(two_atanh)((m - C(1.0f)) / (m + C(1.0f)));
  V r = MULTIPLY_ADD(e, C(0.693359375f), MULTIPLY_ADD(e, C(-2.12194440e-4f), l));
  r = F(select)(F(lt)(C(3.40282347e38f), x), x, r);
  r = F(select)(F(lt)(x, C(1.4e-45f)), F(select)(F(lt)(x, C(0.0f)), C(__builtin_nanf("")), C(-__builtin_inff())), r);
  return F(select)(F(eq)(x, x), r, x);
}

// log(1 + u) for 0 <= u <= 1.
DLC_VTARGET V F(log1p_unit)(V u) { return F(two_atanh)(u / (u + C(2.0f))); }

DLC_VTARGET V F(sigmoid)(V x) { return C(1.0f) / (C(1.0f) + F(exp)(C(0.0f) - x)); }

// tanh |x| = t / (t + 2), t = e^(2|x|) - 1.
DLC_VTARGET V F(tanh)(V x) {
  V a = F(min)(C(10.0f), F(abs)(x));
  V t = F(expm1)(a + a);
  return F(copysign)(t / (t + C(2.0f)), x);
}

// erf: x P(x^2) below 1; 1 - e^-Q(|x|) above, where Q fits -log erfc on [0.95, 4] (beyond it erf rounds to 1).
DLC_VTARGET V F(erf)(V x) {
  V a = F(min)(C(4.0f), F(abs)(x));
  V z = F(min)(C(1.0f), a * a);
  V p = C(7.85385774e-05f);
  p = F(fma)(p, z, C(-0.000801019253f));
  p = F(fma)(p, z, C(0.00518832756f));
  p = F(fma)(p, z, C(-0.0268538119f));
  p = F(fma)(p, z, C(0.112835851f));
  p = F(fma)(p, z, C(-0.376126258f));
  p = F(fma)(p, z, C(1.12837917f));
  V q = C(-0.000192426075f);
  q = F(fma)(q, a, C(0.00300853736f));
  q = F(fma)(q, a, C(-0.022087642f));
  q = F(fma)(q, a, C(0.103640325f));
  q = F(fma)(q, a, C(0.637517009f));
  q = F(fma)(q, a, C(1.12747499f));
  q = F(fma)(q, a, C(0.000244713603f));
  V far = C(1.0f) - F(exp)(C(0.0f) - q);
  return F(copysign)(F(select)(F(lt)(a, C(1.0f)), p * a, far), x);
}

// The function `function` (dlc_function, below 32) of x.
DLC_VTARGET V F(apply)(int32_t function, float alpha, float beta, V x) {
  const V zero = C(0.0f), one = C(1.0f), a = C(alpha), b = C(beta);
// Functions that the build leaves out go with the code only they need.
#define USED(f)                                                                                                        \
  case f:                                                                                                              \
    if (!DLC_HAS_FUNCTION(f)) break;
  switch (function) {
    USED(DLC_FN_RELU) return F(max)(zero, x);
    USED(DLC_FN_CLIP) return F(min)(b, F(max)(a, x));
    USED(DLC_FN_LEAKY_RELU) return F(select)(F(lt)(x, zero), a * x, x);
    USED(DLC_FN_SIGMOID) return F(sigmoid)(x);
    USED(DLC_FN_TANH) return F(tanh)(x);
    USED(DLC_FN_SILU) return x * F(sigmoid)(a * x);
    USED(DLC_FN_HARD_SIGMOID) return F(min)(one, F(max)(zero, MULTIPLY_ADD(a, x, b)));
    USED(DLC_FN_HARD_SWISH) return x * F(min)(one, F(max)(zero, MULTIPLY_ADD(x, C(1.0f / 6), C(0.5f))));
    USED(DLC_FN_GELU) {
      V h = C(0.5f) * x;
      return F(fma)(h, F(erf)(x * C(0.707106781f)), h);
    }
    USED(DLC_FN_GELU_TANH) {
      V h = C(0.5f) * x;
      return MULTIPLY_ADD(h, F(tanh)(C(0.797884561f) * MULTIPLY_ADD(C(0.044715f) * x * x, x, x)), h);
    }
    USED(DLC_FN_ELU) return F(select)(F(lt)(x, zero), a * F(expm1)(x), x);
    USED(DLC_FN_SELU) return b * F(select)(F(lt)(zero, x), x, a * F(expm1)(x));
    USED(DLC_FN_CELU) return F(select)(F(lt)(zero, x), x, a * F(expm1)(x / a));
    USED(DLC_FN_SOFTPLUS) return F(max)(zero, x) + F(log1p_unit)(F(exp)(zero - F(abs)(x)));
    USED(DLC_FN_SOFTSIGN) return x / (one + F(abs)(x));
    USED(DLC_FN_MISH) {
      // tanh(log(1 + e)) = e (e + 2) / (e (e + 2) + 2), which is 1 in f32 from x = 20 on.
      V e = F(exp)(F(min)(C(20.0f), x));
      V w = e * (e + C(2.0f));
      return x * (w / (w + C(2.0f)));
    }
    USED(DLC_FN_THRESHOLDED_RELU) return F(select)(F(lt)(a, x), x, zero);
    USED(DLC_FN_SHRINK) return F(select)(F(lt)(x, zero - b), x + a, F(select)(F(lt)(b, x), x - a, zero));
  default: break;
  }
  return x;
#undef USED
}

#undef V
#undef F
#undef C
#undef MULTIPLY_ADD
