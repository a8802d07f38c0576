import DLCGraph
import DLCOperators
import DLCTensor

/// How much an operator gains by integers.
package struct QuantizationCostModel: Sendable {
  package enum Gain: Sendable {
    /// It is slower than in floating point.
    case none
    /// Too little to pay for much of the network's accuracy.
    case little
    case clear
  }

  /// The node, and the types of its inputs and outputs.
  package var gain: @Sendable (_ node: Node, _ inputs: [TensorType], _ outputs: [TensorType]) -> Gain

  package init(
    _ gain: @escaping @Sendable (_ node: Node, _ inputs: [TensorType], _ outputs: [TensorType]) -> Gain
  ) {
    self.gain = gain
  }

  /// Every operator that can be.
  package static let everything = QuantizationCostModel { _, _, _ in .clear }

  /// Products that are over before their arguments are converted stay in floating point. A depthwise window of 3 x 3 with a
  /// stride of 2 has 2.25 for each argument, and is little faster in integers than between two conversions.
  package static let standard = QuantizationCostModel { node, inputs, outputs in
    guard let op = Contraction(node.op), inputs.count > 1, let output = outputs.first else { return .clear }
    let products = Double(output.shape.count) * Double(WeightMatrix(op, inputs[1].shape).depth)
    let arguments = Double(inputs[0].shape.count)
    if products < 2 * arguments || products < 128 { return .none }
    return products < 4 * arguments ? .little : .clear
  }
}
