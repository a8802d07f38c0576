import DLCGraph
import DLCTensor

extension Graph {
  /// The same graph without the values and nodes that passes left behind, numbered anew in topological order.
  ///
  /// Frees the constants that folding replaced. The graph must have no cycle.
  package func compacted() throws(OperatorError) -> Graph {
    var result = Graph(name: name)
    var renamed: [ValueID: ValueID] = [:]
    for port in inputs {
      renamed[port.value] = result.addInput(name: port.name, type: self[port.value].type, declared: port.declared)
      result.rename(renamed[port.value]!, to: self[port.value].name)
    }
    func renamedConstant(_ id: ValueID) -> ValueID? {
      if let known = renamed[id] { return known }
      guard let tensor = constant(id) else { return nil }
      let new = result.addConstant(tensor, name: self[id].name)
      renamed[id] = new
      return new
    }
    guard let order = topologicalOrder() else { throw OperatorError("the graph has a cycle") }
    for id in order {
      let node = self[id]
      let inputs = node.inputs.compactMap { renamedConstant($0) }
      guard inputs.count == node.inputs.count else {
        throw OperatorError("node '\(node.name)' reads an undefined value")
      }
      let outputs = try result.add(node.op, inputs, name: node.name, outputNames: node.outputs.map { self[$0].name })
      for (old, new) in zip(node.outputs, outputs) { renamed[old] = new }
    }
    for port in outputs {
      guard let value = renamedConstant(port.value) else { throw OperatorError("output '\(port.name)' is undefined") }
      result.outputs.append(Port(name: port.name, value: value, declared: port.declared))
    }
    return result
  }
}
