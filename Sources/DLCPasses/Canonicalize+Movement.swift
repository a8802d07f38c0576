import DLCGraph
import DLCOperators
import DLCTensor

extension Simplification {
  /// Data movement, casts, reductions and pools that do nothing or nothing more than a simpler operator.
  static func movement(_ node: Node, _ graph: Graph) -> Simplification? {
    guard let x = node.inputs.first, let output = node.outputs.first, node.outputs.count == 1 else { return nil }
    let type = graph[x].type
    let same = type == graph[output].type
    switch node.op {
    case is Cast, is Expand:
      return same ? .value(x) : nil
    case let op as Reshape:
      if same { return .value(x) }
      if let (_, before) = graph.producer(of: x), before.op is Reshape { return .node(op, before.inputs) }
    case let op as Transpose:
      if op.permutation.isIdentity { return .value(x) }
      if let (_, before) = graph.producer(of: x), let first = before.op as? Transpose {
        return .node(Transpose(permutation: op.permutation.after(first.permutation)), before.inputs)
      }
      if op.permutation.movesOnlyUnitAxes(of: type.shape) {
        return .node(Reshape(shape: type.shape.permuted(by: op.permutation)), [x])
      }
    case let op as Slice:
      if same, op.steps.allSatisfy({ $0 == 1 }) { return .value(x) }
      if let (_, before) = graph.producer(of: x), let first = before.op as? Slice {
        return .node(op.after(first), before.inputs)
      }
    case let op as Pad:
      if (op.before + op.after).allSatisfy({ $0 == 0 }) { return .value(x) }
    case let op as Tile:
      if op.repeats.allSatisfy({ $0 == 1 }) { return .value(x) }
    case let op as Resize:
      if same, op.coordinate != .cropAndResize, op.scales.allSatisfy({ $0 == 1 }) { return .value(x) }
    case let op as Concatenate:
      return concatenation(op, node, graph)
    case let op as Reduce:
      switch op.kind {
      case .sum, .mean, .maximum, .minimum, .product:
        if op.axes.allSatisfy({ type.shape[$0] == 1 }) { return .node(Reshape(shape: graph[output].type.shape), [x]) }
      case .l1, .l2, .sumSquare, .logSum, .logSumExp: break
      }
    case let op as Pool:
      let window = op.window
      guard (window.kernel + window.strides).allSatisfy({ $0 == 1 }), same else { return nil }
      switch op.kind {
      case .maximum, .average: return .value(x)
      case .lp: return nil
      }
    default: break
    }
    return nil
  }

  /// A concatenation of one input, with empty inputs, or of concatenations along the same axis that nobody else reads.
  private static func concatenation(_ op: Concatenate, _ node: Node, _ graph: Graph) -> Simplification? {
    if node.inputs.count == 1 { return .value(node.inputs[0]) }
    let full = node.inputs.filter { !graph[$0].type.shape.isEmpty }
    if full.count < node.inputs.count, !full.isEmpty { return .node(op, full) }
    var flat: [ValueID] = []
    for input in node.inputs {
      if let (_, before) = graph.producer(of: input), before.op as? Concatenate == op, graph.onlyUser(of: input) != nil
      {
        flat.append(contentsOf: before.inputs)
      } else {
        flat.append(input)
      }
    }
    return flat.count > node.inputs.count ? .node(op, flat) : nil
  }
}

extension Slice {
  /// The single slice for `first` and then this one.
  fileprivate func after(_ first: Slice) -> Slice {
    Slice(
      starts: starts.indices.map { first.starts[$0] + starts[$0] * first.steps[$0] }, counts: counts,
      steps: steps.indices.map { first.steps[$0] * steps[$0] })
  }
}
