import DLCTensor

extension Graph: CustomStringConvertible {
  /// The graph as text, nodes in topological order, values numbered in that order: equal graphs print equally.
  package var description: String {
    var numbers: [ValueID: String] = [:]
    var constants = 0
    var text =
      "graph \(name)("
      + inputs.enumerated().map { k, port in
        numbers[port.value] = "%in\(k)"
        return "%in\(k) \(port.name): \(self[port.value].type)"
      }.joined(separator: ", ") + ")\n"
    func reference(_ id: ValueID) -> String {
      if let known = numbers[id] { return known }
      if let constant = constant(id) {
        numbers[id] =
          constant.count == 1 ? "\(constant.element)(\(constant.doubles()[0]))" : "const\(constants):\(constant.type)"
        if constant.count != 1 { constants += 1 }
      }
      return numbers[id] ?? "%?\(id.index)"
    }
    var next = 0
    for id in topologicalOrder() ?? [] {
      let node = self[id]
      let inputs = node.inputs.map(reference).joined(separator: ", ")
      let outputs = node.outputs.map { output in
        numbers[output] = "%\(next)"
        next += 1
        return "%\(next - 1): \(self[output].type)"
      }.joined(separator: ", ")
      let attributes = node.op.attributes.map { "\($0.name)=\($0.value)" }.joined(separator: " ")
      text += "  \(outputs) = \(node.op.mnemonic)(\(inputs))\(attributes.isEmpty ? "" : " " + attributes)\n"
    }
    for port in outputs { text += "  return \(port.name) = \(reference(port.value))\n" }
    return text
  }
}
