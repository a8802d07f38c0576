import DLCGraph
import DLCOperators
import DLCTensor

extension Simplification {
  /// Arithmetic with a constant, or of a value with itself.
  static func arithmetic(_ op: Binary, _ node: Node, _ graph: Graph) -> Simplification? {
    guard op.function == nil else { return nil }
    let (a, b) = (node.inputs[0], node.inputs[1])
    if a == b, op.kind == .multiply, graph[a].type.element.isFloat { return .node(Unary(.square), [a]) }
    if let expanded = withoutExpand(op, node, graph) { return expanded }
    if let constant = uniform(b, graph) { return withConstant(op.kind, a, constant, b, node, graph) }
    if let constant = uniform(a, graph), graph.constant(b) == nil {
      if op.kind.isCommutative { return withConstant(op.kind, b, constant, a, node, graph) }
      if op.kind == .subtract, constant == 0, graph[b].type == graph[node.outputs[0]].type,
        graph[b].type.element.isFloat
      {
        return .node(Unary(.negate), [b])
      }
    }
    return nil
  }

  /// The value of a constant whose elements are all equal.
  private static func uniform(_ id: ValueID, _ graph: Graph) -> Double? {
    guard let constant = graph.constant(id), constant.count > 0, constant.count <= 1 << 16 else { return nil }
    let values = constant.doubles()
    return values.allSatisfy { $0 == values[0] } ? values[0] : nil
  }

  /// `kind` of `x`, which is no constant, and a constant that is `value` everywhere.
  private static func withConstant(
    _ kind: Binary.Kind, _ x: ValueID, _ value: Double, _ constant: ValueID, _ node: Node, _ graph: Graph
  ) -> Simplification? {
    let type = graph[x].type
    guard type == graph[node.outputs[0]].type else { return nil }
    let isFloat = type.element.isFloat
    switch kind {
    case .add, .subtract: return value == 0 ? .value(x) : nil
    case .multiply:
      if value == 1 { return .value(x) }
      return value == -1 && isFloat ? .node(Unary(.negate), [x]) : nil
    case .divide:
      if value == 1 { return .value(x) }
      // The reciprocal of a power of two is exact, so the product is the quotient.
      guard isFloat, value.isNormal, value.significand == 1, abs(value.exponent) < 100 else { return nil }
      return .scaled(x, [Double](repeating: 1 / value, count: graph[constant].type.shape.count), graph[constant].type)
    case .power:
      guard isFloat else { return value == 1 ? .value(x) : nil }
      switch value {
      case 1: return .value(x)
      case 2: return .node(Unary(.square), [x])
      case 0.5: return .node(Unary(.sqrt), [x])
      case -0.5: return .node(Unary(.rsqrt), [x])
      case -1: return .node(Unary(.reciprocal), [x])
      default: return nil
      }
    case .maximum:
      guard type.element == .float32, !value.isNaN else { return nil }
      return .node(Unary(value == 0 ? .relu : .clip(low: Float(value), high: .infinity)), [x])
    case .minimum:
      guard type.element == .float32, !value.isNaN else { return nil }
      return .node(Unary(.clip(low: -.infinity, high: Float(value))), [x])
    case .or: return type.element == .bool && value == 0 ? .value(x) : nil
    case .and: return type.element == .bool && value == 1 ? .value(x) : nil
    case .shiftLeft, .shiftRight: return value == 0 ? .value(x) : nil
    case .modulo, .remainder, .prelu, .xor, .equal, .less, .lessEqual, .greater, .greaterEqual: return nil
    }
  }

  /// Broadcasting does what an `Expand` before it did.
  private static func withoutExpand(_ op: Binary, _ node: Node, _ graph: Graph) -> Simplification? {
    for k in 0..<2 {
      guard let (_, before) = graph.producer(of: node.inputs[k]), before.op is Expand else { continue }
      let other = graph[node.inputs[1 - k]].type.shape
      guard graph[before.inputs[0]].type.shape.broadcast(with: other) == graph[node.outputs[0]].type.shape else {
        continue
      }
      var inputs = node.inputs
      inputs[k] = before.inputs[0]
      return .node(op, inputs)
    }
    return nil
  }

  /// Functions that do nothing, and pairs of functions that are one.
  static func function(_ op: Unary, _ node: Node, _ graph: Graph) -> Simplification? {
    let x = node.inputs[0]
    switch op.function {
    case .identity: return .value(x)
    case .clip(let low, let high) where low == -.infinity && high == .infinity: return .value(x)
    case .clip(0, .infinity): return .node(Unary(.relu), [x])
    default: break
    }
    guard let (before, input) = graph.unary(x) else { return nil }
    if let (a, b) = before.interval, let (c, d) = op.function.interval, a <= b, c <= d {
      let both = Function.clip(low: min(max(a, c), d), high: min(max(b, c), d))
      return .node(Unary(both == .clip(low: 0, high: .infinity) ? .relu : both), [input])
    }
    guard before == op.function || (op.function == .relu && before == .abs) else {
      return op.function == .abs && (before == .relu || before == .negate)
        ? (before == .relu ? .value(x) : .node(op, [input])) : nil
    }
    switch op.function {
    case .negate, .not, .bitwiseNot: return .value(input)
    case .relu, .abs, .ceil, .floor, .round, .sign: return .value(x)
    default: return nil
    }
  }
}

extension Function {
  /// The interval that this function clips to, if that is what it does.
  fileprivate var interval: (Float, Float)? {
    switch self {
    case .relu: (0, .infinity)
    case .clip(let low, let high): (low, high)
    default: nil
    }
  }
}
