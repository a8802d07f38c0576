import DLCGraph
import DLCOperators

/// A shape that an expression may have; matched from its result backwards.
indirect enum Pattern: Sendable {
  /// Any value; the same number twice means the same value twice.
  case any(Int)
  /// A constant of one element, within 1e-4 of this, relatively (exporters write 1.4142 for sqrt 2).
  case scalar(Double)
  /// Any floating-point constant of one element.
  case parameter(Int)
  case unary(Function, Pattern)
  /// A unary function that the predicate takes.
  case function(@Sendable (Function) -> Bool, Pattern)
  /// Operands of commutative kinds match in either order.
  case binary(Binary.Kind, Pattern, Pattern)
  /// A reduction that keeps its axes.
  case reduce(Reduce.Kind, Pattern)
  /// What the pattern matches, under a number.
  case bind(Int, Pattern)

  /// The values that the numbers of a pattern stand for.
  struct Bindings {
    fileprivate(set) var values: [ValueID?] = Array(repeating: nil, count: 8)

    /// The value under `number`, which the pattern must have bound.
    subscript(number: Int) -> ValueID { values[number]! }
  }

  /// How `value` has this pattern's shape, or nil.
  func match(_ value: ValueID, in graph: Graph) -> Bindings? {
    var result: Bindings?
    _ = match(value, graph, Bindings()) { bindings in
      result = bindings
      return true
    }
    return result
  }

  private func match(_ value: ValueID, _ graph: Graph, _ bindings: Bindings, _ next: (Bindings) -> Bool) -> Bool {
    switch self {
    case .any(let number):
      return bound(number, value, bindings, next)
    case .scalar(let expected):
      guard let found = graph.scalar(value) else { return false }
      return abs(found - expected) <= 1e-4 * abs(expected) && next(bindings)
    case .parameter(let number):
      return graph.scalar(value) != nil && bound(number, value, bindings, next)
    case .unary(let function, let inner):
      guard let (found, input) = graph.unary(value), found == function else { return false }
      return inner.match(input, graph, bindings, next)
    case .function(let accepts, let inner):
      guard let (found, input) = graph.unary(value), accepts(found) else { return false }
      return inner.match(input, graph, bindings, next)
    case .binary(let kind, let left, let right):
      guard let (found, a, b) = graph.binary(value), found == kind else { return false }
      if left.match(a, graph, bindings, { right.match(b, graph, $0, next) }) { return true }
      return kind.isCommutative && left.match(b, graph, bindings, { right.match(a, graph, $0, next) })
    case .reduce(let kind, let inner):
      guard let (_, node) = graph.producer(of: value), let op = node.op as? Reduce, op.kind == kind, op.keepsAxes
      else { return false }
      return inner.match(node.inputs[0], graph, bindings, next)
    case .bind(let number, let inner):
      return inner.match(value, graph, bindings) { bound(number, value, $0, next) }
    }
  }

  private func bound(_ number: Int, _ value: ValueID, _ bindings: Bindings, _ next: (Bindings) -> Bool) -> Bool {
    if let known = bindings.values[number] { return known == value && next(bindings) }
    var bindings = bindings
    bindings.values[number] = value
    return next(bindings)
  }
}

extension Binary.Kind {
  /// Whether operands may change places.
  var isCommutative: Bool {
    switch self {
    case .add, .multiply, .minimum, .maximum, .and, .or, .xor, .equal: true
    case .subtract, .divide, .power, .modulo, .remainder, .prelu, .shiftLeft, .shiftRight, .less, .lessEqual, .greater,
      .greaterEqual:
      false
    }
  }
}

extension Graph {
  /// The only element of a constant of one element (any rank), if `id` is one.
  func scalar(_ id: ValueID) -> Double? {
    guard let constant = constant(id), constant.count == 1 else { return nil }
    return constant.doubles()[0]
  }

  /// The function and argument when `id` is computed by a `Unary`.
  func unary(_ id: ValueID) -> (Function, ValueID)? {
    guard let (_, node) = producer(of: id), let op = node.op as? Unary else { return nil }
    return (op.function, node.inputs[0])
  }

  /// Kind and operands when `id` is computed by a `Binary` without a function.
  func binary(_ id: ValueID) -> (Binary.Kind, ValueID, ValueID)? {
    guard let (_, node) = producer(of: id), let op = node.op as? Binary, op.function == nil else { return nil }
    return (op.kind, node.inputs[0], node.inputs[1])
  }
}
