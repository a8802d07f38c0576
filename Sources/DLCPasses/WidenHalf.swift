import DLCGraph
import DLCOperators
import DLCTensor

extension Pass {
  /// Computes in f32 what the model computes in f16 or bf16, with casts where halves enter and leave the graph.
  ///
  ///     Given:  %0 = conv(%x: f16, W: f16); %1 = relu(%0); return %1
  ///     Result: %0 = cast(%x) f32; %1 = conv(%0, W: f32); %2 = relu(%1); %3 = cast(%2) f16; return %3
  ///
  /// Kernels for floats are f32. Values between nodes are no longer rounded to half, so answers are closer to exact.
  package static let widenHalf = Pass(
    "widen-half", "f16 and bf16 computed in f32", level: 0, establishes: [.wideFloats],
    .graph { (graph) throws(OperatorError) in
      var widening = Widening(graph)
      for id in graph.topologicalOrder() ?? [] { try widening.visit(graph[id]) }
      return widening.changed ? widening.patch : nil
    })
}

extension ElementType {
  fileprivate var isHalf: Bool { self == .float16 || self == .bfloat16 }
}

/// The rewriting of one graph.
private struct Widening {
  let graph: Graph
  var patch: GraphPatch
  var changed = false
  /// The f32 value for each half value, and the rebuilt value for others.
  private var rebuilt: [ValueID: ValueID] = [:]

  init(_ graph: Graph) {
    self.graph = graph
    patch = GraphPatch(graph, "compute halves in f32")
  }

  mutating func visit(_ node: Node) throws(OperatorError) {
    let halfInput = node.inputs.contains { graph[$0].type.element.isHalf }
    if let cast = node.op as? Cast {
      // Rounds where the model says so; a half that was widened is cast from f32.
      guard halfInput, let wide = rebuilt[node.inputs[0]] else { return }
      changed = true
      let result = cast.element == .float32 ? wide : try patch.emit(cast, wide, name: node.name)
      patch.replace(node.outputs[0], with: result)
      return
    }
    guard halfInput else { return }
    changed = true
    var inputs: [ValueID] = []
    for input in node.inputs { inputs.append(try widened(input)) }
    let outputs = try patch.add(node.op, inputs, name: node.name)
    for (old, new) in zip(node.outputs, outputs) {
      let type = graph[old].type
      if type.element.isHalf {
        rebuilt[old] = new
        // Replaced by itself when nothing but rebuilt nodes read it: the graph then sees that its node may go.
        patch.replace(old, with: graph.isOutput(old) ? try patch.emit(Cast(to: type.element), new) : old)
      } else {
        patch.replace(old, with: new)
      }
    }
  }

  private mutating func widened(_ value: ValueID) throws(OperatorError) -> ValueID {
    guard graph[value].type.element.isHalf else { return value }
    if let known = rebuilt[value] { return known }
    let wide: ValueID
    if let constant = graph.constant(value) {
      wide = patch.addConstant(constant.cast(to: .float32), name: graph[value].name)
    } else {
      wide = try patch.emit(Cast(to: .float32), value)
    }
    rebuilt[value] = wide
    return wide
  }
}
