import DLCGraph
import DLCTensor

/// Batch normalization in inference: y = scale (x - mean) / sqrt(variance + epsilon) + bias.
/// x, scale, bias, mean, variance (each `[C]`) -> y.
package struct BatchNormalization: Sendable, Hashable {
  package var epsilon: Float
  package var channels: ChannelPlacement

  package init(epsilon: Float, channels: ChannelPlacement = .first) {
    self.epsilon = epsilon
    self.channels = channels
  }
}

extension BatchNormalization: SpatialOperator {
  package var mnemonic: String { "batch_norm" }

  package var attributes: [OperatorAttribute] {
    [OperatorAttribute("epsilon", epsilon), OperatorAttribute("channels", channels.rawValue)]
  }

  package func infer(_ inputs: [TensorType]) throws(OperatorError) -> [TensorType] {
    try OperatorError.require(inputs, named: "x", "scale", "bias", "mean", "variance")
    let x = inputs[0]
    try OperatorError.require(x, "x", in: ElementType.floats)
    try OperatorError.require(x.rank >= 2, "expected x of rank 2 or more, found \(x)")
    let vector = TensorType(x.element, [x.shape[channels.axis(rank: x.rank)]])
    for (name, input) in zip(["scale", "bias", "mean", "variance"], inputs.dropFirst()) {
      try OperatorError.require(input, name, is: vector)
    }
    return [x]
  }

  package func evaluate(_ inputs: [Tensor]) throws(OperatorError) -> [Tensor] {
    let x = inputs[0]
    _ = try infer(inputs.map(\.type))
    let factors = self.factors(inputs.dropFirst().map { $0.doubles() })
    let (outer, depth, inner) = x.shape.split(at: channels.axis(rank: x.shape.rank))
    var values = x.doubles()
    for o in 0..<outer {
      for c in 0..<depth {
        let first = (o * depth + c) * inner
        for k in first..<first + inner { values[k] = values[k] * factors.scale[c] + factors.shift[c] }
      }
    }
    return [Tensor(doubles: values, type: x.type)]
  }

  package var gradient: GradientRule {
    .rule { (request, patch) throws(OperatorError) in
      guard let g = request.outputGradients[0] else { return request.inputs.map { _ in nil } }
      let (x, scale, mean, variance) = (request.inputs[0], request.inputs[1], request.inputs[3], request.inputs[4])
      let rank = patch.type(of: x).rank
      let factor = try patch.unary(.rsqrt, patch.add(variance, Double(epsilon)))
      let slope = try patch.multiply(scale, factor)
      let deviation = try patch.subtract(x, patch.alongChannels(mean, rank: rank, channels))
      let total = try patch.sumPerChannel(g, channels)
      let weighted = try patch.sumPerChannel(patch.multiply(g, deviation), channels)
      let cube = try patch.multiply(slope, patch.square(factor))
      return [
        try patch.multiply(g, patch.alongChannels(slope, rank: rank, channels)),
        try patch.multiply(weighted, factor), total, try patch.unary(.negate, patch.multiply(total, slope)),
        try patch.multiply(patch.multiply(weighted, cube), -0.5),
      ]
    }
  }

  package var quantization: QuantizationRule { .float("it is folded into its neighbours before quantization") }

  package func lower(_ request: LoweringRequest) throws(OperatorError) -> Lowering {
    .undefined("a pass decomposes it")
  }

  package func permuted(by permutation: [Int], inputs: [TensorType]) -> PermutedOperator? { nil }

  package func channelsLastPermutation(input index: Int, type: TensorType) -> [Int]? {
    index == 0 && type.rank > 2 ? ChannelPlacement.lastPermutation(rank: type.rank) : nil
  }

  package func channelsLastPermutation(output index: Int, type: TensorType) -> [Int]? {
    type.rank > 2 ? ChannelPlacement.lastPermutation(rank: type.rank) : nil
  }
}
