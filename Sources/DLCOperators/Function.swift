/// An elementwise function of one argument, with its constants.
package enum Function: Sendable, Hashable {
  case identity
  case relu
  case clip(low: Float, high: Float)
  case leakyRelu(slope: Float)
  case sigmoid
  case tanh
  /// x * sigmoid(alpha * x)
  case silu(alpha: Float)
  /// clip(alpha * x + beta, 0, 1)
  case hardSigmoid(alpha: Float, beta: Float)
  case hardSwish
  /// x/2 (1 + erf(x / sqrt 2))
  case gelu
  case geluTanh
  case elu(alpha: Float)
  /// gamma * (x > 0 ? x : alpha * (exp(x) - 1))
  case selu(alpha: Float, gamma: Float)
  case celu(alpha: Float)
  case softplus
  case softsign
  case mish
  case thresholdedRelu(alpha: Float)
  /// x < -lambda ? x + bias : x > lambda ? x - bias : 0
  case shrink(bias: Float, lambda: Float)
  case abs, negate, ceil, floor
  /// Half to even.
  case round
  case sign, reciprocal, sqrt, rsqrt, exp, log
  case sin, cos, tan, asin, acos, atan, sinh, cosh, asinh, acosh, atanh
  case erf, square
  /// Logical not of bool.
  case not
  case bitwiseNot
  case isNaN
  case isInfinite(negative: Bool, positive: Bool)
}
