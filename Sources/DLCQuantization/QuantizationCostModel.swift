import DLCGraph
import DLCOperators
import DLCTensor

/// Whether an operator gains by integers.
package struct QuantizationCostModel: Sendable {
  /// The node, and the types of its inputs and outputs.
  package var isWorthQuantizing: @Sendable (_ node: Node, _ inputs: [TensorType], _ outputs: [TensorType]) -> Bool

  package init(
    _ isWorthQuantizing: @escaping @Sendable (_ node: Node, _ inputs: [TensorType], _ outputs: [TensorType]) -> Bool
  ) {
    self.isWorthQuantizing = isWorthQuantizing
  }

  /// Every operator that can be.
  package static let everything = QuantizationCostModel { _, _, _ in true }

  /// Products that are over before their arguments are converted stay in floating point. A depthwise window of 3 x 3 with a
  /// stride of 2 has 2.25 for each argument, and is faster in integers than between two conversions.
  package static let standard = QuantizationCostModel { node, inputs, outputs in
    guard let op = Contraction(node.op), inputs.count > 1, let output = outputs.first else { return true }
    let products = Double(output.shape.count) * Double(WeightMatrix(op, inputs[1].shape).depth)
    return products >= 2 * Double(inputs[0].shape.count) && products >= 128
  }
}
