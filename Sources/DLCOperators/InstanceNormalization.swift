import CDLCKernels
import DLCGraph
import DLCTensor

/// Instance normalization: mean and variance over the spatial axes of each sample and channel: x, scale `[C]`, bias `[C]` -> y.
package struct InstanceNormalization: Sendable, Hashable {
  package var epsilon: Float
  package var channels: ChannelPlacement
  /// Applied to the result; nil: none.
  package var function: Function?

  package init(epsilon: Float, channels: ChannelPlacement = .first, function: Function? = nil) {
    self.epsilon = epsilon
    self.channels = channels
    self.function = function
  }
}

extension InstanceNormalization: SpatialOperator {
  package var mnemonic: String { "instance_norm" }

  package var attributes: [OperatorAttribute] {
    [OperatorAttribute("epsilon", epsilon), OperatorAttribute("channels", channels.rawValue)] + function.fusedAttribute
  }

  package func infer(_ inputs: [TensorType]) throws(OperatorError) -> [TensorType] {
    try OperatorError.require(inputs, named: "x", "scale", "bias")
    let x = inputs[0]
    try OperatorError.require(x, "x", in: ElementType.floats)
    try OperatorError.require(x.rank >= 3, "expected x of rank 3 or more, found \(x)")
    let vector = TensorType(x.element, [x.shape[channels.axis(rank: x.rank)]])
    try OperatorError.require(inputs[1], "scale", is: vector)
    try OperatorError.require(inputs[2], "bias", is: vector)
    try function.requireFusible(into: x)
    return [x]
  }

  package func evaluate(_ inputs: [Tensor]) throws(OperatorError) -> [Tensor] {
    _ = try infer(inputs.map(\.type))
    let x = channels.channelsLast(inputs[0])
    let shape = x.shape
    let (depth, places) = (shape[shape.rank - 1], shape.dimensions[1..<shape.rank - 1].reduce(1, *))
    let (scale, bias) = (inputs[1].doubles(), inputs[2].doubles())
    var values = x.doubles()
    for n in 0..<shape[0] {
      for c in 0..<depth {
        let first = n * places * depth + c
        var mean = 0.0
        for p in 0..<places { mean += values[first + p * depth] }
        mean /= Double(places)
        var variance = 0.0
        for p in 0..<places {
          let deviation = values[first + p * depth] - mean
          variance += deviation * deviation
        }
        let factor = scale[c] / (variance / Double(places) + Double(epsilon)).squareRoot()
        for p in 0..<places {
          let at = first + p * depth
          values[at] = function.apply((values[at] - mean) * factor + bias[c])
        }
      }
    }
    return [channels.stored(Tensor(doubles: values, type: x.type))]
  }

  package var gradient: GradientRule {
    if function != nil { return .undefined("gradients are taken before fusion") }
    return .rule { (request, patch) throws(OperatorError) in
      guard let g = request.outputGradients[0] else { return [nil, nil, nil] }
      let x = request.inputs[0]
      let rank = patch.type(of: x).rank
      let axes = channels == .first ? Array(2..<rank) : Array(1..<rank - 1)
      let unit = try patch.standardized(x, over: axes, epsilon: epsilon, centered: true)
      let scale = try patch.alongChannels(request.inputs[1], rank: rank, channels)
      return [
        try patch.standardizedGradient(unit, g: patch.multiply(g, scale)),
        try patch.sumPerChannel(patch.multiply(g, unit.value), channels), try patch.sumPerChannel(g, channels),
      ]
    }
  }

  package var quantization: QuantizationRule { .float("normalization has no integer kernel") }

  package func lower(_ request: LoweringRequest) throws(OperatorError) -> Lowering {
    if let limit = request.limit { return .undefined(limit) }
    if channels == .first { return .undefined("the layout pass makes it channels-last") }
    if request.inputs[0].element != .float32 {
      return .undefined("the normalize kernel takes f32, not \(request.inputs[0])")
    }
    let parameters = dlc_normalize_params(
      kind: 1, axis: Int32(request.inputs[0].rank - 1), epsilon: epsilon, epilogue: try function.epilogue())
    let operands = [
      request.input(0, acceptsPitch: true), request.input(1), request.input(2), request.output(acceptsPitch: true),
    ]
    return .kernels([KernelCall(DLC_KERNEL_normalize, parameters, operands: operands)])
  }

  package func permuted(by permutation: [Int], inputs: [TensorType]) -> PermutedOperator? { nil }

  package func channelsLastPermutation(input index: Int, type: TensorType) -> [Int]? {
    index == 0 ? ChannelPlacement.lastPermutation(rank: type.rank) : nil
  }

  package func channelsLastPermutation(output index: Int, type: TensorType) -> [Int]? {
    ChannelPlacement.lastPermutation(rank: type.rank)
  }
}
