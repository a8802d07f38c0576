import DLCGraph
import DLCOperators
import DLCTensor

extension Pass {
  /// Applies a table to a result before it is stored, and makes one of two tables in a row.
  ///
  ///     Given:  %0 = qconv(%x, W) y=p; %1 = lookup(%0) y=q
  ///     Result: %1 = qconv(%x, W) before=p table y=q
  ///
  /// A reshape or transposition may stand between the two.
  package static let fuseTables = Pass(
    "fuse-tables", "tables into the integer operators before them", level: 0, requires: [.integersFormed],
    .node { (graph, id) throws(OperatorError) in
      let node = graph[id]
      guard let lookup = node.op as? LookupTable, graph.onlyUser(of: node.inputs[0]) == id,
        let (beforeID, before) = graph.producer(of: node.inputs[0])
      else { return nil }
      guard let op = joined(before.op, lookup) else {
        // A table reaches what stands before a change of shape.
        guard before.op is Reshape || before.op is Transpose, graph.onlyUser(of: before.inputs[0]) == beforeID,
          let (_, source) = graph.producer(of: before.inputs[0]), joined(source.op, lookup) != nil
        else { return nil }
        var patch = GraphPatch(graph, "table ahead of '\(before.name)'")
        let looked = try patch.emit(lookup, before.inputs[0], name: node.name)
        patch.replace(node.outputs[0], with: try patch.emit(before.op, looked, name: before.name))
        return patch
      }
      var patch = GraphPatch(graph, "table into '\(before.name)'")
      patch.replace(node.outputs[0], with: try patch.add(op, before.inputs, name: before.name)[0])
      return patch
    })

  /// `op` and then `lookup` as one operator, if there is one.
  private static func joined(_ op: any Operator, _ lookup: LookupTable) -> (any Operator)? {
    if let first = op as? LookupTable {
      guard let entries = first.table.bytes?.map({ Int($0) }) else { return nil }
      let size = lookup.table.element.size
      let table = Tensor(lookup.table.type) { target in
        lookup.table.withBytes { answers in
          for (k, entry) in entries.enumerated() {
            for b in 0..<size { target[k * size + b] = answers[entry * size + b] }
          }
        }
      }
      return LookupTable(table, of: first.element, input: first.input, output: lookup.output)
    }
    guard lookup.element == .uint8, lookup.table.element == .uint8, let output = lookup.output,
      let entries = lookup.table.bytes
    else { return nil }
    switch op {
    case var op as QuantizedConvolution:
      guard op.scheme.apply(entries, output) else { return nil }
      return op
    case var op as QuantizedConvolutionTranspose:
      guard op.scheme.apply(entries, output) else { return nil }
      return op
    case var op as QuantizedMatMul:
      guard op.scheme.apply(entries, output) else { return nil }
      return op
    case var op as QuantizedBinary:
      guard op.output != nil else { return nil }
      if op.table == nil { op.intermediate = op.output }
      op.table = op.table.map { $0.map { entries[Int($0)] } } ?? entries
      op.output = output
      return op
    default: return nil
    }
  }
}

extension ContractionScheme {
  /// Applies `entries`, which give integers of `parameters`, to the result; false when that is f32.
  fileprivate mutating func apply(_ entries: [UInt8], _ parameters: QuantizationParameters) -> Bool {
    guard output != nil else { return false }
    if table == nil { intermediate = output }
    table = table.map { $0.map { entries[Int($0)] } } ?? entries
    output = parameters
    return true
  }
}

extension Tensor {
  /// The bytes of a tensor of 8-bit integers; nil for other types.
  fileprivate var bytes: [UInt8]? {
    switch element {
    case .uint8: elements(as: UInt8.self)
    case .int8: elements(as: Int8.self).map { UInt8(bitPattern: $0) }
    default: nil
    }
  }
}
