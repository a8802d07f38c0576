import DLCTensor

extension Graph {
  /// What the integers of each value stand for, where an integer operator computes or reads it: known along data movement.
  package func quantizations() -> [ValueID: QuantizationParameters] {
    var known: [ValueID: QuantizationParameters] = [:]
    func note(_ id: ValueID, _ parameters: QuantizationParameters?) {
      guard let parameters, known[id] == nil, constant(id) == nil, self[id].type.element == parameters.element else {
        return
      }
      known[id] = parameters
    }
    let order = topologicalOrder() ?? []
    for node in order.map({ self[$0] }) {
      if let op = node.op as? any IntegerOperator {
        for (k, output) in node.outputs.enumerated() { note(output, op.quantization(ofOutput: k)) }
      } else if let source = node.moved.first, let output = node.outputs.first {
        note(output, known[source])
      }
    }
    for node in order.reversed().map({ self[$0] }) {
      if let op = node.op as? any IntegerOperator {
        for (k, input) in node.inputs.enumerated() { note(input, op.quantization(ofInput: k)) }
      } else if let output = node.outputs.first {
        for source in node.moved { note(source, known[output]) }
      }
    }
    return known
  }

  /// Nodes that compute with integers that stand for real numbers, without the conversions between both.
  package var integerNodeCount: Int {
    let known = quantizations()
    return (topologicalOrder() ?? []).count { id in
      if let op = self[id].op as? any IntegerOperator { return !op.isConversion }
      return self[id].outputs.first.map { known[$0] != nil } ?? false
    }
  }
}

extension Node {
  /// The inputs whose elements the output holds as they are.
  fileprivate var moved: [ValueID] {
    guard case .sharedScale(let positions) = op.quantization else { return [] }
    return positions.isEmpty ? inputs : positions.filter { $0 < inputs.count }.map { inputs[$0] }
  }
}
