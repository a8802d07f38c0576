import DLCGraph
import DLCOperators
import DLCTensor

extension Pass {
  /// Evaluates nodes whose inputs are all constants.
  ///
  ///     Given:  %0 = transpose(const0:f32[64,16]) [1,0]
  ///     Result: const1:f32[16,64]
  ///
  /// A result larger than the inputs together and than 64 KiB stays an operation: it would only bloat the plan.
  package static let foldConstants = Pass(
    "fold-constants", "what depends on constants alone is computed now", level: 1, requires: [.wideFloats],
    establishes: [.constantsFolded],
    .node { (graph, id) throws(OperatorError) in
      let node = graph[id]
      // Integers stay until integer operators were formed: see `dequantizeConstants`.
      if node.op is Dequantize { return nil }
      guard node.outputs.contains(where: { !graph[$0].users.isEmpty || graph.isOutput($0) }) else { return nil }
      let inputs = node.inputs.compactMap { graph.constant($0) }
      guard !inputs.isEmpty, inputs.count == node.inputs.count else { return nil }
      let results = node.outputs.map { graph[$0].type }
      guard results.reduce(0, { $0 + $1.byteCount }) <= max(inputs.reduce(0) { $0 + $1.type.byteCount }, 64 << 10)
      else {
        return nil
      }
      // What cannot be evaluated (an index out of range) is left to fail where it is run, if it is.
      let values: [Tensor]
      if let transpose = node.op as? Transpose {
        values = [inputs[0].transposed(by: transpose.permutation)]
      } else {
        guard let evaluated = try? node.op.evaluate(inputs) else { return nil }
        values = evaluated
      }
      var patch = GraphPatch(graph, "fold \(node.op.mnemonic) '\(node.name)'")
      for (output, value) in zip(node.outputs, values) where !(graph[output].users.isEmpty && !graph.isOutput(output)) {
        patch.replace(output, with: patch.addConstant(value, name: graph[output].name))
      }
      return patch
    })
}
