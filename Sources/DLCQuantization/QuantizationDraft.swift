import DLCGraph
import DLCOperators
import DLCTensor

/// A network on its way to integers: what is quantized how, from which graphs are emitted.
struct QuantizationDraft: Sendable {
  let network: PreparedNetwork
  /// Constants that take the place of the graph's own: balanced weights, corrected biases.
  var overrides: [InputSlot: Tensor] = [:]
  /// The same as balancing left them, before biases were changed to make up for rounding.
  var balanced: [InputSlot: Tensor] = [:]
  /// Parameters of values that may be integers.
  var parameters: [ValueID: QuantizationParameters] = [:]
  var weights: [NodeID: QuantizedWeights] = [:]
  /// Parameters of the tables of lookups that compute in floating point, one scale for each row: only the table is integers.
  var tables: [NodeID: QuantizationParameters] = [:]
  var participation = Participation()
  /// What the channels of balanced values are divided by.
  var channelScales: [ValueID: [Float]] = [:]

  /// The same by the names of the values, and of the nodes that compute them.
  var namedChannelScales: [String: [Float]] {
    var result: [String: [Float]] = [:]
    for (value, scales) in channelScales {
      result[network.graph[value].name] = scales
      // The scaling of an input has the input's name, which is not scaled.
      guard let (id, node) = network.graph.producer(of: value), !network.scalesInput(id) else { continue }
      result[node.name] = scales
    }
    result[""] = nil
    return result
  }

  /// The constant that a node reads at `index`, if it has such an input, improvements included.
  func constant(_ node: NodeID, _ index: Int) -> Tensor? {
    if let changed = overrides[InputSlot(node: node, index: index)] { return changed }
    let inputs = network.graph[node].inputs
    return index < inputs.count ? network.graph.constant(inputs[index]) : nil
  }

  /// Whether a node scales the network's input by nothing but 1.
  func isIdentity(_ id: NodeID) -> Bool {
    network.scalesInput(id) && overrides[InputSlot(node: id, index: 1)] == nil
  }

  /// The matrix view of a node's weights.
  func matrix(_ node: NodeID) -> WeightMatrix? {
    guard let op = Contraction(network.graph[node].op) else { return nil }
    return WeightMatrix(op, network.graph[network.graph[node].inputs[1]].type.shape)
  }

  /// Everything in floating point, with the improvements made so far.
  var float: QuantizationDraft {
    var draft = self
    draft.weights = [:]
    draft.tables = [:]
    draft.participation = Participation()
    return draft
  }

  /// This draft with only the nodes that `allows` in integers.
  func restricted(_ allows: (NodeID) -> Bool) -> QuantizationDraft {
    var draft = self
    let now = participation
    draft.participation = Participation(network) { now.nodes.contains($0) && allows($0) }
    let kept = draft.participation
    draft.weights = weights.filter { id, _ in
      now.nodes.contains(id) ? kept.nodes.contains(id) : allows(id)
    }
    // What makes up for rounding would be an error where nothing is rounded.
    for slot in overrides.keys where slot.index == 2 && !draft.isQuantized(slot.node) {
      draft.overrides[slot] = balanced[slot]
    }
    return draft
  }
}

/// What a run shall give besides or instead of the network's outputs.
enum Probe: Hashable, Sendable {
  /// A value before it is quantized.
  case value(ValueID)
  /// The sums of a contraction with bias, without residual and function, from the inputs it reads in the draft.
  case sums(NodeID)
  /// The sums of a contraction's inputs with the errors of its quantized weights.
  case weightErrors(NodeID)

  /// The value whose node it belongs to.
  func anchor(_ graph: Graph) -> ValueID {
    switch self {
    case .value(let id): id
    case .sums(let node), .weightErrors(let node): graph[node].outputs[0]
    }
  }
}

extension QuantizationDraft {
  /// The graph of this draft with its own outputs.
  func emit() throws(QuantizationError) -> Graph {
    do {
      var emission = GraphEmission(self, needed: nil)
      return try emission.network()
    } catch {
      throw QuantizationError(error)
    }
  }

  /// The part of the graph that `probes` need, with them as outputs; every input stays.
  func emit(_ probes: [Probe]) throws(QuantizationError) -> Graph {
    do {
      var needed: Set<NodeID> = []
      var queue = probes.compactMap { network.graph[$0.anchor(network.graph)].producer }
      while let id = queue.popLast() {
        guard needed.insert(id).inserted else { continue }
        queue += network.graph[id].inputs.compactMap { network.graph[$0].producer }
      }
      var emission = GraphEmission(self, needed: needed)
      return try emission.network(probes)
    } catch {
      throw QuantizationError(error)
    }
  }
}
