import DLCGraph

extension Pass {
  /// Removes nodes that no output depends on.
  ///
  ///     Given:  %0 = exp(%x); %1 = relu(%x); return %1
  ///     Result: %1 = relu(%x); return %1
  package static let removeDead = Pass(
    "remove-dead", "nodes that no output depends on", level: 0,
    .graph { graph in
      var patch = GraphPatch(graph, "remove dead nodes")
      let wanted = Set(graph.outputs.map(\.value))
      var found = false
      for node in graph.nodes {
        guard let node, node.outputs.allSatisfy({ graph[$0].users.isEmpty && !wanted.contains($0) }),
          let output = node.outputs.first
        else { continue }
        // A value replaced by itself makes the graph look whether its node is still read.
        patch.replace(output, with: output)
        found = true
      }
      return found ? patch : nil
    })
}
