import DLCGraph
import DLCTensor

extension Graph {
  /// The graph's outputs by reference evaluation of every node.
  package func evaluated(_ arguments: [Tensor]) throws -> [Tensor] {
    var known: [ValueID: Tensor] = [:]
    for (port, argument) in zip(inputs, arguments) { known[port.value] = argument }
    func tensor(_ id: ValueID) throws -> Tensor {
      guard let tensor = known[id] ?? constant(id) else { throw OperatorError("value \(id.index) was not computed") }
      return tensor
    }
    guard let order = topologicalOrder() else { throw OperatorError("the graph has a cycle") }
    for id in order {
      let node = self[id]
      for (output, result) in zip(node.outputs, try node.op.evaluate(node.inputs.map(tensor))) {
        guard result.type == self[output].type else {
          throw OperatorError("\(node.op.mnemonic) evaluated to \(result.type), inferred \(self[output].type)")
        }
        known[output] = result
      }
    }
    return try outputs.map { try tensor($0.value) }
  }

  /// Likewise for inputs by name, which must have the graph's types.
  package func evaluated(_ arguments: [String: Tensor]) throws -> [Tensor] {
    try evaluated(
      try inputs.map { port in
        guard let argument = arguments[port.name], argument.type == self[port.value].type else {
          throw OperatorError(
            "input '\(port.name)' is \(self[port.value].type), given \(arguments[port.name].map { "\($0.type)" } ?? "nothing")"
          )
        }
        return argument
      })
  }
}
