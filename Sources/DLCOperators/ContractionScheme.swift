import CDLCKernels
import DLCGraph
import DLCTensor

/// What the integers around a convolution or matrix product stand for.
package struct ContractionScheme: Sendable, Hashable {
  /// Of the activations: u8 with one scale, or i16 with one scale and zero point 0. All others are of the same type.
  package var input: QuantizationParameters
  /// Of the weights: one for each output channel, or one for all. Weights in i8 have zero point 0, and -128 counts as -127.
  package var weightScales: [Float]
  /// Of weights in u8, which are computed at run time.
  package var weightZeroPoint: Int32 = 128
  /// Of the residual: one scale; nil when there is none.
  package var residual: QuantizationParameters?
  /// Of the result: one scale; nil: the result is f32.
  package var output: QuantizationParameters?
  /// Of what `table` is applied to: u8, one scale; nil without a table.
  package var intermediate: QuantizationParameters?
  /// Applied to the requantized result in u8: 256 entries, or nil.
  package var table: [UInt8]?

  package init(
    input: QuantizationParameters, weightScales: [Float], residual: QuantizationParameters? = nil,
    output: QuantizationParameters? = nil, intermediate: QuantizationParameters? = nil, table: [UInt8]? = nil
  ) {
    self.input = input
    self.weightScales = weightScales
    self.residual = residual
    self.output = output
    self.intermediate = intermediate
    self.table = table
  }
}

extension ContractionScheme {
  /// As printed.
  var attributes: [OperatorAttribute] {
    var result = [OperatorAttribute("x", input)]
    result.append(
      weightScales.count == 1
        ? OperatorAttribute("w", "scale=\(weightScales[0])") : OperatorAttribute("w", "\(weightScales.count) scales"))
    if weightZeroPoint != 128 { result.append(OperatorAttribute("w_zero", "\(weightZeroPoint)")) }
    if let residual { result.append(OperatorAttribute("r", residual)) }
    if let intermediate, let table {
      result.append(OperatorAttribute("before", intermediate))
      result.append(OperatorAttribute("table", LookupTable.digest(table)))
    }
    if let output { result.append(OperatorAttribute("y", output)) }
    return result
  }

  /// What the requantized sums stand for before any table.
  var target: QuantizationParameters? { intermediate ?? output }

  /// The element type of the result.
  var resultElement: ElementType { output?.element ?? .float32 }

  /// Products of i16 and i8 of which kernels keep sums exact: `qvector/s16.h`.
  package static let mostWideProducts = 1 << 18

  /// Throws unless scales and zero points are sound and fit a contraction with `epilogue`, `channels` output channels and
  /// sums of `depth` products.
  func requireSound(_ epilogue: Epilogue, channels: Int, depth: Int) throws(OperatorError) {
    let element = input.element
    try input.requireActivation("x")
    try residual?.requireActivation("the residual", as: element)
    try output?.requireActivation("y", as: element)
    try intermediate?.requireActivation("what the table reads", as: .uint8)
    try OperatorError.require(
      element == .uint8 || (depth <= Self.mostWideProducts && table == nil),
      "expected i16 in sums of at most \(Self.mostWideProducts) products and no table, found \(depth) products")
    try OperatorError.require(
      (weightScales.count == 1 || weightScales.count == channels)
        && weightScales.allSatisfy { $0.isFinite && $0 > 0 },
      "expected 1 or \(channels) positive weight scales, found \(weightScales.count)")
    try OperatorError.require(
      (0...255).contains(weightZeroPoint), "expected a zero point of the weights in 0...255, found \(weightZeroPoint)")
    try OperatorError.require(
      (residual != nil) == epilogue.residual, "expected parameters of the residual where there is one")
    try OperatorError.require(
      (table != nil) == (intermediate != nil) && table?.count ?? 256 == 256 && (table == nil || output != nil),
      "expected a table of 256 entries with the parameters of what it reads")
    try OperatorError.require(
      epilogue.function.clampBounds != nil, "expected a function that clamps, found \(epilogue.function?.name ?? "")")
    try OperatorError.require(
      channelScales(channels).allSatisfy(\.isFinite) && residualScale.isFinite,
      "expected products of scales within f32's range")
  }

  /// What kernels take off weights in u8.
  static let weightOffset: Int32 = 128

  /// The types that the float operator would see: its factors, bias and residual as f32. Throws unless the inputs have
  /// the integer types that they must.
  func floatTypes(_ inputs: [TensorType], _ epilogue: Epilogue) throws(OperatorError) -> [TensorType] {
    try epilogue.requireCount(inputs, "x", "weights")
    try OperatorError.require(inputs[0], "x", in: [input.element])
    try OperatorError.require(inputs[1], "weights", in: input.element == .uint8 ? [.int8, .uint8] : [.int8])
    if let bias = epilogue.positions.bias { try OperatorError.require(inputs[bias], "bias", in: [.int32]) }
    if let residual = epilogue.positions.residual {
      try OperatorError.require(inputs[residual], "residual", in: [input.element])
    }
    return inputs.map { TensorType(.float32, $0.shape) }
  }

  /// What a step of the sums of each output channel is in steps of the target: (s_x s_w[c]) / s_y, each operation rounded to
  /// f32, as ONNX Runtime does: a file that it quantized gives its integers. In bf16 where weight scales have been chosen
  /// so that all are such numbers but for rounding.
  func channelScales(_ channels: Int) -> [Float] {
    let scales = weightScales.count == 1 ? [Float](repeating: weightScales[0], count: channels) : weightScales
    let steps = scales.map { Float(input.scale, times: $0, over: target?.scale ?? 1) }
    let short = steps.compactMap(ShortScale.nearest)
    return short.count == steps.count ? short : steps
  }

  /// A step of the residual in steps of the target.
  private var residualScale: Float { residual.map { Float(Double($0.scale) / Double(target?.scale ?? 1)) } ?? 0 }

  /// The kernels' requantization.
  func requantize(_ function: Function?) -> dlc_requantize {
    let (low, high) = function.steps(of: target)
    return dlc_requantize(
      low: low, high: high, zero: target?.zeroPoint ?? 0, residual_zero: residual?.zeroPoint ?? 0,
      residual_scale: residualScale)
  }

  /// The result for `sums` of products (channels innermost, x's zero point already taken out), as `dlc_requantize` says.
  /// Of activations in u8 the low 32 bits of sums count.
  func result(
    _ sums: [Int64], _ epilogue: Epilogue, bias: Tensor?, residual: Tensor?, shape: Shape, channels: Int
  ) -> Tensor {
    let scales = channelScales(channels)
    let (low, high) = epilogue.function.steps(of: target)
    let bias = bias?.elements(as: Int32.self) ?? [Int32](repeating: 0, count: channels)
    let added = residual?.integers()
    let isByte = input.element == .uint8
    let addedZero = self.residual?.zeroPoint ?? 0
    var real = [Float](repeating: 0, count: sums.count)
    for k in sums.indices {
      let sum = sums[k] &+ Int64(bias[k % channels])
      var t = (isByte ? Float(Int32(truncatingIfNeeded: sum)) : Float(sum)) * scales[k % channels]
      if let added { t += Float(Int32(added[k]) - addedZero) * residualScale }
      real[k] = t.bounded(low, high)
    }
    return target?.rounded(real, through: table, shape: shape) ?? Tensor(real, shape: shape)
  }

  /// Of the inputs and the result.
  func parameters(ofInput index: Int, _ epilogue: Epilogue) -> QuantizationParameters? {
    index == 0 ? input : index == epilogue.positions.residual ? residual : nil
  }
}

extension Tensor {
  /// i8 weights as kernels multiply them: -128 counts as -127, so that two products of bytes fit 16 bits.
  var asWeights: Tensor {
    guard element == .int8 else { return self }
    let elements = elements(as: Int8.self)
    return elements.contains(-128) ? Tensor(elements.map { Swift.max($0, -127) }, shape: shape) : self
  }
}

extension QuantizationParameters {
  /// Whether these are an activation's as integer kernels take it: u8 with one scale, or i16 with one scale and zero
  /// point 0.
  package var isActivation: Bool {
    isPerTensor && scales.count == 1 && zeroPoints.count == 1
      && (element == .uint8 || (element == .int16 && zeroPoint == 0))
  }

  /// Throws unless these are an activation's, of type `expected` where it is given.
  func requireActivation(_ name: String, as expected: ElementType? = nil) throws(OperatorError) {
    try OperatorError.require(
      isActivation && element == expected ?? element,
      "expected \(name) in \(expected?.description ?? "u8 or i16") with one scale, i16 with zero point 0, found \(self)"
    )
    try requireFit(.scalar)
  }

  /// The integers of bounded results in steps without zero point, through a table when there is one.
  func rounded(_ steps: [Float], through table: [UInt8]?, shape: Shape) -> Tensor {
    if element == .int16 {
      return Tensor(steps.map { Int16(clamping: Int32($0.rounded(.toNearestOrEven))) }, shape: shape)
    }
    let integers = steps.map { step in
      let q = UInt8(clamping: Int32(step.rounded(.toNearestOrEven)) + zeroPoint)
      return table?[Int(q)] ?? q
    }
    return Tensor(integers, shape: shape)
  }
}

extension Float {
  /// This number within bounds as kernels keep it: NaN gives `low`.
  func bounded(_ low: Float, _ high: Float) -> Float {
    let least = self > low ? self : low
    return least < high ? least : high
  }
}

extension Optional<Function> {
  /// The bounds that this function clamps to, infinite when there is none; nil for functions that do more.
  package var clampBounds: (low: Float, high: Float)? {
    switch self {
    case nil, .identity: (-.infinity, .infinity)
    case .relu: (0, .infinity)
    case .clip(let low, let high): low.isNaN || high.isNaN ? nil : (low, high)
    default: nil
    }
  }

  /// The clamp's bounds in `parameters`' steps without zero point, such that the result fits; else the real ones.
  func steps(of parameters: QuantizationParameters?) -> (low: Float, high: Float) {
    var (low, high) = clampBounds ?? (-.infinity, .infinity)
    // The higher bound wins where a model gives them the wrong way round.
    low = Swift.min(low, high)
    guard let parameters else { return (low, high) }
    let range = parameters.range
    let least = Float(range.lowerBound - parameters.zeroPoint)
    let most = Float(range.upperBound - parameters.zeroPoint)
    func step(_ bound: Float) -> Float {
      Swift.min(Swift.max(Float(Double(bound) / Double(parameters.scale)), least), most)
    }
    return (step(low), step(high))
  }
}
