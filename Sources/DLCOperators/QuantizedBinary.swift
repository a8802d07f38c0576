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
    let own = target?.scale ?? 1
    if base.kind == .multiply { return (Float(a.scale, times: b.scale, over: own), 0) }
    return (a.scale / own, b.scale / own)
  }

  /// Largest scale, in steps of y, of what is added in one go with the zero points: they are rounded at its magnitude.
  private static let largestFoldedScale: Float = 256

  /// Whether bytes are added as ONNX Runtime adds them, so that a file that it quantized gives its integers.
  private var isSum: Bool {
    base.kind == .add && target?.element == .uint8 && max(scales.a, scales.b) <= Self.largestFoldedScale
  }

  /// `DLC_QBIN_SUM` of `p` and `q`, before bounds.
  private func sum(_ p: Int32, _ q: Int32) -> Float {
    let (scales, zero) = (scales, Float(target?.zeroPoint ?? 0))
    let base = zero - (scales.b * Float(b.zeroPoint)).addingProduct(scales.a, Float(a.zeroPoint))
    return base.addingProduct(Float(q), scales.b).addingProduct(Float(p), scales.a)
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
    if isSum, let target {
      let zero = Float(target.zeroPoint)
      let steps = zip(left, right).map { sum(Int32($0), Int32($1)).bounded(low + zero, high + zero) }
      let bytes = QuantizationParameters(.uint8, scale: target.scale, zeroPoint: 0)
      return [bytes.rounded(steps, through: table, shape: y.shape)]
    }
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
    let zero = target?.zeroPoint ?? 0
    let shift = isSum ? Float(zero) : 0
    let parameters = dlc_qbinary_params(
      op: isSum ? Int32(DLC_QBIN_SUM) : Int32(base.kind.code), a_zero: a.zeroPoint, b_zero: b.zeroPoint,
      zero: zero, a_scale: scales.a, b_scale: scales.b, low: low + shift, high: high + shift)
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
