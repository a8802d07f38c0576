import DLCGraph
import DLCOperators
import DLCTensor

extension Pass {
  /// Stores activations of i8 as u8, 128 higher: kernels take them so.
  ///
  ///     Given:  %0 = quantize(%x) i8 zero=0; %1 = max_pool(%0); %2 = dequantize(%1) i8 zero=0
  ///     Result: %0 = quantize(%x) u8 zero=128; %1 = max_pool(%0); %2 = dequantize(%1) u8 zero=128
  ///
  /// Where i8 enters or leaves the graph a table turns it. Constants stay: they are weights, or turned by who reads them.
  package static let unsignedActivations = Pass(
    "unsigned-activations", "i8 activations as u8", level: 0, requires: [.wideFloats],
    establishes: [.unsignedActivations],
    .node { (graph, id) throws(OperatorError) in
      let node = graph[id]
      var patch = GraphPatch(graph, "u8 at \(node.op.mnemonic) '\(node.name)'")
      switch node.op {
      case let op as Quantize:
        if let constant = graph.constant(node.inputs[0]) {
          patch.replace(node.outputs[0], with: patch.addConstant(try op.evaluate([constant])[0]))
          return patch
        }
        guard op.parameters.isByte, op.parameters.element == .int8 else { return nil }
        let integers = try patch.emit(Quantize(op.parameters.unsigned), node.inputs[0], name: node.name)
        patch.replace(
          node.outputs[0], with: try patch.emit(LookupTable.toSigned(op.parameters), integers, name: node.name))
        return patch
      case let op as Dequantize:
        guard op.parameters.isByte, op.parameters.element == .int8, graph.constant(node.inputs[0]) == nil else {
          return nil
        }
        var integers = graph.unsignedSource(of: node.inputs[0]) ?? node.inputs[0]
        if integers == node.inputs[0] { integers = try patch.emit(LookupTable.toUnsigned(op.parameters), integers) }
        patch.replace(
          node.outputs[0], with: try patch.emit(Dequantize(op.parameters.unsigned), integers, name: node.name))
        return patch
      default:
        guard let movement = IntegerMovement(node), let first = movement.data.first,
          graph[node.inputs[first]].type.element == .int8
        else { return nil }
        var sources: [Int: ValueID] = [:]
        for k in movement.data {
          if let constant = graph.constant(node.inputs[k]), movement.data.count > 1 {
            sources[k] = patch.addConstant(constant.unsigned)
          } else if let source = graph.unsignedSource(of: node.inputs[k]) {
            sources[k] = source
          } else {
            return nil
          }
        }
        guard sources.values.contains(where: { patch.constant($0) == nil }) else { return nil }
        let value = movement.value(in: graph) ?? 0
        guard let byte = Int8(exactly: value) else { return nil }
        let parameters = movement.data.compactMap {
          (graph.producer(of: node.inputs[$0])?.node.op as? LookupTable)?.output
        }.first
        guard let results = try movement.emit(sources, padding: Int32(byte) + 128, &patch) else {
          return nil
        }
        patch.replace(
          node.outputs[0], with: try patch.emit(LookupTable.toSigned(parameters), results[0], name: node.name))
        for (old, new) in zip(node.outputs, results).dropFirst() { patch.replace(old, with: new) }
        return patch
      }
    })
}

extension LookupTable {
  private static let lowered = Tensor((0..<256).map { Int8(bitPattern: UInt8($0) ^ 0x80) }, shape: [256])
  private static let raised = Tensor((0..<256).map { UInt8($0) ^ 0x80 }, shape: [256])

  /// u8 to i8, 128 less; the i8 have `parameters`.
  fileprivate static func toSigned(_ parameters: QuantizationParameters?) -> LookupTable {
    LookupTable(lowered, input: parameters?.unsigned, output: parameters)
  }

  /// i8 to u8, 128 more; the i8 have `parameters`.
  fileprivate static func toUnsigned(_ parameters: QuantizationParameters) -> LookupTable {
    LookupTable(raised, of: .int8, input: parameters, output: parameters.unsigned)
  }

  fileprivate var isToSigned: Bool { element == .uint8 && table == Self.lowered }
}

extension Graph {
  /// The u8 value that `toSigned` made `id` of, if it did.
  fileprivate func unsignedSource(of id: ValueID) -> ValueID? {
    guard let (_, node) = producer(of: id), let lookup = node.op as? LookupTable, lookup.isToSigned else { return nil }
    return node.inputs[0]
  }
}
