import DLCGraph
import DLCOperators
import DLCTensor

extension Unary: OnnxSpelled {
  func spell(_ n: inout NodeSpelling) throws(OnnxWriteError) -> [String] { [try n.apply(function, n.inputs[0])] }
}

extension NodeSpelling {
  /// The function of x, whose type is the first input's; x itself without one.
  mutating func apply(_ function: Function?, _ x: String) throws(OnnxWriteError) -> String {
    guard let function else { return x }
    switch function {
    case .identity: return x
    case .clip(let low, let high):
      let bounds = [low, high].map { $0.isFinite ? scalar(Double($0), element) : "" }
      return emit("Clip", [x] + bounds)
    case .silu(let alpha):
      let argument = alpha == 1 ? x : emit("Mul", [x, scalar(Double(alpha), element)])
      return emit("Mul", [x, emit("Sigmoid", [argument])])
    case .gelu:
      let part = emit("Erf", [emit("Mul", [x, scalar(0.5.squareRoot(), element)])])
      return emit("Mul", [emit("Mul", [x, scalar(0.5, element)]), emit("Add", [part, scalar(1, element)])])
    case .geluTanh:
      let cube = emit("Mul", [emit("Mul", [x, x]), x])
      let inner = emit("Add", [x, emit("Mul", [cube, scalar(0.044715, element)])])
      let part = emit("Tanh", [emit("Mul", [inner, scalar((2 / Double.pi).squareRoot(), element)])])
      return emit("Mul", [emit("Mul", [x, scalar(0.5, element)]), emit("Add", [part, scalar(1, element)])])
    case .mish: return emit("Mul", [x, emit("Tanh", [emit("Softplus", [x])])])
    case .rsqrt: return emit("Reciprocal", [emit("Sqrt", [x])])
    case .square: return emit("Mul", [x, x])
    case .bitwiseNot:
      require(opset: 18)
      return emit("BitwiseNot", [x])
    case .isInfinite(let negative, let positive):
      return emit(
        "IsInf", [x], [("detect_negative", .int(negative ? 1 : 0)), ("detect_positive", .int(positive ? 1 : 0))])
    case .leakyRelu(let slope): return emit("LeakyRelu", [x], [("alpha", .float(slope))])
    case .hardSigmoid(let alpha, let beta):
      return emit("HardSigmoid", [x], [("alpha", .float(alpha)), ("beta", .float(beta))])
    case .elu(let alpha): return emit("Elu", [x], [("alpha", .float(alpha))])
    case .selu(let alpha, let gamma): return emit("Selu", [x], [("alpha", .float(alpha)), ("gamma", .float(gamma))])
    case .celu(let alpha): return emit("Celu", [x], [("alpha", .float(alpha))])
    case .thresholdedRelu(let alpha): return emit("ThresholdedRelu", [x], [("alpha", .float(alpha))])
    case .shrink(let bias, let lambda):
      return emit("Shrink", [x], [("bias", .float(bias)), ("lambd", .float(lambda))])
    case .relu: return emit("Relu", [x])
    case .sigmoid: return emit("Sigmoid", [x])
    case .tanh: return emit("Tanh", [x])
    case .hardSwish: return emit("HardSwish", [x])
    case .softplus: return emit("Softplus", [x])
    case .softsign: return emit("Softsign", [x])
    case .abs: return emit("Abs", [x])
    case .negate: return emit("Neg", [x])
    case .ceil: return emit("Ceil", [x])
    case .floor: return emit("Floor", [x])
    case .round: return emit("Round", [x])
    case .sign: return emit("Sign", [x])
    case .reciprocal: return emit("Reciprocal", [x])
    case .sqrt: return emit("Sqrt", [x])
    case .exp: return emit("Exp", [x])
    case .log: return emit("Log", [x])
    case .sin: return emit("Sin", [x])
    case .cos: return emit("Cos", [x])
    case .tan: return emit("Tan", [x])
    case .asin: return emit("Asin", [x])
    case .acos: return emit("Acos", [x])
    case .atan: return emit("Atan", [x])
    case .sinh: return emit("Sinh", [x])
    case .cosh: return emit("Cosh", [x])
    case .asinh: return emit("Asinh", [x])
    case .acosh: return emit("Acosh", [x])
    case .atanh: return emit("Atanh", [x])
    case .erf: return emit("Erf", [x])
    case .not: return emit("Not", [x])
    case .isNaN: return emit("IsNaN", [x])
    }
  }
}
