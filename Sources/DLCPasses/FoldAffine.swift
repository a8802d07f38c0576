import DLCGraph
import DLCOperators
import DLCTensor

extension Pass {
  /// Takes arithmetic with one constant per channel into the weights and bias of the contraction before or after it.
  ///
  ///     Given:  %0 = conv(%x, W); %1 = mul(%0, s); %2 = add(%1, t)
  ///     Result: %0 = conv(%x, W s, t) bias
  ///
  ///     Given:  %0 = mul(%x, s); %1 = conv(%0, W)
  ///     Result: %0 = conv(%x, W s)
  ///
  /// A shift before the contraction is taken only when no window reads padding, which the shift does not reach.
  package static let foldAffine = Pass(
    "fold-affine", "scale and shift by constants into weights and bias", level: 1,
    requires: [.constantsFolded, .noBatchNormalization], establishes: [.affineFolded],
    .node { (graph, id) throws(OperatorError) in
      let node = graph[id]
      guard let operation = AffineOperation(node, in: graph) else { return nil }
      if let patch = try foldIntoPrevious(operation, node, graph) { return patch }
      return try foldIntoNext(operation, node, graph)
    })

  private static func foldIntoPrevious(
    _ operation: AffineOperation, _ node: Node, _ graph: Graph
  ) throws(OperatorError) -> GraphPatch? {
    guard let before = ContractionNode(feeding: operation.input, in: graph) else { return nil }
    let type = graph[operation.input].type
    guard let affine = operation.affine(along: before.contraction.channelAxis(rank: type.rank), of: type) else {
      return nil
    }
    var patch = GraphPatch(graph, "fold \(node.op.mnemonic) into '\(before.node.name)'")
    let scale = affine.scale.allSatisfy { $0 == 1 } ? nil : affine.scale
    guard let result = try before.followed(byScale: scale, shift: affine.shift, in: graph, &patch) else { return nil }
    guard patch.type(of: result) == graph[node.outputs[0]].type else { return nil }
    patch.replace(node.outputs[0], with: try patch.applying(operation.function, to: result))
    return patch
  }

  private static func foldIntoNext(
    _ operation: AffineOperation, _ node: Node, _ graph: Graph
  ) throws(OperatorError) -> GraphPatch? {
    guard operation.function == nil, let user = graph.onlyUser(of: node.outputs[0]),
      let after = ContractionNode(graph[user], in: graph), after.activations == node.outputs[0]
    else { return nil }
    let type = graph[operation.input].type
    guard graph[node.outputs[0]].type == type, type.rank >= 2,
      let affine = operation.affine(along: after.contraction.channelAxis(rank: type.rank), of: type)
    else { return nil }
    var patch = GraphPatch(graph, "fold \(node.op.mnemonic) into '\(after.node.name)'")
    guard
      let result = try after.preceded(
        byScale: affine.scale, shift: affine.shift, of: operation.input, in: graph, &patch)
    else { return nil }
    patch.replace(after.output, with: result)
    return patch
  }
}

/// A `Binary` of f32 with one constant operand that scales or shifts the other.
private struct AffineOperation {
  let kind: Binary.Kind
  let constant: Tensor
  let input: ValueID
  let constantIsFirst: Bool
  let function: Function?

  init?(_ node: Node, in graph: Graph) {
    guard let op = node.op as? Binary, graph[node.outputs[0]].type.element == .float32 else { return nil }
    // A constant that is dequantized is a bias; as a factor it would take weights out of the integers.
    func constant(_ id: ValueID) -> Tensor? {
      if let tensor = graph.constant(id) { return tensor }
      guard op.kind == .add, let source = graph.dequantized(id), let integers = source.constant else { return nil }
      return try? Dequantize(source.parameters).evaluate([integers])[0]
    }
    if let tensor = constant(node.inputs[1]) {
      (self.constant, input, constantIsFirst) = (tensor, node.inputs[0], false)
    } else if let tensor = constant(node.inputs[0]) {
      (self.constant, input, constantIsFirst) = (tensor, node.inputs[1], true)
    } else {
      return nil
    }
    guard constant(input) == nil else { return nil }
    kind = op.kind
    function = op.function
  }

  /// Scale and shift along `axis` of an operand of `type`; nil when they vary along others, or it is another operation.
  func affine(along axis: Int, of type: TensorType) -> ChannelAffine? {
    guard let values = constant.alongAxis(axis, of: type) else { return nil }
    let ones = [Double](repeating: 1, count: values.count)
    let zeros = [Double](repeating: 0, count: values.count)
    switch kind {
    case .add: return ChannelAffine(scale: ones, shift: values)
    case .subtract where constantIsFirst: return ChannelAffine(scale: ones.map { -$0 }, shift: values)
    case .subtract: return ChannelAffine(scale: ones, shift: values.map { -$0 })
    case .multiply: return ChannelAffine(scale: values, shift: zeros)
    case .divide where !constantIsFirst && !values.contains(0):
      return ChannelAffine(scale: values.map { 1 / $0 }, shift: zeros)
    case .divide, .power, .minimum, .maximum, .modulo, .remainder, .prelu, .and, .or, .xor, .shiftLeft, .shiftRight,
      .equal, .less, .lessEqual, .greater, .greaterEqual:
      return nil
    }
  }
}

extension ChannelAffine {
  init(scale: [Double], shift: [Double]) {
    self.scale = scale
    self.shift = shift
  }
}

extension GraphPatch {
  /// `function` applied to `value`, or `value` itself when there is none.
  mutating func applying(_ function: Function?, to value: ValueID) throws(OperatorError) -> ValueID {
    guard let function else { return value }
    return try emit(Unary(function), value)
  }
}
