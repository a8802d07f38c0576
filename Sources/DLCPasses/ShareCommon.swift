import DLCGraph
import DLCTensor

extension Pass {
  /// Computes once what is computed twice, and keeps one of equal constants.
  ///
  ///     Given:  %0 = relu(%x); %1 = relu(%x); %2 = add(%0, %1)
  ///     Result: %0 = relu(%x); %2 = add(%0, %0)
  package static let shareCommon = Pass(
    "share-common", "equal nodes and equal constants once", level: 1, requires: [.wideFloats],
    .graph { graph in
      var patch = GraphPatch(graph, "share common subexpressions")
      var stands: [ValueID: ValueID] = [:]
      var constants: [Tensor: ValueID] = [:]
      for (index, value) in graph.values.enumerated() where !value.users.isEmpty {
        guard let tensor = value.constant else { continue }
        let id = ValueID(index: index)
        if let first = constants[tensor] {
          stands[id] = first
          patch.replace(id, with: first)
        } else {
          constants[tensor] = id
        }
      }
      var nodes: [Computation: Node] = [:]
      let outputs = Set(graph.outputs.map(\.value))
      for id in graph.topologicalOrder() ?? [] {
        let node = graph[id]
        let key = Computation(op: AnyHashable(node.op), inputs: node.inputs.map { stands[$0] ?? $0 })
        guard let first = nodes[key] else {
          nodes[key] = node
          continue
        }
        // Two outputs of the model stay two values, each with its name.
        guard !zip(node.outputs, first.outputs).contains(where: { outputs.contains($0) && outputs.contains($1) }) else {
          continue
        }
        for (old, new) in zip(node.outputs, first.outputs) {
          stands[old] = new
          patch.replace(old, with: new)
        }
      }
      return stands.isEmpty ? nil : patch
    })
}

/// An operator applied to given values: equal ones have equal results.
private struct Computation: Hashable {
  let op: AnyHashable
  let inputs: [ValueID]
}
