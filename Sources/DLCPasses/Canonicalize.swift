import DLCGraph
import DLCOperators
import DLCTensor

extension Pass {
  /// Removes operations that do nothing and gives equivalent spellings one form.
  ///
  ///     Given:  %0 = transpose(%x) [0,2,3,1]; %1 = transpose(%0) [0,3,1,2]; %2 = max(%1, 0); %3 = mul(%2, 1)
  ///     Result: %2 = relu(%x)
  ///
  /// Values stay equal as numbers; `x + 0` may keep a minus zero that the addition would have made a plus zero.
  package static let canonicalize = Pass(
    "canonicalize", "identities removed, one spelling for one meaning", level: 1, requires: [.wideFloats],
    establishes: [.canonical],
    .node { (graph, id) throws(OperatorError) in
      let node = graph[id]
      guard let simpler = try Simplification(node, in: graph) else { return nil }
      var patch = GraphPatch(graph, "simplify \(node.op.mnemonic) '\(node.name)'")
      switch simpler {
      case .value(let value):
        guard graph[value].type == graph[node.outputs[0]].type, !graph.wouldLoseInterface(node.outputs[0], for: value)
        else {
          return nil
        }
        patch.replace(node.outputs[0], with: value)
      case .node(let op, let inputs):
        let result = try patch.add(op, inputs, name: node.name)
        guard patch.type(of: result[0]) == graph[node.outputs[0]].type else { return nil }
        patch.replace(node.outputs[0], with: result[0])
      case .scaled(let x, let factor, let constant):
        let other = patch.addConstant(Tensor(doubles: factor, type: constant))
        patch.replace(node.outputs[0], with: try patch.emit(Binary(.multiply), x, other, name: node.name))
      }
      return patch
    })
}

/// What may stand for a node of one output.
enum Simplification {
  case value(ValueID)
  case node(any Operator, [ValueID])
  /// A product with a new constant of the given type.
  case scaled(ValueID, [Double], TensorType)

  /// The simplification of `node`, if there is one.
  init?(_ node: Node, in graph: Graph) throws(OperatorError) {
    let found: Simplification? =
      switch node.op {
      case let op as Binary: Self.arithmetic(op, node, graph)
      case let op as Unary: Self.function(op, node, graph)
      default: Self.movement(node, graph)
      }
    guard let found else { return nil }
    self = found
  }
}

extension Graph {
  /// Whether output `old` of the graph cannot be given by `new`: it would make a graph input or constant an output.
  func wouldLoseInterface(_ old: ValueID, for new: ValueID) -> Bool {
    isOutput(old) && self[new].producer == nil
  }
}
