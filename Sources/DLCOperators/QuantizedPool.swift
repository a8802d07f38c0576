import CDLCKernels
import DLCGraph
import DLCTensor

/// Average pooling of integers: x u8 or i16 -> y as x; shapes as `Pool`. The arithmetic is `dlc_qpool_params`'s.
package struct QuantizedPool: Sendable, Hashable {
  /// The average pooling that this one stands for.
  package var base: Pool
  /// u8 with one scale each, or i16 with zero point 0.
  package var input: QuantizationParameters
  package var output: QuantizationParameters

  package init(_ base: Pool, input: QuantizationParameters, output: QuantizationParameters) {
    self.base = base
    self.input = input
    self.output = output
  }
}

extension QuantizedPool: SpatialOperator, IntegerOperator {
  package var mnemonic: String { "q" + base.mnemonic }

  package var attributes: [OperatorAttribute] {
    base.attributes + [OperatorAttribute("x", input), OperatorAttribute("y", output)]
  }

  package var channels: ChannelPlacement {
    get { base.channels }
    set { base.channels = newValue }
  }

  /// x's scale over y's.
  private var scale: Float { input.scale / output.scale }

  /// The zero points as the kernel takes them: none where integers are averaged as they are, so that a half goes to the even
  /// integer rather than to the even number of steps from zero. ONNX Runtime rounds so, and half of the averages of two
  /// integers, a quarter of those of four, are such halves.
  private var zeros: (x: Int32, y: Int32) {
    let countsPadding =
      base.kind == .average(countsPadding: true) && !(base.window.padBegin + base.window.padEnd).allSatisfy { $0 == 0 }
    return input == output && !countsPadding ? (0, 0) : (input.zeroPoint, output.zeroPoint)
  }

  package func infer(_ inputs: [TensorType]) throws(OperatorError) -> [TensorType] {
    try OperatorError.require(inputs, named: "x")
    try OperatorError.require(inputs[0], "x", in: [input.element])
    guard case .average = base.kind else { throw OperatorError("expected average pooling, found \(base.mnemonic)") }
    try input.requireActivation("x")
    try output.requireActivation("y", as: input.element)
    try OperatorError.require(scale.isFinite, "expected quotients of scales within f32's range")
    return [TensorType(output.element, try base.infer([TensorType(.float32, inputs[0].shape)])[0].shape)]
  }

  package func evaluate(_ inputs: [Tensor]) throws(OperatorError) -> [Tensor] {
    let stored = try infer(inputs.map(\.type))[0].shape
    let x = base.channels.channelsLast(inputs[0])
    let shape =
      base.channels == .last ? stored : stored.permuted(by: ChannelPlacement.lastPermutation(rank: stored.rank))
    let depth = shape[shape.rank - 1]
    let values = x.integers() ?? []
    let zeros = zeros
    var sums = [Int32](repeating: 0, count: shape.count)
    WindowLoop(base.window, input: x.shape, output: shape).forEachCell { window, _, place in
      for c in 0..<depth { sums[window * depth + c] &+= Int32(values[place * depth + c]) - zeros.x }
    }
    let counts = base.windowCounts(
      input: Array(x.shape.dimensions[1..<x.shape.rank - 1]), output: Array(shape.dimensions[1..<shape.rank - 1]))
    let target = QuantizationParameters(output.element, scale: output.scale, zeroPoint: zeros.y)
    let bounds = Function?.none.steps(of: target)
    let result = sums.indices.map { k -> Float in
      let t = Float(sums[k]) * (scale / Float(counts[k / max(depth, 1) % counts.count]))
      return t.bounded(bounds.low, bounds.high)
    }
    return [base.channels.stored(target.rounded(result, through: nil, shape: shape))]
  }

  package var gradient: GradientRule { .undefined("its input is not a real number") }

  package var quantization: QuantizationRule { .float("it computes in integers already") }

  package func quantization(ofInput index: Int) -> QuantizationParameters? { input }
  package func quantization(ofOutput index: Int) -> QuantizationParameters? { output }
  package var isConversion: Bool { false }

  package func lower(_ request: LoweringRequest) throws(OperatorError) -> Lowering {
    if let limit = request.limit { return .undefined(limit) }
    if channels == .first { return .undefined("the layout pass makes it channels-last") }
    let parameters = dlc_qpool_params(
      window: try base.window.parameters(), count_include_pad: base.kind == .average(countsPadding: true) ? 1 : 0,
      x_zero: zeros.x, zero: zeros.y, scale: scale)
    return try .checked([
      KernelCall(
        DLC_KERNEL_qpool, parameters,
        operands: [
          request.input(0, as: request.inputs[0].shape.asVolume, acceptsPitch: true),
          request.output(as: request.outputs[0].shape.asVolume, acceptsPitch: true),
        ])
    ])
  }

  package func permuted(by permutation: [Int], inputs: [TensorType]) -> PermutedOperator? { nil }

  package func channelsLastPermutation(input index: Int, type: TensorType) -> [Int]? {
    ChannelPlacement.lastPermutation(rank: type.rank)
  }

  package func channelsLastPermutation(output index: Int, type: TensorType) -> [Int]? {
    ChannelPlacement.lastPermutation(rank: type.rank)
  }
}
