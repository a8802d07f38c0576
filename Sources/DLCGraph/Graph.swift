import DLCTensor

/// Names a value of a graph.
package struct ValueID: Hashable, Sendable, Comparable {
  package let index: Int
  package init(index: Int) { self.index = index }
  package static func < (a: ValueID, b: ValueID) -> Bool { a.index < b.index }
}

/// Names a node of a graph.
package struct NodeID: Hashable, Sendable, Comparable {
  package let index: Int
  package init(index: Int) { self.index = index }
  package static func < (a: NodeID, b: NodeID) -> Bool { a.index < b.index }
}

/// A tensor that flows: a graph input, a constant, or a node's output.
package struct Value: Sendable {
  package var type: TensorType
  /// The model's name for it, or empty.
  package var name: String
  /// The node that computes it; nil for inputs and constants.
  package var producer: NodeID?
  /// Its value when it is a constant.
  package var constant: Tensor?
  /// Nodes that read it, once per reading position.
  package internal(set) var users: [NodeID] = []
}

/// One application of an operator.
package struct Node: Sendable {
  package var op: any Operator
  package var inputs: [ValueID]
  package var outputs: [ValueID]
  /// Where it comes from in the model: the ONNX node's name, or its operator and output.
  package var name: String
}

/// A model's input or output as its interface shows it.
package struct Port: Sendable {
  package var name: String
  package var value: ValueID
  /// The axes as the model declares them, symbolic ones by name.
  package var declared: [Dimension]

  package init(name: String, value: ValueID, declared: [Dimension]) {
    self.name = name
    self.value = value
    self.declared = declared
  }
}

/// A typed dataflow graph in static single assignment form.
///
/// Values and nodes keep their ids for the graph's life; a removed node leaves a hole. Edits are `GraphPatch`es.
package struct Graph: Sendable {
  package var name: String
  package var inputs: [Port] = []
  package var outputs: [Port] = []
  package internal(set) var values: [Value] = []
  package internal(set) var nodes: [Node?] = []

  package init(name: String) { self.name = name }

  package subscript(id: ValueID) -> Value { values[id.index] }

  /// The node `id`; it must not have been removed.
  package subscript(id: NodeID) -> Node {
    guard let node = nodes[id.index] else { preconditionFailure("node \(id.index) was removed") }
    return node
  }

  /// Whether the node is still there.
  package func contains(_ id: NodeID) -> Bool { id.index < nodes.count && nodes[id.index] != nil }

  /// The value as a constant, if it is one.
  package func constant(_ id: ValueID) -> Tensor? { values[id.index].constant }

  /// The node that computes `id`, if any.
  package func producer(of id: ValueID) -> (id: NodeID, node: Node)? {
    guard let producer = values[id.index].producer else { return nil }
    return (producer, self[producer])
  }

  /// Whether `id` is one of the graph's outputs.
  package func isOutput(_ id: ValueID) -> Bool { outputs.contains { $0.value == id } }

  /// The only node reading `id`, when exactly one reads it, once, and it is no graph output.
  package func onlyUser(of id: ValueID) -> NodeID? {
    let users = values[id.index].users
    return users.count == 1 && !isOutput(id) ? users[0] : nil
  }

  /// Number of nodes that were not removed.
  package var nodeCount: Int { nodes.reduce(0) { $1 == nil ? $0 : $0 + 1 } }

  /// Adds a graph input.
  package mutating func addInput(name: String, type: TensorType, declared: [Dimension]) -> ValueID {
    let id = addValue(Value(type: type, name: name))
    inputs.append(Port(name: name, value: id, declared: declared))
    return id
  }

  /// Adds a constant.
  package mutating func addConstant(_ tensor: Tensor, name: String = "") -> ValueID {
    addValue(Value(type: tensor.type, name: name, constant: tensor))
  }

  /// Adds a node after inferring its outputs' types.
  package mutating func add(
    _ op: any Operator, _ inputs: [ValueID], name: String = "", outputNames: [String] = []
  ) throws(OperatorError) -> [ValueID] {
    let types = try op.infer(inputs.map { values[$0.index].type })
    let id = NodeID(index: nodes.count)
    var outputs: [ValueID] = []
    for (k, type) in types.enumerated() {
      let outputName = k < outputNames.count ? outputNames[k] : ""
      outputs.append(addValue(Value(type: type, name: outputName, producer: id)))
    }
    nodes.append(Node(op: op, inputs: inputs, outputs: outputs, name: name))
    for input in inputs { values[input.index].users.append(id) }
    return outputs
  }

  /// Names a value if it has no name yet, or renames it.
  package mutating func rename(_ id: ValueID, to name: String) { values[id.index].name = name }

  private mutating func addValue(_ value: Value) -> ValueID {
    values.append(value)
    return ValueID(index: values.count - 1)
  }

  /// Nodes in an order in which each stands after those it reads; stable: ties go by id. Nil when there is a cycle.
  package func topologicalOrder() -> [NodeID]? {
    var missing = [Int](repeating: 0, count: nodes.count)
    var ready = MinHeap<Int>()
    for (k, node) in nodes.enumerated() {
      guard let node else { continue }
      missing[k] = node.inputs.reduce(0) { values[$1.index].producer == nil ? $0 : $0 + 1 }
      if missing[k] == 0 { ready.insert(k) }
    }
    var order: [NodeID] = []
    while let k = ready.removeMin() {
      order.append(NodeID(index: k))
      for output in nodes[k]?.outputs ?? [] {
        for user in values[output.index].users {
          missing[user.index] -= 1
          if missing[user.index] == 0 { ready.insert(user.index) }
        }
      }
    }
    return order.count == nodeCount ? order : nil
  }
}
