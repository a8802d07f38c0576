import DLCTensor

/// An edit of a graph: new nodes and constants, and values that take the place of others.
///
/// Built against one graph and applied to that same graph, unchanged since: ids of new values follow the graph's own.
package struct GraphPatch: Sendable {
  /// What the patch does, for logs: `fold batch_norm into conv "layer1.0.conv1"`.
  package var summary: String
  let firstValue: Int
  let firstNode: Int
  private(set) var newValues: [Value] = []
  private(set) var newNodes: [Node] = []
  private(set) var replacements: [(old: ValueID, new: ValueID)] = []
  private let base: [Value]

  package init(_ graph: Graph, _ summary: String = "") {
    self.summary = summary
    firstValue = graph.values.count
    firstNode = graph.nodes.count
    base = graph.values
  }

  /// The type of a value of the graph or of this patch.
  package func type(of id: ValueID) -> TensorType { value(id).type }

  /// A value of the graph or of this patch as a constant, if it is one.
  package func constant(_ id: ValueID) -> Tensor? { value(id).constant }

  private func value(_ id: ValueID) -> Value {
    id.index < firstValue ? base[id.index] : newValues[id.index - firstValue]
  }

  /// Adds a constant.
  package mutating func addConstant(_ tensor: Tensor, name: String = "") -> ValueID {
    newValues.append(Value(type: tensor.type, name: name, constant: tensor))
    return ValueID(index: firstValue + newValues.count - 1)
  }

  /// Adds a node after inferring its outputs' types.
  package mutating func add(
    _ op: any Operator, _ inputs: [ValueID], name: String = ""
  ) throws(OperatorError) -> [ValueID] {
    let types = try op.infer(inputs.map { type(of: $0) })
    let id = NodeID(index: firstNode + newNodes.count)
    var outputs: [ValueID] = []
    for type in types {
      newValues.append(Value(type: type, name: "", producer: id))
      outputs.append(ValueID(index: firstValue + newValues.count - 1))
    }
    newNodes.append(Node(op: op, inputs: inputs, outputs: outputs, name: name))
    return outputs
  }

  /// Adds a node of one output and gives that output.
  package mutating func emit(
    _ op: any Operator, _ inputs: ValueID..., name: String = ""
  ) throws(OperatorError) -> ValueID {
    try add(op, inputs, name: name)[0]
  }

  /// Lets every reader of `old` read `new`, which must have the same type. Nodes that nobody reads any more go.
  package mutating func replace(_ old: ValueID, with new: ValueID) {
    replacements.append((old, new))
  }
}

extension Graph {
  /// Applies a patch made from this very graph.
  package mutating func apply(_ patch: GraphPatch) {
    precondition(
      patch.firstValue == values.count && patch.firstNode == nodes.count,
      "patch '\(patch.summary)' was made from another state of the graph")
    values.append(contentsOf: patch.newValues)
    for node in patch.newNodes {
      let id = NodeID(index: nodes.count)
      nodes.append(node)
      for input in node.inputs { values[input.index].users.append(id) }
    }
    var suspects: [NodeID] = []
    for (old, new) in patch.replacements {
      precondition(
        values[old.index].type == values[new.index].type,
        "patch '\(patch.summary)' replaces \(values[old.index].type) by \(values[new.index].type)")
      redirect(old, to: new, keeping: patch.firstNode)
      if let producer = values[old.index].producer { suspects.append(producer) }
    }
    for k in patch.firstNode..<nodes.count { suspects.append(NodeID(index: k)) }
    removeUnread(suspects)
  }

  /// Readers older than the patch move from `old` to `new`; the patch's own nodes keep reading `old` (they wrap it).
  private mutating func redirect(_ old: ValueID, to new: ValueID, keeping firstNew: Int) {
    guard old != new else { return }
    let users = values[old.index].users
    values[old.index].users = users.filter { $0.index >= firstNew }
    for user in users where user.index < firstNew {
      if let position = nodes[user.index]?.inputs.firstIndex(of: old) {
        nodes[user.index]?.inputs[position] = new
        values[new.index].users.append(user)
      }
    }
    for k in outputs.indices where outputs[k].value == old { outputs[k].value = new }
    if values[new.index].name.isEmpty { values[new.index].name = values[old.index].name }
  }

  /// Removes those of `suspects`, and what they alone fed, whose outputs nobody reads.
  package mutating func removeUnread(_ suspects: [NodeID]) {
    let wanted = Set(outputs.map(\.value))
    var queue = suspects
    while let id = queue.popLast() {
      guard let node = nodes[id.index] else { continue }
      guard node.outputs.allSatisfy({ values[$0.index].users.isEmpty && !wanted.contains($0) }) else { continue }
      nodes[id.index] = nil
      for input in node.inputs {
        if let k = values[input.index].users.firstIndex(of: id) { values[input.index].users.remove(at: k) }
        // A constant that nobody reads any more would keep its memory, which folding makes much of.
        if values[input.index].users.isEmpty, !wanted.contains(input) { values[input.index].constant = nil }
        if let producer = values[input.index].producer { queue.append(producer) }
      }
    }
  }
}
