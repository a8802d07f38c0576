import DLCGraph
import DLCOperators
import DLCTensor

extension Pass {
  /// Makes one node of a layer (or root-mean-square) normalization spelled as reductions and arithmetic, then takes
  /// scale and bias into it.
  ///
  ///     Given:  %0 = reduce.mean(%x); %1 = sub(%x, %0); %2 = square(%1); %3 = reduce.mean(%2)
  ///             %4 = add(%3, epsilon); %5 = sqrt(%4); %6 = div(%1, %5); %7 = mul(%6, s); %8 = add(%7, t)
  ///     Result: %8 = layer_norm(%x, s, t)
  package static let recognizeLayerNorm = Pass(
    "recognize-layer-norm", "layer normalization spelled as reductions", level: 2,
    requires: [.canonical, .constantsFolded, .functionsRecognized],
    .node { (graph, id) throws(OperatorError) in
      let node = graph[id]
      guard let op = node.op as? Binary, op.function == nil, graph[node.outputs[0]].type.element == .float32 else {
        return nil
      }
      if let patch = try core(node, graph) { return patch }
      if let patch = try scaled(op, node, graph) { return patch }
      return try shifted(op, node, graph)
    })

  /// Numbers in the patterns: 0 the input, 1 epsilon, 2 the mean of squares, 3 the mean.
  private static let x = Pattern.any(0)
  private static let centered = Pattern.bind(4, x - .bind(3, .reduce(.mean, x)))

  private static func quotients(_ deviation: Pattern, square: Pattern) -> [Pattern] {
    let squares = [Pattern.unary(.square, square), square * square, .binary(.power, square, .scalar(2))]
    return squares.flatMap { square -> [Pattern] in
      let variance = Pattern.bind(2, .reduce(.mean, square)) + .parameter(1)
      return [
        deviation / .unary(.sqrt, variance), deviation * .unary(.rsqrt, variance),
        deviation * .unary(.reciprocal, .unary(.sqrt, variance)),
      ]
    }
  }

  private static let layerPatterns = quotients(centered, square: centered)
  private static let squarePatterns = quotients(x, square: x)

  private static func core(_ node: Node, _ graph: Graph) throws(OperatorError) -> GraphPatch? {
    guard node.op as? Binary == Binary(.divide) || node.op as? Binary == Binary(.multiply) else { return nil }
    let kind: LayerNormalization.Kind
    let found: Pattern.Bindings
    if let match = layerPatterns.lazy.compactMap({ $0.match(node.outputs[0], in: graph) }).first {
      (kind, found) = (.layer, match)
    } else if let match = squarePatterns.lazy.compactMap({ $0.match(node.outputs[0], in: graph) }).first {
      (kind, found) = (.rootMeanSquare, match)
    } else {
      return nil
    }
    let type = graph[found[0]].type
    guard let epsilon = graph.scalar(found[1]), let axes = reducedAxes(found[2], graph), !axes.isEmpty,
      kind == .rootMeanSquare || reducedAxes(found[3], graph) == axes, type == graph[node.outputs[0]].type
    else { return nil }
    var patch = GraphPatch(graph, "recognize layer_norm at '\(node.name)'")
    if axes == Array(type.rank - axes.count..<type.rank) {
      let op = LayerNormalization(kind, axis: axes[0], epsilon: Float(epsilon), hasScale: false, hasBias: false)
      patch.replace(node.outputs[0], with: try patch.emit(op, found[0], name: node.name))
      return patch
    }
    // Over the channels of a channels-first tensor: done with channels last; the layout passes cancel the turns.
    guard axes == [1], type.rank > 2 else { return nil }
    let turn = [0] + Array(2..<type.rank) + [1]
    let turned = try patch.emit(Transpose(permutation: turn), found[0])
    let op = LayerNormalization(kind, axis: type.rank - 1, epsilon: Float(epsilon), hasScale: false, hasBias: false)
    let normal = try patch.emit(op, turned, name: node.name)
    patch.replace(node.outputs[0], with: try patch.emit(Transpose(permutation: turn.inverse), normal))
    return patch
  }

  private static func reducedAxes(_ value: ValueID, _ graph: Graph) -> [Int]? {
    (graph.producer(of: value)?.node.op as? Reduce)?.axes
  }

  private static func scaled(_ op: Binary, _ node: Node, _ graph: Graph) throws(OperatorError) -> GraphPatch? {
    guard op.kind == .multiply, let (norm, normOp, vector) = normalization(node, graph), !normOp.hasScale,
      !normOp.hasBias
    else { return nil }
    var patch = GraphPatch(graph, "scale into '\(norm.name)'")
    var changed = normOp
    changed.hasScale = true
    let inputs = [norm.inputs[0], patch.addConstant(vector)]
    patch.replace(node.outputs[0], with: try patch.add(changed, inputs, name: norm.name)[0])
    return patch
  }

  private static func shifted(_ op: Binary, _ node: Node, _ graph: Graph) throws(OperatorError) -> GraphPatch? {
    guard op.kind == .add, let (norm, normOp, vector) = normalization(node, graph), !normOp.hasBias else { return nil }
    var patch = GraphPatch(graph, "bias into '\(norm.name)'")
    var changed = normOp
    changed.hasBias = true
    let inputs = norm.inputs + [patch.addConstant(vector)]
    patch.replace(node.outputs[0], with: try patch.add(changed, inputs, name: norm.name)[0])
    return patch
  }

  /// The layer normalization that `node` alone reads, and its constant operand in the shape of the normalized axes.
  private static func normalization(_ node: Node, _ graph: Graph) -> (Node, LayerNormalization, Tensor)? {
    for (input, other) in [(node.inputs[0], node.inputs[1]), (node.inputs[1], node.inputs[0])] {
      guard let (_, norm) = graph.producer(of: input), let op = norm.op as? LayerNormalization,
        graph.onlyUser(of: input) != nil, let constant = graph.constant(other)
      else { continue }
      let type = graph[input].type
      let normalized = Shape(Array(type.shape.dimensions[op.axis...]))
      guard constant.count == normalized.count, constant.element == .float32, constant.shape.rank <= type.rank,
        constant.shape.rank >= normalized.rank,
        Array(constant.shape.dimensions.suffix(normalized.rank)) == normalized.dimensions
      else { continue }
      return (norm, op, constant.reshaped(to: normalized))
    }
    return nil
  }
}
