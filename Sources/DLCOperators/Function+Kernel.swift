import CDLCKernels
import DLCGraph
import DLCTensor

extension Function {
  /// The function as kernels know it: its code (`dlc_function`) and two constants.
  package var kernel: (code: UInt32, alpha: Float, beta: Float) {
    switch self {
    case .identity: (DLC_FN_IDENTITY.rawValue, 0, 0)
    case .relu: (DLC_FN_RELU.rawValue, 0, 0)
    case .clip(let low, let high): (DLC_FN_CLIP.rawValue, low, high)
    case .leakyRelu(let slope): (DLC_FN_LEAKY_RELU.rawValue, slope, 0)
    case .sigmoid: (DLC_FN_SIGMOID.rawValue, 0, 0)
    case .tanh: (DLC_FN_TANH.rawValue, 0, 0)
    case .silu(let alpha): (DLC_FN_SILU.rawValue, alpha, 0)
    case .hardSigmoid(let alpha, let beta): (DLC_FN_HARD_SIGMOID.rawValue, alpha, beta)
    case .hardSwish: (DLC_FN_HARD_SWISH.rawValue, 0, 0)
    case .gelu: (DLC_FN_GELU.rawValue, 0, 0)
    case .geluTanh: (DLC_FN_GELU_TANH.rawValue, 0, 0)
    case .elu(let alpha): (DLC_FN_ELU.rawValue, alpha, 0)
    case .selu(let alpha, let gamma): (DLC_FN_SELU.rawValue, alpha, gamma)
    case .celu(let alpha): (DLC_FN_CELU.rawValue, alpha, 0)
    case .softplus: (DLC_FN_SOFTPLUS.rawValue, 0, 0)
    case .softsign: (DLC_FN_SOFTSIGN.rawValue, 0, 0)
    case .mish: (DLC_FN_MISH.rawValue, 0, 0)
    case .thresholdedRelu(let alpha): (DLC_FN_THRESHOLDED_RELU.rawValue, alpha, 0)
    case .shrink(let bias, let lambda): (DLC_FN_SHRINK.rawValue, bias, lambda)
    case .abs: (DLC_FN_ABS.rawValue, 0, 0)
    case .negate: (DLC_FN_NEG.rawValue, 0, 0)
    case .ceil: (DLC_FN_CEIL.rawValue, 0, 0)
    case .floor: (DLC_FN_FLOOR.rawValue, 0, 0)
    case .round: (DLC_FN_ROUND.rawValue, 0, 0)
    case .sign: (DLC_FN_SIGN.rawValue, 0, 0)
    case .reciprocal: (DLC_FN_RECIPROCAL.rawValue, 0, 0)
    case .sqrt: (DLC_FN_SQRT.rawValue, 0, 0)
    case .rsqrt: (DLC_FN_RSQRT.rawValue, 0, 0)
    case .exp: (DLC_FN_EXP.rawValue, 0, 0)
    case .log: (DLC_FN_LOG.rawValue, 0, 0)
    case .sin: (DLC_FN_SIN.rawValue, 0, 0)
    case .cos: (DLC_FN_COS.rawValue, 0, 0)
    case .tan: (DLC_FN_TAN.rawValue, 0, 0)
    case .asin: (DLC_FN_ASIN.rawValue, 0, 0)
    case .acos: (DLC_FN_ACOS.rawValue, 0, 0)
    case .atan: (DLC_FN_ATAN.rawValue, 0, 0)
    case .sinh: (DLC_FN_SINH.rawValue, 0, 0)
    case .cosh: (DLC_FN_COSH.rawValue, 0, 0)
    case .asinh: (DLC_FN_ASINH.rawValue, 0, 0)
    case .acosh: (DLC_FN_ACOSH.rawValue, 0, 0)
    case .atanh: (DLC_FN_ATANH.rawValue, 0, 0)
    case .erf: (DLC_FN_ERF.rawValue, 0, 0)
    case .square: (DLC_FN_SQUARE.rawValue, 0, 0)
    case .not: (DLC_FN_NOT.rawValue, 0, 0)
    case .bitwiseNot: (DLC_FN_BITWISE_NOT.rawValue, 0, 0)
    case .isNaN: (DLC_FN_IS_NAN.rawValue, 0, 0)
    case .isInfinite(let negative, let positive): (DLC_FN_IS_INF.rawValue, negative ? 1 : 0, positive ? 1 : 0)
    }
  }

  /// Whether contractions and binary operators can apply it to their result.
  package var isEpilogue: Bool { kernel.code < 32 }

  /// The name in printed graphs.
  package var name: String {
    switch self {
    case .identity: "identity"
    case .relu: "relu"
    case .clip: "clip"
    case .leakyRelu: "leaky_relu"
    case .sigmoid: "sigmoid"
    case .tanh: "tanh"
    case .silu: "silu"
    case .hardSigmoid: "hard_sigmoid"
    case .hardSwish: "hard_swish"
    case .gelu: "gelu"
    case .geluTanh: "gelu_tanh"
    case .elu: "elu"
    case .selu: "selu"
    case .celu: "celu"
    case .softplus: "softplus"
    case .softsign: "softsign"
    case .mish: "mish"
    case .thresholdedRelu: "thresholded_relu"
    case .shrink: "shrink"
    case .abs: "abs"
    case .negate: "negate"
    case .ceil: "ceil"
    case .floor: "floor"
    case .round: "round"
    case .sign: "sign"
    case .reciprocal: "reciprocal"
    case .sqrt: "sqrt"
    case .rsqrt: "rsqrt"
    case .exp: "exp"
    case .log: "log"
    case .sin: "sin"
    case .cos: "cos"
    case .tan: "tan"
    case .asin: "asin"
    case .acos: "acos"
    case .atan: "atan"
    case .sinh: "sinh"
    case .cosh: "cosh"
    case .asinh: "asinh"
    case .acosh: "acosh"
    case .atanh: "atanh"
    case .erf: "erf"
    case .square: "square"
    case .not: "not"
    case .bitwiseNot: "bitwise_not"
    case .isNaN: "is_nan"
    case .isInfinite: "is_infinite"
    }
  }

  /// The constants as printed.
  var attributes: [OperatorAttribute] {
    switch self {
    case .clip(let low, let high): [OperatorAttribute("low", low), OperatorAttribute("high", high)]
    case .leakyRelu(let slope): [OperatorAttribute("slope", slope)]
    case .silu(let alpha), .elu(let alpha), .celu(let alpha), .thresholdedRelu(let alpha):
      [OperatorAttribute("alpha", alpha)]
    case .hardSigmoid(let alpha, let beta): [OperatorAttribute("alpha", alpha), OperatorAttribute("beta", beta)]
    case .selu(let alpha, let gamma): [OperatorAttribute("alpha", alpha), OperatorAttribute("gamma", gamma)]
    case .shrink(let bias, let lambda): [OperatorAttribute("bias", bias), OperatorAttribute("lambda", lambda)]
    case .isInfinite(let negative, let positive):
      [OperatorAttribute("negative", negative), OperatorAttribute("positive", positive)]
    case .identity, .relu, .sigmoid, .tanh, .hardSwish, .gelu, .geluTanh, .softplus, .softsign, .mish, .abs, .negate,
      .ceil, .floor, .round, .sign, .reciprocal, .sqrt, .rsqrt, .exp, .log, .sin, .cos, .tan, .asin, .acos, .atan,
      .sinh, .cosh, .asinh, .acosh, .atanh, .erf, .square, .not, .bitwiseNot, .isNaN:
      []
    }
  }

  /// The function with its constants in one word: `leaky_relu(0.1)`.
  var text: String {
    attributes.isEmpty ? name : "\(name)(\(attributes.map(\.value).joined(separator: ",")))"
  }

  /// The constants of `dlc_unary_params`.
  var unaryParameters: dlc_unary_params {
    dlc_unary_params(function: Int32(kernel.code), alpha: kernel.alpha, beta: kernel.beta)
  }
}

extension Optional<Function> {
  /// The `dlc_epilogue` of a fused function, identity when there is none; throws for functions that kernels cannot fuse.
  func epilogue() throws(OperatorError) -> dlc_epilogue {
    guard let self else { return dlc_epilogue(function: Int32(DLC_FN_IDENTITY.rawValue), alpha: 0, beta: 0) }
    try OperatorError.require(self.isEpilogue, "\(self.name) cannot be fused")
    return dlc_epilogue(function: Int32(self.kernel.code), alpha: self.kernel.alpha, beta: self.kernel.beta)
  }

  /// The printed attribute of a fused function, none when there is none.
  var fusedAttribute: [OperatorAttribute] {
    self.map { [OperatorAttribute("then", $0.text)] } ?? []
  }

  /// Throws unless the function can be fused into an f32 result of `type`.
  func requireFusible(into type: TensorType) throws(OperatorError) {
    guard let self else { return }
    try OperatorError.require(self.isEpilogue, "expected a function that can be fused, found \(self.name)")
    try OperatorError.require(type.element == .float32, "expected f32 to fuse \(self.name), found \(type)")
  }

  /// The function's value, x itself when there is none.
  func apply(_ x: Double) -> Double { self?(x) ?? x }
}
