import DLCGraph
import DLCTensor

/// Takes the mean error of each channel out of the biases (Nagel et al. 2019, section 4.2, measured on data).
///
/// First what each layer's own weights cause on quantized inputs, all layers at once; then, from the front to the back, what is
/// left against the float network. A layer inherits the errors of those before it: were several corrected for all of theirs at
/// once, those behind would correct the same error again. So one pass over the data corrects one layer, and where that takes
/// too many, layers between those corrected keep the correction for their own weights.
struct BiasCorrection {
  let context: CalibrationContext
  /// Layers to correct for all of their error; nil: as many as work allows.
  var passes: Int?

  /// Multiply-adds that passes over the data may take, and how many passes there are at least.
  private static let work = 200e9
  private static let fewest = 8

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
    for index in Self.places(layers.count, passes: passes ?? affordable) {
      let found = try means([.sums(layers[index])], result)
      subtract(zip(found[0], expected[index]).map { $0 - $1 }, from: layers[index], &result)
    }
    return result
  }

  /// A pass runs half of the network on average.
  private var affordable: Int {
    let one = max(context.products, 1) * Double(context.fitted.count) / 2
    return Int(min(max(Self.work / one, Double(Self.fewest)), 10_000))
  }

  /// The layers to correct for all of their error, at most `passes` of `count`, evenly spaced, the last one among them.
  private static func places(_ count: Int, passes: Int) -> [Int] {
    let passes = min(count, passes)
    return (1...passes).map { $0 * count / passes - 1 }
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
