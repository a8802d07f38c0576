import DLCGraph
import DLCOperators
import DLCTensor

/// For each value and node of a graph the second axis order it could be computed in, as transpositions suggest it.
///
/// A value v has an alternative order q when v' with `v = transpose(v', q)` could be there instead: behind a
/// transposition v' is what it reads; an operator that exists for other axis orders passes the order on.
struct AxisOrders {
  /// How a node takes part.
  enum Role {
    /// Computes in the model's order only.
    case fixed
    /// A transposition whose input is the alternative of its output.
    case opens
    /// A transposition that undoes its input's alternative order.
    case closes
    /// Could run `op` on inputs reordered by `order`.
    case flexible(PermutedOperator, order: [Int])
    /// Its weights take any order of its input: see `flattenIntoWeights`.
    case indifferent
  }

  let topological: [NodeID]
  private(set) var roles: [NodeID: Role] = [:]
  private(set) var orders: [ValueID: [Int]] = [:]

  init(_ graph: Graph) {
    topological = graph.topologicalOrder() ?? []
    for id in topological { roles[id] = visit(id, graph) }
  }

  /// The order in which `node` would read its input `position`, when it is a data input that is no constant.
  static func wanted(_ operation: PermutedOperator, _ order: [Int], _ position: Int) -> [Int]? {
    operation.unchangedInputs.contains(position) ? nil : order
  }

  private mutating func visit(_ id: NodeID, _ graph: Graph) -> Role {
    let node = graph[id]
    if let transpose = node.op as? Transpose { return visit(transpose, node, graph) }
    let candidates = node.inputs.filter { orders[$0] != nil }
    guard let leader = candidates.max(by: { graph[$0].type.byteCount < graph[$1].type.byteCount }),
      let order = orders[leader]
    else { return .fixed }
    if node.op is Reshape, let flat = FlatConsumer(id, in: graph), flat.weights.count > 0, order[0] == 0 {
      return .indifferent
    }
    let types = node.inputs.map { graph[$0].type }
    let operation =
      if let reshape = node.op as? Reshape {
        ReorderedReshape(from: types[0].shape, to: reshape.shape, order: order)?.operation
      } else {
        node.op.permuted(by: order, inputs: types)
      }
    guard let operation, fits(operation, order, node, graph) else { return .fixed }
    for (output, permutation) in zip(node.outputs, operation.outputPermutations) where !permutation.isIdentity {
      orders[output] = permutation
    }
    return .flexible(operation, order: order)
  }

  private mutating func visit(_ transpose: Transpose, _ node: Node, _ graph: Graph) -> Role {
    let (input, output) = (node.inputs[0], node.outputs[0])
    guard let order = orders[input] else {
      orders[output] = transpose.permutation
      return .opens
    }
    let together = transpose.permutation.after(order)
    if together.movesOnlyUnitAxes(of: graph[input].type.shape.permuted(by: order.inverse)) {
      // An input of the graph cannot be its output, so these two transpositions stay.
      let source = graph.producer(of: input)?.node
      let staysInput = source?.op is Transpose && source.map { graph[$0.inputs[0]].producer == nil } ?? false
      return staysInput && graph.isOutput(output) ? .fixed : .closes
    }
    var conjugate = [Int](repeating: 0, count: order.count)
    for (axis, place) in order.enumerated() { conjugate[place] = together[axis] }
    orders[output] = order
    return .flexible(
      PermutedOperator(Transpose(permutation: conjugate), outputPermutations: [order]), order: order)
  }

  /// Whether `operation` on reordered inputs gives what `node` gives, reordered.
  private func fits(_ operation: PermutedOperator, _ order: [Int], _ node: Node, _ graph: Graph) -> Bool {
    guard operation.outputPermutations.count == node.outputs.count else { return false }
    var types: [TensorType] = []
    for (k, input) in node.inputs.enumerated() {
      let type = graph[input].type
      if operation.unchangedInputs.contains(k) {
        types.append(type)
      } else {
        guard type.rank == order.count else { return false }
        types.append(TensorType(type.element, type.shape.permuted(by: order.inverse)))
      }
    }
    guard let results = try? operation.op.infer(types), results.count == node.outputs.count else { return false }
    return node.outputs.indices.allSatisfy { k in
      let type = graph[node.outputs[k]].type
      let permutation = operation.outputPermutations[k]
      return permutation.count == type.rank
        && results[k] == TensorType(type.element, type.shape.permuted(by: permutation.inverse))
    }
  }
}

/// A reshape of a tensor whose axes lie in another order.
///
/// Input and output axes fall into groups of equal element count; the reshape carries over when the axes of each group
/// stay neighbours in their order. Channel shuffles and the flattening of image axes into one are such.
struct ReorderedReshape {
  let operation: PermutedOperator

  init?(from: Shape, to: Shape, order: [Int]) {
    guard !from.isEmpty, from.rank > 0, to.rank > 0, from.rank == order.count else { return nil }
    var groups: [(inputs: Range<Int>, outputs: Range<Int>)] = []
    var (i, j) = (0, 0)
    while i < from.rank, j < to.rank {
      let (firstInput, firstOutput) = (i, j)
      var (a, b) = (from[i], to[j])
      i += 1
      j += 1
      while a != b {
        if a < b {
          guard i < from.rank else { return nil }
          a *= from[i]
          i += 1
        } else {
          guard j < to.rank else { return nil }
          b *= to[j]
          j += 1
        }
      }
      groups.append((firstInput..<i, firstOutput..<j))
    }
    // Only axes of extent 1 are left on either side.
    let tail = groups.removeLast()
    groups.append((tail.inputs.lowerBound..<from.rank, tail.outputs.lowerBound..<to.rank))

    let arrangement = order.inverse
    let heavy = arrangement.filter { from[$0] != 1 }
    let rank = Dictionary(uniqueKeysWithValues: heavy.enumerated().map { ($1, $0) })
    var placed: [(place: Double, outputs: Range<Int>)] = []
    for (number, group) in groups.enumerated() {
      let places = group.inputs.compactMap { rank[$0] }
      guard let first = places.first else {
        placed.append((placed.last.map { $0.place + 1e-6 * Double(number + 1) } ?? -1, group.outputs))
        continue
      }
      guard zip(places, first...).allSatisfy(==) else { return nil }
      placed.append((Double(first), group.outputs))
    }
    placed.sort { $0.place < $1.place }
    let sequence = placed.flatMap { Array($0.outputs) }
    operation = PermutedOperator(
      Reshape(shape: to.permuted(by: sequence)), outputPermutations: [sequence.inverse])
  }
}
