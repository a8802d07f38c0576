import DLCGraph
import DLCTensor

extension Function {
  /// Why there is no derivative, or nil when there is one.
  var gradientObstacle: String? {
    switch self {
    case .ceil, .floor, .round, .sign: "\(name) is constant almost everywhere"
    case .not, .bitwiseNot, .isNaN, .isInfinite: "\(name) does not give real numbers"
    default: nil
    }
  }

  /// Emits `g * f'(x)`; y is f(x).
  func gradient(_ patch: inout GraphPatch, x: ValueID, y: ValueID, g: ValueID) throws(OperatorError) -> ValueID {
    switch self {
    case .identity: return g
    case .relu: return try patch.select(patch.binary(.greater, x, 0), orZero: g)
    case .clip(let low, let high):
      let above = try patch.binary(.greaterEqual, x, Double(low))
      let below = try patch.binary(.lessEqual, x, Double(high))
      return try patch.select(patch.binary(.and, above, below), orZero: g)
    case .leakyRelu(let slope):
      return try patch.select(patch.binary(.less, x, 0), patch.multiply(g, Double(slope)), g)
    case .sigmoid: return try patch.multiply(g, patch.multiply(y, patch.subtract(1, y)))
    case .tanh: return try patch.multiply(g, patch.subtract(1, patch.square(y)))
    case .silu(let alpha):
      // s + alpha x s (1 - s) with s = sigmoid(alpha x)
      let s = try patch.unary(.sigmoid, patch.multiply(x, Double(alpha)))
      let rest = try patch.multiply(patch.multiply(x, Double(alpha)), patch.multiply(s, patch.subtract(1, s)))
      return try patch.multiply(g, patch.add(s, rest))
    case .hardSigmoid(let alpha, let beta):
      let line = try patch.add(patch.multiply(x, Double(alpha)), Double(beta))
      let inside = try patch.binary(.and, patch.binary(.greater, line, 0), patch.binary(.less, line, 1))
      return try patch.select(inside, orZero: patch.multiply(g, Double(alpha)))
    case .hardSwish:
      let middle = try patch.multiply(g, patch.add(patch.multiply(x, 1.0 / 3), 0.5))
      let upper = try patch.select(patch.binary(.greater, x, 3), g, middle)
      return try patch.select(patch.binary(.greater, x, -3), orZero: upper)
    case .gelu:
      // Phi(x) + x phi(x)
      let cumulative = try patch.multiply(
        patch.add(patch.unary(.erf, patch.multiply(x, 0.5.squareRoot())), 1), 0.5)
      let bell = try patch.unary(.exp, patch.multiply(patch.square(x), -0.5))
      let density = try patch.multiply(patch.multiply(x, bell), 1 / (2 * Double.pi).squareRoot())
      return try patch.multiply(g, patch.add(cumulative, density))
    case .geluTanh: return try geluTanhGradient(&patch, x: x, g: g)
    case .elu(let alpha):
      let lower = try patch.multiply(patch.multiply(g, patch.unary(.exp, x)), Double(alpha))
      return try patch.select(patch.binary(.less, x, 0), lower, g)
    case .selu(let alpha, let gamma):
      let upper = try patch.multiply(g, Double(gamma))
      let lower = try patch.multiply(patch.multiply(upper, patch.unary(.exp, x)), Double(alpha))
      return try patch.select(patch.binary(.greater, x, 0), upper, lower)
    case .celu(let alpha):
      let lower = try patch.multiply(g, patch.unary(.exp, patch.multiply(x, 1 / Double(alpha))))
      return try patch.select(patch.binary(.greater, x, 0), g, lower)
    case .softplus: return try patch.multiply(g, patch.unary(.sigmoid, x))
    case .softsign: return try patch.divide(g, patch.square(patch.add(patch.unary(.abs, x), 1)))
    case .mish:
      // t + x (1 - t^2) sigmoid(x) with t = tanh(softplus(x))
      let t = try patch.unary(.tanh, patch.unary(.softplus, x))
      let slope = try patch.multiply(patch.subtract(1, patch.square(t)), patch.unary(.sigmoid, x))
      return try patch.multiply(g, patch.add(t, patch.multiply(x, slope)))
    case .thresholdedRelu(let alpha):
      return try patch.select(patch.binary(.greater, x, Double(alpha)), orZero: g)
    case .shrink(_, let lambda):
      return try patch.select(patch.binary(.greater, patch.unary(.abs, x), Double(lambda)), orZero: g)
    case .abs: return try patch.multiply(g, patch.unary(.sign, x))
    case .negate: return try patch.unary(.negate, g)
    case .reciprocal: return try patch.unary(.negate, patch.multiply(g, patch.square(y)))
    case .sqrt: return try patch.multiply(patch.divide(g, y), 0.5)
    case .rsqrt: return try patch.multiply(patch.multiply(g, patch.multiply(y, patch.square(y))), -0.5)
    case .exp: return try patch.multiply(g, y)
    case .log: return try patch.divide(g, x)
    case .sin: return try patch.multiply(g, patch.unary(.cos, x))
    case .cos: return try patch.unary(.negate, patch.multiply(g, patch.unary(.sin, x)))
    case .tan: return try patch.multiply(g, patch.add(patch.square(y), 1))
    case .asin: return try patch.multiply(g, patch.unary(.rsqrt, patch.subtract(1, patch.square(x))))
    case .acos:
      return try patch.unary(.negate, patch.multiply(g, patch.unary(.rsqrt, patch.subtract(1, patch.square(x)))))
    case .atan: return try patch.divide(g, patch.add(patch.square(x), 1))
    case .sinh: return try patch.multiply(g, patch.unary(.cosh, x))
    case .cosh: return try patch.multiply(g, patch.unary(.sinh, x))
    case .asinh: return try patch.multiply(g, patch.unary(.rsqrt, patch.add(patch.square(x), 1)))
    case .acosh: return try patch.multiply(g, patch.unary(.rsqrt, patch.add(patch.square(x), -1)))
    case .atanh: return try patch.divide(g, patch.subtract(1, patch.square(x)))
    case .erf:
      let bell = try patch.unary(.exp, patch.unary(.negate, patch.square(x)))
      return try patch.multiply(patch.multiply(g, bell), 2 / Double.pi.squareRoot())
    case .square: return try patch.multiply(patch.multiply(g, x), 2)
    case .ceil, .floor, .round, .sign, .not, .bitwiseNot, .isNaN, .isInfinite:
      throw OperatorError(gradientObstacle ?? "\(name) has no derivative")
    }
  }

  /// (1 + t)/2 + x/2 (1 - t^2) u' with u = c (x + 0.044715 x^3), t = tanh u, c = sqrt(2 / pi).
  private func geluTanhGradient(
    _ patch: inout GraphPatch, x: ValueID, g: ValueID
  ) throws(OperatorError) -> ValueID {
    let c = (2 / Double.pi).squareRoot()
    let cube = try patch.multiply(patch.multiply(x, patch.square(x)), 0.044715)
    let t = try patch.unary(.tanh, patch.multiply(patch.add(x, cube), c))
    let inner = try patch.multiply(patch.add(patch.multiply(patch.square(x), 3 * 0.044715), 1), c)
    let slope = try patch.multiply(patch.subtract(1, patch.square(t)), inner)
    let sum = try patch.add(patch.add(t, patch.multiply(x, slope)), 1)
    return try patch.multiply(patch.multiply(g, sum), 0.5)
  }
}
