import CDLCKernels
import DLCGraph
import DLCTensor
import Foundation

/// Local response normalization across channels: y = x / (bias + alpha/size * sum of squares)^beta.
package struct LocalResponseNormalization: Sendable, Hashable {
  package var size: Int
  package var alpha: Float
  package var beta: Float
  package var bias: Float
  package var channels: ChannelPlacement

  package init(size: Int, alpha: Float, beta: Float, bias: Float, channels: ChannelPlacement = .first) {
    self.size = size
    self.alpha = alpha
    self.beta = beta
    self.bias = bias
    self.channels = channels
  }
}

extension LocalResponseNormalization: SpatialOperator {
  package var mnemonic: String { "lrn" }

  package var attributes: [OperatorAttribute] {
    [
      OperatorAttribute("size", size), OperatorAttribute("alpha", alpha), OperatorAttribute("beta", beta),
      OperatorAttribute("bias", bias), OperatorAttribute("channels", channels.rawValue),
    ]
  }

  package func infer(_ inputs: [TensorType]) throws(OperatorError) -> [TensorType] {
    try OperatorError.require(inputs, named: "x")
    let x = inputs[0]
    try OperatorError.require(x, "x", in: ElementType.floats)
    try OperatorError.require(x.rank >= 2, "expected x of rank 2 or more, found \(x)")
    try OperatorError.require(size >= 1 && size < 1 << 31, "expected a size of at least 1, found \(size)")
    return [x]
  }

  package func evaluate(_ inputs: [Tensor]) throws(OperatorError) -> [Tensor] {
    let x = inputs[0]
    _ = try infer([x.type])
    let (outer, depth, inner) = x.shape.split(at: channels.axis(rank: x.shape.rank))
    let values = x.doubles()
    var result = values
    let scale = Double(alpha) / Double(size)
    for o in 0..<outer {
      for i in 0..<inner {
        for c in 0..<depth {
          var sum = 0.0
          for k in max(0, c - (size - 1) / 2)...min(depth - 1, c + size / 2) {
            let value = values[(o * depth + k) * inner + i]
            sum += value * value
          }
          result[(o * depth + c) * inner + i] /= pow(Double(bias) + scale * sum, Double(beta))
        }
      }
    }
    return [Tensor(doubles: result, type: x.type)]
  }

  /// With D = bias + alpha/size * sum of squares: g D^-beta - 2 alpha beta / size * x * (sum of g x D^(-beta-1) over the
  /// channels whose window holds this one).
  package var gradient: GradientRule {
    .rule { (request, patch) throws(OperatorError) in
      guard let g = request.outputGradients[0] else { return [nil] }
      let x = request.inputs[0]
      let scale = Double(alpha) / Double(size)
      let squares = try windowSum(&patch, patch.square(x), before: (size - 1) / 2, after: size / 2)
      let base = try patch.add(patch.multiply(squares, scale), Double(bias))
      let direct = try patch.multiply(g, patch.binary(.power, base, Double(-beta)))
      let products = try patch.multiply(patch.multiply(g, x), patch.binary(.power, base, Double(-beta) - 1))
      let sums = try windowSum(&patch, products, before: size / 2, after: (size - 1) / 2)
      return [try patch.subtract(direct, patch.multiply(patch.multiply(x, sums), 2 * scale * Double(beta)))]
    }
  }

  /// Sums over the channels from `before` ones before to `after` ones behind: an average over one axis times the size.
  private func windowSum(
    _ patch: inout GraphPatch, _ x: ValueID, before: Int, after: Int
  ) throws(OperatorError) -> ValueID {
    let shape = patch.type(of: x).shape
    let (outer, depth, inner) = shape.split(at: channels.axis(rank: shape.rank))
    let window = Window(
      kernel: [size, 1], strides: [1, 1], dilations: [1, 1], padBegin: [before, 0], padEnd: [after, 0])
    let image = try patch.reshape(x, to: Shape([outer, 1, depth, inner]))
    let mean = try patch.emit(Pool(.average(countsPadding: true), window: window), image)
    return try patch.reshape(patch.multiply(mean, Double(size)), to: shape)
  }

  package var quantization: QuantizationRule { .float("normalization has no integer kernel") }

  package func lower(_ request: LoweringRequest) throws(OperatorError) -> Lowering {
    if let limit = request.limit { return .undefined(limit) }
    if channels == .first && request.inputs[0].rank > 2 { return .undefined("the layout pass makes it channels-last") }
    if request.inputs[0].element != .float32 { return .undefined("the lrn kernel takes f32, not \(request.inputs[0])") }
    let parameters = dlc_lrn_params(size: try Int32(parameter: size), alpha: alpha, beta: beta, bias: bias)
    return .kernels([
      KernelCall(
        DLC_KERNEL_lrn, parameters,
        operands: [request.input(0, acceptsPitch: true), request.output(acceptsPitch: true)])
    ])
  }

  package func permuted(by permutation: [Int], inputs: [TensorType]) -> PermutedOperator? { nil }

  package func channelsLastPermutation(input index: Int, type: TensorType) -> [Int]? {
    type.rank > 2 ? ChannelPlacement.lastPermutation(rank: type.rank) : nil
  }

  package func channelsLastPermutation(output index: Int, type: TensorType) -> [Int]? {
    type.rank > 2 ? ChannelPlacement.lastPermutation(rank: type.rank) : nil
  }
}
