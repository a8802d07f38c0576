import DLCGraph
import DLCOperators
import DLCTensor

extension IntegerFormation {
  /// Convolutions and matrix products of activations with constant weights, or of two activations.
  mutating func contraction() throws(OperatorError) -> Bool {
    guard let old = ContractionNode(node, in: graph), let (x, input) = activation(0) else { return false }
    let epilogue = old.contraction.epilogue
    let channels = old.outputChannels(in: graph)
    guard channels > 0, let weights = weights(old.contraction, channels) else { return false }
    let isByte = input.element == .uint8
    guard isByte || weights.isConstant else { return false }
    var scheme = ContractionScheme(input: input, weightScales: weights.scales)
    scheme.weightZeroPoint = weights.zeroPoint
    var inputs = [x, weights.integers]
    var new = Epilogue(bias: epilogue.bias)
    var largest = weights.largestSums.map { $0 * Double(max(input.zeroPoint, 255 - input.zeroPoint)) }
    if let bias = old.bias {
      guard weights.isConstant, let integers = integerBias(bias, scheme, channels) else { return false }
      for c in largest.indices { largest[c] += Double(integers[c].magnitude) }
      inputs.append(patch.addConstant(Tensor(integers, shape: Shape([channels])), name: graph[bias].name))
    }
    // Sums of i16 have more than 32 bits.
    guard !isByte || largest.allSatisfy({ $0 <= Double(Int32.max) }) else { return false }
    // A residual that is no integer, and what comes after it, is added in floating point.
    var residual: ValueID?
    if epilogue.residual {
      let position = node.inputs.count - 1
      if let (integers, parameters) = activation(position), parameters.element == input.element {
        new.residual = true
        scheme.residual = parameters
        inputs.append(integers)
      } else {
        residual = node.inputs[position]
      }
    }
    let clamps = epilogue.function.clampBounds != nil && residual == nil
    if clamps {
      new.function = epilogue.function
      scheme.output = output(epilogue.function, input)
    }
    return try finish(
      Self.quantized(old.contraction, new, scheme), inputs, residual: residual,
      function: clamps ? nil : epilogue.function)
  }

  private static func quantized(
    _ contraction: Contraction, _ epilogue: Epilogue, _ scheme: ContractionScheme
  ) -> any Operator {
    switch contraction {
    case .convolution(var op):
      op.epilogue = epilogue
      return QuantizedConvolution(op, scheme)
    case .transposed(var op):
      op.epilogue = epilogue
      return QuantizedConvolutionTranspose(op, scheme)
    case .matrix(var op):
      op.epilogue = epilogue
      return QuantizedMatMul(op, scheme)
    }
  }

  /// Weights as integer operators take them.
  private struct IntegerWeights {
    var integers: ValueID
    var scales: [Float]
    var isConstant: Bool
    /// Of weights that are activations too.
    var zeroPoint: Int32 = 128
    /// For each output channel the largest sum of magnitudes that an activation of 1 can give.
    var largestSums: [Double]
  }

  private mutating func weights(_ contraction: Contraction, _ channels: Int) -> IntegerWeights? {
    guard let source = graph.dequantized(node.inputs[1]) else { return nil }
    let parameters = source.parameters
    guard let constant = source.constant else {
      guard case .matrix(let op) = contraction, parameters.isPerTensor, parameters.element == .uint8 else { return nil }
      let shape = graph[source.integers].type.shape
      let depth = op.transposeB ? shape[shape.rank - 1] : shape[shape.rank - 2]
      let zero = parameters.zeroPoint
      return IntegerWeights(
        integers: source.integers, scales: parameters.scales, isConstant: false, zeroPoint: zero,
        largestSums: [Double(depth) * Double(max(zero, 255 - zero))])
    }
    guard parameters.element == .int8 || parameters.element == .uint8,
      let integers = constant.withoutZeroPoints(parameters),
      let scales = channelScales(parameters, contraction, constant.shape, channels)
    else { return nil }
    let connection = contraction.connections(constant.shape)
    var sums = [Double](repeating: 0, count: channels)
    for (k, value) in integers.enumerated() { sums[connection(k).output] += Double(value.magnitude) }
    // Matrices of a batch share their channels: no more than all of them together.
    return IntegerWeights(
      integers: patch.addConstant(Tensor(integers, shape: constant.shape), name: graph[source.integers].name),
      scales: scales, isConstant: true, largestSums: sums)
  }

  /// A scale for each output channel, or one for all; nil when they differ along another axis.
  private func channelScales(
    _ parameters: QuantizationParameters, _ contraction: Contraction, _ shape: Shape, _ channels: Int
  ) -> [Float]? {
    guard let axis = parameters.axis else { return parameters.scales }
    if parameters.scales.count == 1 { return parameters.scales }
    switch contraction {
    case .convolution: return axis == 0 ? parameters.scales : nil
    case .transposed(let op):
      guard axis == (op.channels == .first ? 1 : shape.rank - 1) else { return nil }
      return (0..<op.groups).flatMap { _ in parameters.scales }
    case .matrix(let op): return axis == shape.rank - (op.transposeB ? 2 : 1) ? parameters.scales : nil
    }
  }

  /// The bias in steps of the sums, `s_x s_w[c]`; nil when it is not constant or does not fit 32 bits.
  private func integerBias(_ bias: ValueID, _ scheme: ContractionScheme, _ channels: Int) -> [Int32]? {
    let steps = (0..<channels).map { c in
      Double(scheme.input.scale) * Double(scheme.weightScales[scheme.weightScales.count == 1 ? 0 : c])
    }
    var real = graph.constant(bias)?.doubles()
    if let source = graph.dequantized(bias), let integers = source.constant, integers.count == channels {
      let scales = (0..<channels).map { Double(source.parameters.scales[source.parameters.isPerTensor ? 0 : $0]) }
      // Scales that are products in f32 differ from these by rounding.
      let agrees = zip(scales, steps).allSatisfy { abs($0 - $1) <= 1e-5 * $1 }
      if integers.element == .int32, agrees, source.parameters.zeroPoints.allSatisfy({ $0 == 0 }) {
        return integers.elements(as: Int32.self)
      }
      real = try? Dequantize(source.parameters).evaluate([integers])[0].doubles()
    }
    guard let real, real.count == channels else { return nil }
    let rounded = zip(real, steps).map { ($0 / $1).rounded(.toNearestOrEven) }
    return rounded.allSatisfy { $0.magnitude <= Double(Int32.max) } ? rounded.map { Int32($0) } : nil
  }
}

extension Tensor {
  /// 8-bit integers less their zero points, at least -127, as kernels count them; nil when one does not fit i8.
  fileprivate func withoutZeroPoints(_ parameters: QuantizationParameters) -> [Int8]? {
    guard let values = integers(), !values.isEmpty else { return nil }
    var inner = count
    if let axis = parameters.axis { inner = shape.dimensions[(axis + 1)...].reduce(1, *) }
    var result: [Int8] = []
    result.reserveCapacity(values.count)
    for (k, value) in values.enumerated() {
      let zero = parameters.zeroPoints[k / inner % parameters.zeroPoints.count]
      guard let narrow = Int8(exactly: value - Int(zero)) else { return nil }
      result.append(max(narrow, -127))
    }
    return result
  }
}
