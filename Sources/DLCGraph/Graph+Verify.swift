import DLCTensor

extension Graph {
  /// The first broken invariant, or nil: every id in range, one definition per value, readers recorded, no cycle,
  /// every node's output types are what its operator infers, outputs of the graph exist.
  package func firstDefect() -> String? {
    for port in inputs + outputs where port.value.index >= values.count {
      return "port '\(port.name)' names a value that does not exist"
    }
    var reads = [Int](repeating: 0, count: values.count)
    for (k, node) in nodes.enumerated() {
      guard let node else { continue }
      let place = "node \(k) (\(node.op.mnemonic) '\(node.name)')"
      for input in node.inputs {
        guard input.index < values.count else { return "\(place) reads a value that does not exist" }
        reads[input.index] += 1
        guard values[input.index].users.contains(NodeID(index: k)) else {
          return "\(place) is no recorded reader of %\(input.index)"
        }
        if let producer = values[input.index].producer, !contains(producer) {
          return "\(place) reads %\(input.index), whose node was removed"
        }
      }
      for output in node.outputs {
        guard output.index < values.count, values[output.index].producer == NodeID(index: k) else {
          return "\(place) is not the producer of its output %\(output.index)"
        }
      }
      do {
        let types = try node.op.infer(node.inputs.map { values[$0.index].type })
        let found = node.outputs.map { values[$0.index].type }
        if types != found { return "\(place) has output types \(found), its operator infers \(types)" }
      } catch {
        return "\(place) does not fit its inputs: \(error.reason)"
      }
    }
    for (k, value) in values.enumerated() {
      if value.users.count != reads[k] { return "%\(k) records \(value.users.count) readers and has \(reads[k])" }
      if let constant = value.constant, constant.type != value.type { return "%\(k) is a constant of another type" }
    }
    for port in outputs {
      if let producer = self[port.value].producer, !contains(producer) {
        return "output '\(port.name)' has no producer"
      }
    }
    return topologicalOrder() == nil ? "the graph has a cycle" : nil
  }
}
