import DLCGraph
import DLCOperators
import DLCTensor

extension Pass {
  /// Lets a matrix product read an operand transposed instead of swapping its last two axes first.
  ///
  ///     Given:  %0 = transpose(%k) [0,1,3,2]; %1 = matmul(%q, %0)
  ///     Result: %1 = matmul(%q, %k) transpose_b
  ///
  /// A transposition that moves the innermost axis among others keeps it innermost and leaves the swap to the product:
  /// whole rows move then.
  package static let transposesIntoMatMul = Pass(
    "transposes-into-matmul", "swapped matrix operands read as they lie", level: 1, requires: [.layoutChosen],
    .node { (graph, id) throws(OperatorError) in
      let node = graph[id]
      guard let op = node.op as? MatMul ?? (node.op as? QuantizedMatMul)?.base else { return nil }
      for position in 0..<2 {
        guard let (_, before) = graph.producer(of: node.inputs[position]), let transpose = before.op as? Transpose,
          graph.onlyUser(of: node.inputs[position]) != nil
        else { continue }
        let rank = transpose.permutation.count
        var swapped = transpose.permutation
        swapped.swapAt(rank - 1, rank - 2)
        guard swapped[rank - 1] == rank - 1 else { continue }
        var patch = GraphPatch(graph, "transpose into '\(node.name)'")
        var changed = op
        if position == 0 { changed.transposeA.toggle() } else { changed.transposeB.toggle() }
        var inputs = node.inputs
        inputs[position] =
          swapped.isIdentity
          ? before.inputs[0] : try patch.emit(Transpose(permutation: swapped), before.inputs[0], name: before.name)
        var product: any Operator = changed
        if let quantized = node.op as? QuantizedMatMul { product = QuantizedMatMul(changed, quantized.scheme) }
        patch.replace(node.outputs[0], with: try patch.add(product, inputs, name: node.name)[0])
        return patch
      }
      return nil
    })
}
