import DLCGraph
import DLCTensor

extension QuantizationParameters {
  /// The parameters of `value`, whose channels stand last, with what its channels are divided by multiplied in; unchanged where
  /// `channelScales` names neither the value nor the node that computes it.
  func scaled(
    _ value: ValueID, in graph: Graph, by channelScales: [String: [Float]]
  ) -> QuantizationParameters {
    guard !channelScales.isEmpty, isPerTensor, let (_, node) = graph.producer(of: value),
      let channels = channelScales[node.name] ?? channelScales[graph[value].name],
      let last = graph[value].type.shape.dimensions.last, last == channels.count
    else { return self }
    let products = channels.map { $0 * scale }
    guard products.allSatisfy({ $0.isFinite && $0 > 0 }) else { return self }
    return QuantizationParameters(
      element, scales: products, zeroPoints: [Int32](repeating: zeroPoint, count: last),
      axis: graph[value].type.rank - 1)
  }

  /// The parameters of the same elements under another type; nil when they do not belong to it.
  func seen(as type: TensorType) -> QuantizationParameters? {
    guard element == type.element else { return nil }
    guard axis != nil else { return self }
    guard type.shape.dimensions.last == scales.count else { return nil }
    var parameters = self
    parameters.axis = type.rank - 1
    return parameters
  }
}
