import DLCGraph
import DLCTensor

/// Takes the mean error of each channel out of the biases (Nagel et al. 2019, section 4.2, measured on data).
///
/// First what each layer's own weights cause on quantized inputs, all layers at once; then what is left against the
/// float network, from the front to the back, in few passes.
struct BiasCorrection {
  let context: CalibrationContext

  /// Most passes that look at the whole error.
  private static let blocks = 8

  /// The bias without any correction, balanced channels included.
  private func original(_ node: NodeID, _ draft: QuantizationDraft) -> Tensor? {
    draft.balanced[InputSlot(node: node, index: 2)] ?? draft.network.graph.constant(draft.network.graph[node].inputs[2])
  }

  /// The draft with corrected biases.
  func corrected(_ draft: QuantizationDraft) throws(QuantizationError) -> QuantizationDraft {
    let layers = draft.network.order.filter {
      draft.weights[$0] != nil && draft.constant($0, 2) != nil
    }
    if layers.isEmpty { return draft }
    var result = draft
    // The biases of the draft may hold corrections already: what counts is the network as it came.
    var float = draft.float
    for layer in layers { float.overrides[InputSlot(node: layer, index: 2)] = original(layer, draft) }
    let expected = try means(layers.map { .sums($0) }, float)
    let own = try means(layers.map { .weightErrors($0) }, result)
    for (layer, errors) in zip(layers, own) {
      result.overrides[InputSlot(node: layer, index: 2)] = original(layer, draft)
      subtract(errors, from: layer, &result)
    }
    let size = (layers.count + Self.blocks - 1) / Self.blocks
    for first in stride(from: 0, to: layers.count, by: size) {
      let block = Array(first..<min(first + size, layers.count))
      let found = try means(block.map { .sums(layers[$0]) }, result)
      for (k, layer) in block.enumerated() {
        subtract(zip(found[k], expected[layer]).map { $0 - $1 }, from: layers[layer], &result)
      }
    }
    return result
  }

  private func means(_ probes: [Probe], _ draft: QuantizationDraft) throws(QuantizationError) -> [[Double]] {
    try context.channelMeans(probes, in: draft, stage: .correcting)
  }

  private func subtract(_ errors: [Double], from node: NodeID, _ draft: inout QuantizationDraft) {
    guard let bias = draft.constant(node, 2), bias.count == errors.count, errors.allSatisfy(\.isFinite) else { return }
    let values = zip(bias.floats(), errors).map { $0 - Float($1) }
    draft.overrides[InputSlot(node: node, index: 2)] = Tensor(values, shape: bias.shape)
  }
}
