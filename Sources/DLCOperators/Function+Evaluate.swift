import DLCTensor
import Foundation

extension Function {
  /// The function of a real number; 0 and 1 stand for false and true.
  func callAsFunction(_ x: Double) -> Double {
    switch self {
    case .identity: x
    case .relu: x < 0 ? 0 : x
    case .clip(let low, let high): clamp(x, Double(low), Double(high))
    case .leakyRelu(let slope): x < 0 ? Double(slope) * x : x
    case .sigmoid: logistic(x)
    case .tanh: Foundation.tanh(x)
    case .silu(let alpha): x * logistic(Double(alpha) * x)
    case .hardSigmoid(let alpha, let beta): clamp(Double(alpha) * x + Double(beta), 0, 1)
    case .hardSwish: x * clamp(x / 6 + 0.5, 0, 1)
    case .gelu: 0.5 * x * (1 + Foundation.erf(x * 0.5.squareRoot()))
    case .geluTanh: 0.5 * x * (1 + Foundation.tanh((2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)))
    case .elu(let alpha): x < 0 ? Double(alpha) * expm1(x) : x
    case .selu(let alpha, let gamma): Double(gamma) * (x > 0 ? x : Double(alpha) * expm1(x))
    case .celu(let alpha): x > 0 ? x : Double(alpha) * expm1(x / Double(alpha))
    case .softplus: softPositive(x)
    case .softsign: x / (1 + x.magnitude)
    case .mish: x * Foundation.tanh(softPositive(x))
    case .thresholdedRelu(let alpha): x > Double(alpha) ? x : 0
    case .shrink(let bias, let lambda):
      x < -Double(lambda) ? x + Double(bias) : x > Double(lambda) ? x - Double(bias) : 0
    case .abs: x.magnitude
    case .negate: -x
    case .ceil: x.rounded(.up)
    case .floor: x.rounded(.down)
    case .round: x.rounded(.toNearestOrEven)
    case .sign: x > 0 ? 1 : x < 0 ? -1 : x
    case .reciprocal: 1 / x
    case .sqrt: x.squareRoot()
    case .rsqrt: 1 / x.squareRoot()
    case .exp: Foundation.exp(x)
    case .log: Foundation.log(x)
    case .sin: Foundation.sin(x)
    case .cos: Foundation.cos(x)
    case .tan: Foundation.tan(x)
    case .asin: Foundation.asin(x)
    case .acos: Foundation.acos(x)
    case .atan: Foundation.atan(x)
    case .sinh: Foundation.sinh(x)
    case .cosh: Foundation.cosh(x)
    case .asinh: Foundation.asinh(x)
    case .acosh: Foundation.acosh(x)
    case .atanh: Foundation.atanh(x)
    case .erf: Foundation.erf(x)
    case .square: x * x
    case .not: x == 0 ? 1 : 0
    case .bitwiseNot: -x - 1
    case .isNaN: x.isNaN ? 1 : 0
    case .isInfinite(let negative, let positive): x.isInfinite && (x < 0 ? negative : positive) ? 1 : 0
    }
  }

  /// The element types the function is defined for.
  var elements: [ElementType] {
    switch self {
    case .identity: ElementType.numbers + [.bool]
    case .relu, .clip, .abs, .ceil, .floor, .round, .sign, .square: ElementType.numbers
    case .negate: ElementType.numbers.filter(\.isSigned)
    case .not: [.bool]
    case .bitwiseNot: ElementType.integers
    case .leakyRelu, .sigmoid, .tanh, .silu, .hardSigmoid, .hardSwish, .gelu, .geluTanh, .elu, .selu, .celu,
      .softplus, .softsign, .mish, .thresholdedRelu, .shrink, .reciprocal, .sqrt, .rsqrt, .exp, .log, .sin, .cos,
      .tan, .asin, .acos, .atan, .sinh, .cosh, .asinh, .acosh, .atanh, .erf, .isNaN, .isInfinite:
      ElementType.floats
    }
  }

  /// Whether the result is bool whatever the argument's type.
  var isTest: Bool {
    switch self {
    case .isNaN, .isInfinite: true
    default: false
    }
  }

  /// The function of an integer tensor, in its own type; arithmetic wraps.
  func evaluate<T: FixedWidthInteger & TensorElement>(_ x: Tensor, as _: T.Type) -> Tensor {
    let values = x.elements(as: T.self)
    let results: [T] =
      switch self {
      case .relu: values.map { max($0, 0) }
      case .clip(let low, let high):
        values.map { min(max($0, saturated(low)), saturated(high)) }
      case .abs: values.map { $0 < 0 ? 0 &- $0 : $0 }
      case .negate: values.map { 0 &- $0 }
      case .sign: values.map { $0.signum() }
      case .square: values.map { $0 &* $0 }
      case .bitwiseNot: values.map { ~$0 }
      default: values
      }
    return Tensor(results, shape: x.shape)
  }

  private func saturated<T: FixedWidthInteger>(_ bound: Float) -> T {
    bound.isNaN ? 0 : bound <= Float(T.min) ? T.min : bound >= Float(T.max) ? T.max : T(bound)
  }
}

private func clamp(_ x: Double, _ low: Double, _ high: Double) -> Double {
  x.isNaN ? x : min(max(x, low), high)
}

private func logistic(_ x: Double) -> Double { 1 / (1 + exp(-x)) }

private func softPositive(_ x: Double) -> Double { max(x, 0) + log1p(exp(-x.magnitude)) }
