import DLCGraph
import DLCTensor

/// A contraction whose weights are taps of a window, over real numbers: a convolution, or a transposed one.
protocol WindowContraction: SpatialOperator {
  var epilogue: Epilogue { get }

  /// Sums of products without epilogue, channels last: of `x`, with cells of `input` shape, giving `output`.
  func sums(_ x: [Double], _ weights: [Double], input: Shape, output: Shape) -> [Double]
}

extension WindowContraction {
  package func evaluate(_ inputs: [Tensor]) throws(OperatorError) -> [Tensor] {
    let y = try infer(inputs.map(\.type))[0]
    let (x, weights) = (channels.channelsLast(inputs[0]), channels.channelsLast(inputs[1]))
    let shape = channelsLastShape(y.shape)
    var values = sums(x.doubles(), weights.doubles(), input: x.shape, output: shape)
    let residual = epilogue.positions.residual.map { channels.channelsLast(inputs[$0]) }
    epilogue.apply(to: &values, bias: epilogue.positions.bias.map { inputs[$0] }, residual: residual)
    return [channels.stored(Tensor(doubles: values, type: TensorType(y.element, shape)))]
  }

  /// The result's shape with channels last.
  func channelsLastShape(_ shape: Shape) -> Shape {
    channels == .last ? shape : shape.permuted(by: ChannelPlacement.lastPermutation(rank: shape.rank))
  }

  package func permuted(by permutation: [Int], inputs: [TensorType]) -> PermutedOperator? { nil }

  package func channelsLastPermutation(input index: Int, type: TensorType) -> [Int]? {
    index == epilogue.positions.bias ? nil : ChannelPlacement.lastPermutation(rank: type.rank)
  }

  package func channelsLastPermutation(output index: Int, type: TensorType) -> [Int]? {
    ChannelPlacement.lastPermutation(rank: type.rank)
  }
}
