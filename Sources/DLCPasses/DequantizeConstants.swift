import DLCGraph
import DLCOperators
import DLCTensor

extension Pass {
  /// Turns constant integers that no integer operator took into real numbers.
  ///
  ///     Given:  %0 = dequantize(const0:i8[64,16]) p; %1 = matmul(%x, %0)
  ///     Result: %1 = matmul(%x, const1:f32[64,16])
  ///
  /// Weights that stay integers in the plan wait for `storeWeights`.
  package static let dequantizeConstants = Pass(
    "dequantize-constants", "weights of what stays in floating point", level: 0, requires: [.integersFormed],
    .node { (graph, id) throws(OperatorError) in
      let node = graph[id]
      guard node.op is Dequantize, let constant = graph.constant(node.inputs[0]) else { return nil }
      if graph.isStoredWeights(node.outputs[0]), StoredWeights(node.outputs[0], in: graph) != nil { return nil }
      var patch = GraphPatch(graph, "dequantize constant '\(node.name)'")
      let real = try node.op.evaluate([constant])[0]
      patch.replace(node.outputs[0], with: patch.addConstant(real, name: graph[node.outputs[0]].name))
      return patch
    })
}
