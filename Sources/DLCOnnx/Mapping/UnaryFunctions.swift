import DLCGraph
import DLCOperators
import DLCTensor

/// Operators of one tensor, elementwise.
let unaryMappings: [OperatorMapping] =
  [
    ("Abs", Function.abs), ("Neg", .negate), ("Ceil", .ceil), ("Floor", .floor), ("Round", .round), ("Sign", .sign),
    ("Reciprocal", .reciprocal), ("Sqrt", .sqrt), ("Exp", .exp), ("Log", .log), ("Sin", .sin), ("Cos", .cos),
    ("Tan", .tan), ("Asin", .asin), ("Acos", .acos), ("Atan", .atan), ("Sinh", .sinh), ("Cosh", .cosh),
    ("Asinh", .asinh), ("Acosh", .acosh), ("Atanh", .atanh), ("Erf", .erf), ("Tanh", .tanh), ("Sigmoid", .sigmoid),
    ("Relu", .relu), ("Softplus", .softplus), ("Softsign", .softsign), ("HardSwish", .hardSwish), ("Mish", .mish),
    ("Not", .not), ("BitwiseNot", .bitwiseNot), ("IsNaN", .isNaN),
  ].map { name, function in
    OperatorMapping(name) { (c: inout NodeContext) throws(MappingError) in
      c.ignore("consumed_inputs")
      return try [c.unary(function, c.input(0))]
    }
  }
  + [
    parametric("LeakyRelu") { (c: inout NodeContext) throws(MappingError) in
      .leakyRelu(slope: try c.float("alpha", default: 0.01))
    },
    parametric("Elu") { (c: inout NodeContext) throws(MappingError) in .elu(alpha: try c.float("alpha", default: 1)) },
    parametric("Celu") { (c: inout NodeContext) throws(MappingError) in .celu(alpha: try c.float("alpha", default: 1))
    },
    parametric("Selu") { (c: inout NodeContext) throws(MappingError) in
      // Opset 1 to 5 had rounded defaults; these are the ones since opset 6.
      .selu(
        alpha: try c.float("alpha", default: 1.673_263_242_354_377_2),
        gamma: try c.float("gamma", default: 1.050_700_987_355_480_5))
    },
    parametric("HardSigmoid") { (c: inout NodeContext) throws(MappingError) in
      .hardSigmoid(alpha: try c.float("alpha", default: 0.2), beta: try c.float("beta", default: 0.5))
    },
    parametric("ThresholdedRelu") { (c: inout NodeContext) throws(MappingError) in
      .thresholdedRelu(alpha: try c.float("alpha", default: 1))
    },
    parametric("Shrink") { (c: inout NodeContext) throws(MappingError) in
      .shrink(bias: try c.float("bias", default: 0), lambda: try c.float("lambd", default: 0.5))
    },
    parametric("Swish") { (c: inout NodeContext) throws(MappingError) in .silu(alpha: try c.float("alpha", default: 1))
    },
    parametric("IsInf") { (c: inout NodeContext) throws(MappingError) in
      .isInfinite(
        negative: try c.bool("detect_negative", default: true), positive: try c.bool("detect_positive", default: true))
    },
    parametric("Gelu") { (c: inout NodeContext) throws(MappingError) in
      let approximate = try c.string("approximate", default: "none")
      guard approximate == "none" || approximate == "tanh" else {
        throw MappingError("attribute 'approximate' must be none or tanh, found '\(approximate)'")
      }
      return approximate == "tanh" ? .geluTanh : .gelu
    },
    OperatorMapping("Clip", since: 1) { (c: inout NodeContext) throws(MappingError) in
      c.ignore("consumed_inputs")
      let low = try c.float("min", default: -.greatestFiniteMagnitude)
      let high = try c.float("max", default: .greatestFiniteMagnitude)
      return try [c.clip(c.input(0), low: Double(low), high: Double(high))]
    },
    OperatorMapping("Clip", since: 11) { (c: inout NodeContext) throws(MappingError) in
      let x = try c.input(0)
      let bounds = [c.optional(1), c.optional(2)]
      if c.element(of: x).isFloat, c.element(of: x) != .float64,
        bounds.allSatisfy({ $0 == nil || c.graph.constant($0!)?.count == 1 })
      {
        return try [
          c.clip(
            x, low: c.number(1, "minimum") ?? -.infinity, high: c.number(2, "maximum") ?? .infinity)
        ]
      }
      var result = x
      if let low = bounds[0] { result = try c.binary(.maximum, result, low) }
      if let high = bounds[1] { result = try c.binary(.minimum, result, high) }
      return [result]
    },
    OperatorMapping("Identity") { (c: inout NodeContext) throws(MappingError) in try [c.input(0)] },
    OperatorMapping("Dropout", since: 1) { (c: inout NodeContext) throws(MappingError) in
      c.ignore("ratio", "is_test", "consumed_inputs", "seed")
      return try c.dropout()
    },
    OperatorMapping("Dropout", since: 12) { (c: inout NodeContext) throws(MappingError) in
      c.ignore("seed")
      c.ignoreInputs(1)  // the ratio acts in training only
      if let training = try c.number(2, "training mode"), training != 0, try c.number(1, "ratio") ?? 0.5 != 0 {
        throw MappingError(
          "it is in training mode, where its result is random",
          advice: "Export the model for inference (model.eval() in PyTorch).")
      }
      return try c.dropout()
    },
    OperatorMapping("Cast", since: 1) { (c: inout NodeContext) throws(MappingError) in
      c.ignore("saturate", "round_mode")
      guard let element = try c.elementType("to") else { throw MappingError("attribute 'to' is missing") }
      return try [c.cast(c.input(0), element)]
    },
    OperatorMapping("CastLike", since: 15) { (c: inout NodeContext) throws(MappingError) in
      c.ignore("saturate", "round_mode")
      return try [c.cast(c.input(0), c.element(of: c.input(1)))]
    },
  ]

private func parametric(
  _ name: String, _ function: @escaping @Sendable (inout NodeContext) throws(MappingError) -> Function
) -> OperatorMapping {
  OperatorMapping(name) { (c: inout NodeContext) throws(MappingError) in
    c.ignore("consumed_inputs")
    return try [c.unary(function(&c), c.input(0))]
  }
}

extension NodeContext {
  fileprivate mutating func clip(_ x: ValueID, low: Double, high: Double) throws(MappingError) -> ValueID {
    // ONNX: when min is greater than max, every element becomes max.
    try unary(.clip(low: Float(Swift.min(low, high)), high: Float(high)), x)
  }

  /// In inference dropout passes its input on; the mask keeps everything.
  fileprivate mutating func dropout() throws(MappingError) -> [ValueID?] {
    let x = try input(0)
    guard node.outputs.count > 1, !node.outputs[1].isEmpty else { return [x] }
    let element: ElementType = opset < 10 ? self.element(of: x) : .bool
    let one = scalar(1, element)
    return try [x, emit(Expand(shape: shape(of: x)), one)]
  }
}
