import DLCGraph
import DLCTensor

extension Graph {
  /// The graph's outputs by reference evaluation of every node.
  func evaluated(_ arguments: [Tensor]) throws -> [Tensor] {
    var known: [ValueID: Tensor] = [:]
    for (port, argument) in zip(inputs, arguments) { known[port.value] = argument }
    func tensor(_ id: ValueID) throws -> Tensor {
      guard let tensor = known[id] ?? constant(id) else { throw OperatorError("value \(id.index) was not computed") }
      return tensor
    }
    for id in topologicalOrder() ?? [] {
      let node = self[id]
      let results = try node.op.evaluate(node.inputs.map(tensor))
      for (output, result) in zip(node.outputs, results) {
        if result.type != self[output].type {
          throw OperatorError("\(node.op.mnemonic) evaluated to \(result.type), inferred \(self[output].type)")
        }
        known[output] = result
      }
    }
    return try outputs.map { try tensor($0.value) }
  }
}
