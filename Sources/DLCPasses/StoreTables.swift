import DLCGraph
import DLCOperators
import DLCTensor

extension Pass {
  /// Leaves a table whose rows are looked up, such as an embedding, in the plan as the integers that it was quantized to.
  ///
  ///     Given:  %1 = gather(dequantize(const0:i8[V,C]) p, %0), a scale for each row
  ///     Result: %1 = multiply(cast(gather(const0, %0)), gather(const1:f32[V,1], %0))
  ///
  /// Tables with one scale for all need no such pass: integers move through a gather.
  package static let storeTables = Pass(
    "store-tables", "quantized rows of lookups as integers in the plan", level: 0, requires: [.integersFormed],
    .node { (graph, id) throws(OperatorError) in
      let node = graph[id]
      guard let op = node.op as? Gather, let table = graph.dequantized(node.inputs[0]), let integers = table.constant,
        integers.element == .int8, table.parameters.axis == op.axis,
        table.parameters.zeroPoints.allSatisfy({ $0 == 0 }),
        table.parameters.scales.count == integers.shape[op.axis]
      else { return nil }
      var patch = GraphPatch(graph, "table of '\(node.name)' as integers")
      var extents = [Int](repeating: 1, count: integers.shape.rank)
      extents[op.axis] = integers.shape[op.axis]
      let scales = patch.addConstant(Tensor(table.parameters.scales, shape: Shape(extents)))
      let rows = try patch.emit(op, table.integers, node.inputs[1], name: node.name)
      let real = try patch.emit(Cast(to: .float32), rows)
      let factors = try patch.emit(op, scales, node.inputs[1])
      patch.replace(node.outputs[0], with: try patch.emit(Binary(.multiply), real, factors, name: node.name))
      return patch
    })
}
