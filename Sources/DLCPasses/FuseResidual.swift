import DLCGraph
import DLCOperators
import DLCTensor

extension Pass {
  /// Adds a tensor of the result's shape before the result is stored.
  ///
  ///     Given:  %0 = conv(%x, W); %1 = add(%0, %r) then=relu
  ///     Result: %1 = conv(%x, W, %r) residual then=relu
  ///
  /// The addition is the contraction's only reader, so `%r` cannot depend on it.
  package static let fuseResidual = Pass(
    "fuse-residual", "addition of a tensor into the contraction before it", level: 1, requires: [.affineFolded],
    .node { (graph, id) throws(OperatorError) in
      let node = graph[id]
      guard let add = node.op as? Binary, add.kind == .add, add.function?.fitsEpilogue ?? true else { return nil }
      let type = graph[node.outputs[0]].type
      for (input, other) in [(node.inputs[0], node.inputs[1]), (node.inputs[1], node.inputs[0])] {
        guard graph[input].type == type, graph[other].type == type, input != other,
          var before = ContractionNode(feeding: input, in: graph), !before.contraction.epilogue.residual,
          before.contraction.epilogue.function == nil
        else { continue }
        var patch = GraphPatch(graph, "add into '\(before.node.name)'")
        before.contraction.epilogue.residual = true
        before.contraction.epilogue.function = add.function
        let result = try patch.add(before.contraction.op, before.node.inputs + [other], name: before.node.name)
        patch.replace(node.outputs[0], with: result[0])
        return patch
      }
      return nil
    })
}
