import CDLCKernels
import DLCGraph
import DLCTensor

/// Adds, subtracts, multiplies or compares integers with scales of their own: a and b u8 -> y u8 or f32, or a and b i16 ->
/// y i16 or f32, numpy broadcasting. The arithmetic is `dlc_qbinary_params`'s.
package struct QuantizedBinary: Sendable, Hashable {
  /// The operation that this one stands for: add, subtract, multiply, minimum or maximum; its function clamps.
  package var base: Binary
  /// u8 with one scale, or i16 with one scale and zero point 0; b and output are of the same type.
  package var a: QuantizationParameters
  package var b: QuantizationParameters
  /// Nil: the result is f32.
  package var output: QuantizationParameters?
  /// What `table` is applied to; nil without a table.
  package var intermediate: QuantizationParameters?
  /// Applied to the requantized result: 256 entries, or nil.
  package var table: [UInt8]?

  package init(
    _ base: Binary, a: QuantizationParameters, b: QuantizationParameters, output: QuantizationParameters?,
    intermediate: QuantizationParameters? = nil, table: [UInt8]? = nil
  ) {
    self.base = base
    self.a = a
    self.b = b
    self.output = output
    self.intermediate = intermediate
    self.table = table
  }

  /// Whether integers are combined this way.
  package static func takes(_ kind: Binary.Kind) -> Bool {
    switch kind {
    case .add, .subtract, .multiply, .minimum, .maximum: true
    case .divide, .power, .modulo, .remainder, .prelu, .and, .or, .xor, .shiftLeft, .shiftRight, .equal, .less,
      .lessEqual, .greater, .greaterEqual:
      false
    }
  }
}

extension QuantizedBinary: IntegerOperator {
  package var mnemonic: String { "q" + base.mnemonic }

  package var attributes: [OperatorAttribute] {
    var result = base.attributes + [OperatorAttribute("a", a), OperatorAttribute("b", b)]
    if let intermediate, let table {
      result.append(OperatorAttribute("before", intermediate))
      result.append(OperatorAttribute("table", LookupTable.digest(table)))
    }
    return result + (output.map { [OperatorAttribute("y", $0)] } ?? [])
  }

  private var target: QuantizationParameters? { intermediate ?? output }

  /// The scales over y's, as the kernel takes them; a product has one, in `a`.
  private var scales: (a: Float, b: Float) {
    let own = Double(target?.scale ?? 1)
    if base.kind == .multiply { return (Float(Double(a.scale) * Double(b.scale) / own), 0) }
    return (Float(Double(a.scale) / own), Float(Double(b.scale) / own))
  }

  package func infer(_ inputs: [TensorType]) throws(OperatorError) -> [TensorType] {
    try OperatorError.require(inputs, named: "a", "b")
    for (name, type) in zip(["a", "b"], inputs) { try OperatorError.require(type, name, in: [a.element]) }
    try OperatorError.require(Self.takes(base.kind), "\(base.mnemonic) has no integer kernel")
    for (name, parameters) in [("a", a), ("b", b), ("y", output ?? a)] {
      try parameters.requireActivation(name, as: a.element)
    }
    try intermediate?.requireActivation("what the table reads", as: .uint8)
    try OperatorError.require(
      (table != nil) == (intermediate != nil) && table?.count ?? 256 == 256 && (table == nil || output != nil),
      "expected a table of 256 entries with the parameters of what it reads")
    try OperatorError.require(
      base.function.clampBounds != nil, "expected a function that clamps, found \(base.function?.name ?? "")")
    try OperatorError.require(
      scales.a.isFinite && scales.b.isFinite, "expected quotients of scales within f32's range")
    let shape = try Shape.broadcasting([inputs[0].shape, inputs[1].shape])
    return [TensorType(output?.element ?? .float32, shape)]
  }

  package func evaluate(_ inputs: [Tensor]) throws(OperatorError) -> [Tensor] {
    let y = try infer(inputs.map(\.type))[0]
    let left = inputs[0].expanded(to: y.shape).integers() ?? []
    let right = inputs[1].expanded(to: y.shape).integers() ?? []
    let (low, high) = base.function.steps(of: target)
    let scales = scales
    let kind = base.kind
    let real = zip(left, right).map { p, q -> Float in
      let (p, q) = (Int32(p) - a.zeroPoint, Int32(q) - b.zeroPoint)
      let t: Float =
        switch kind {
        case .multiply: Float(p * q) * scales.a
        case .subtract: Float(p) * scales.a - Float(q) * scales.b
        case .minimum: Swift.min(Float(p) * scales.a, Float(q) * scales.b)
        case .maximum: Swift.max(Float(p) * scales.a, Float(q) * scales.b)
        default: Float(p) * scales.a + Float(q) * scales.b
        }
      return t.bounded(low, high)
    }
    return [target?.rounded(real, through: table, shape: y.shape) ?? Tensor(real, shape: y.shape)]
  }

  package var gradient: GradientRule { .undefined("its inputs are not real numbers") }

  package var quantization: QuantizationRule { .float("it computes in integers already") }

  package func quantization(ofInput index: Int) -> QuantizationParameters? { index == 0 ? a : b }
  package func quantization(ofOutput index: Int) -> QuantizationParameters? { output }
  package var isConversion: Bool { false }

  package func lower(_ request: LoweringRequest) throws(OperatorError) -> Lowering {
    if let limit = request.limit { return .undefined(limit) }
    let (low, high) = base.function.steps(of: target)
    let parameters = dlc_qbinary_params(
      op: Int32(base.kind.code), a_zero: a.zeroPoint, b_zero: b.zeroPoint, zero: target?.zeroPoint ?? 0,
      a_scale: scales.a, b_scale: scales.b, low: low, high: high)
    // A vector's rows are one row, whose pitch means nothing: only tensors of the output's rank are views.
    let operands = [0, 1].map { k in
      request.input(k, acceptsPitch: request.inputs[k].rank == request.outputs[0].rank)
    }
    let inPlace = [0, 1].filter { request.inputs[$0] == request.outputs[0] }.map { InPlacePair(input: $0, output: 3) }
    return try .checked([
      KernelCall(
        DLC_KERNEL_qbinary, parameters,
        operands: operands + [.table(table), request.output(acceptsPitch: true)], inPlace: inPlace)
    ])
  }

  package func permuted(by permutation: [Int], inputs: [TensorType]) -> PermutedOperator? {
    permutedElementwise(self, by: permutation, inputs: inputs)
  }
}

extension Operand {
  /// A table of 256 entries, or an absent operand.
  static func table(_ entries: [UInt8]?) -> Operand {
    entries.map { .constant(Tensor($0, shape: [256])) } ?? .absent
  }
}
