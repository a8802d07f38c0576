import DLCGraph
import DLCOperators
import DLCTensor

/// Which of a candidate's steps computes which value of the reference.
///
/// A layer is a node of the model. The candidate may have put what follows a node into its step: an activation, the addition of
/// a residual. Such a follower has no step of its own, which tells how far along the reference a step's result lies. Nothing
/// is concluded from the numbers, which a fault may have changed beyond recognition.
struct StepPairing {
  /// A value of the reference and what the candidate has for it.
  struct Pair {
    /// The layer.
    var node: NodeID
    var value: ValueID
    /// Which of the candidate's observed tensors.
    var observed: Int
  }

  private let graph: Graph
  private let candidate: [ObservedTensor]
  /// Of each name the steps that compute something, in order; and those that only convert numbers.
  private var computed: [String: [Int]] = [:]
  private var converted: [String: [Int]] = [:]

  /// `graph` is the reference with its activations as nodes of their own.
  init(_ graph: Graph, _ candidate: [ObservedTensor]) {
    self.graph = graph
    self.candidate = candidate
    for (k, tensor) in candidate.enumerated() {
      if tensor.isComputed {
        computed[tensor.name, default: []].append(k)
      } else {
        converted[tensor.name, default: []].append(k)
      }
    }
  }

  /// In topological order of the values, one for each name that both sides have.
  func pairs() -> [Pair] {
    let nodes = graph.topologicalOrder() ?? []
    let order = nodes.filter { isComparable($0) }
    var found: [String: Pair] = [:]
    // What stands last under a name is what the layer gives.
    for id in order.reversed() where found[graph[id].name] == nil { found[graph[id].name] = pair(id) }
    var taken: Set<ValueID> = []
    let pairs: [Pair] = order.compactMap { id in
      guard let pair = found[graph[id].name], pair.node == id, taken.insert(pair.value).inserted else { return nil }
      return pair
    }
    // A layer that took in the sum with another gives a value that stands behind that other's.
    let place = Dictionary(uniqueKeysWithValues: nodes.enumerated().map { ($1, $0) })
    func position(_ pair: Pair) -> Int { graph.producer(of: pair.value).flatMap { place[$0.id] } ?? 0 }
    return pairs.sorted { position($0) < position($1) }
  }

  private func isComparable(_ id: NodeID) -> Bool {
    let node = graph[id]
    return !node.name.isEmpty && computed[node.name] != nil && node.outputs.count == 1
      && isComparable(node.outputs[0])
  }

  private func isComparable(_ value: ValueID) -> Bool {
    graph[value].type.element == .float32 && !graph[value].type.shape.isEmpty
  }

  private func pair(_ id: NodeID) -> Pair? {
    let node = graph[id]
    for step in (computed[node.name] ?? []).reversed() {
      guard
        let value = results(of: id, step).last(where: { graph[$0].type.shape.count == candidate[step].values.count })
      else { continue }
      return Pair(node: id, value: value, observed: stored(value, step))
    }
    return nil
  }

  /// The integers that a step's floats become where nothing else is stored of them; else the step's own result.
  private func stored(_ value: ValueID, _ step: Int) -> Int {
    guard candidate[step].grid == nil else { return step }
    let names = [graph[value].name, candidate[step].name]
    let stored = names.flatMap { converted[$0] ?? [] }.filter {
      $0 > step && candidate[$0].grid != nil && candidate[$0].values.count == candidate[step].values.count
    }
    return stored.min() ?? step
  }

  /// The values that step `step` of node `id` may give: the node's own, and on along what has no step of its own.
  private func results(of id: NodeID, _ step: Int) -> [ValueID] {
    var values = [graph[id].outputs[0]]
    while let next = graph.onlyUser(of: values[values.count - 1]), values.count < Self.longest {
      let last = values[values.count - 1]
      let node = graph[next]
      guard node.outputs.count == 1, isComparable(node.outputs[0]),
        graph[node.outputs[0]].type.shape == graph[last].type.shape,
        node.name == graph[id].name || computed[node.name] == nil, follows(node, last, step)
      else { break }
      values.append(node.outputs[0])
    }
    return values
  }

  /// More followers than any operator takes in.
  private static let longest = 16

  /// Whether `node` can have become part of step `step`, which computes its input `value`.
  private func follows(_ node: Node, _ value: ValueID, _ step: Int) -> Bool {
    switch node.op {
    case is Unary, is BatchNormalization: return true
    case is Binary:
      // A sum of two layers became part of the one that is computed last.
      return node.inputs.filter { $0 != value && graph.constant($0) == nil }.allSatisfy { other in
        self.step(behind: other).map { $0 < step } ?? true
      }
    default: return false
    }
  }

  /// The candidate's step that computes `value`, perhaps together with what led to it; nil for inputs.
  private func step(behind value: ValueID) -> Int? {
    var value = value
    for _ in 0..<Self.longest {
      guard let (_, node) = graph.producer(of: value) else { return nil }
      if let steps = computed[node.name] { return steps.last }
      guard let input = node.inputs.first(where: { graph.constant($0) == nil }) else { return nil }
      value = input
    }
    return nil
  }
}
