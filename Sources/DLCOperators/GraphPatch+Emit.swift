import DLCGraph
import DLCTensor

/// Short forms in which gradient rules and decompositions are written.
extension GraphPatch {
  /// function(x).
  mutating func unary(_ function: Function, _ x: ValueID) throws(OperatorError) -> ValueID {
    try emit(Unary(function), x)
  }

  /// a `kind` b with broadcasting.
  mutating func binary(_ kind: Binary.Kind, _ a: ValueID, _ b: ValueID) throws(OperatorError) -> ValueID {
    try emit(Binary(kind), a, b)
  }

  /// a `kind` a constant.
  mutating func binary(_ kind: Binary.Kind, _ a: ValueID, _ b: Double) throws(OperatorError) -> ValueID {
    try emit(Binary(kind), a, scalar(b, like: a))
  }

  /// A scalar constant of the element type of `value`.
  mutating func scalar(_ number: Double, like value: ValueID) -> ValueID {
    addConstant(Tensor(doubles: [number], type: TensorType(type(of: value).element, .scalar)))
  }

  /// A constant of `value`'s type filled with `number`.
  mutating func filled(_ number: Double, like value: ValueID) throws(OperatorError) -> ValueID {
    try expand(scalar(number, like: value), to: type(of: value).shape)
  }

  /// condition ? a : b.
  mutating func select(_ condition: ValueID, _ a: ValueID, _ b: ValueID) throws(OperatorError) -> ValueID {
    try emit(Select(), condition, a, b)
  }

  /// The same elements under another shape.
  mutating func reshape(_ x: ValueID, to shape: Shape) throws(OperatorError) -> ValueID {
    type(of: x).shape == shape ? x : try emit(Reshape(shape: shape), x)
  }

  /// x repeated to `shape`.
  mutating func expand(_ x: ValueID, to shape: Shape) throws(OperatorError) -> ValueID {
    type(of: x).shape == shape ? x : try emit(Expand(shape: shape), x)
  }

  /// x with its axes reordered.
  mutating func transpose(_ x: ValueID, _ permutation: [Int]) throws(OperatorError) -> ValueID {
    permutation == Array(permutation.indices) ? x : try emit(Transpose(permutation: permutation), x)
  }

  /// The sum over `axes`, which stay with extent 1 unless `keeping` is false.
  mutating func sum(_ x: ValueID, over axes: [Int], keeping: Bool = true) throws(OperatorError) -> ValueID {
    axes.isEmpty ? x : try emit(Reduce(.sum, axes: axes.sorted(), keepsAxes: keeping), x)
  }

  /// Undoes numpy broadcasting: sums x over the axes along which a tensor of `shape` was repeated.
  mutating func sum(_ x: ValueID, to shape: Shape) throws(OperatorError) -> ValueID {
    let from = type(of: x).shape
    let lead = from.rank - shape.rank
    let axes = (0..<from.rank).filter { $0 < lead || (shape[$0 - lead] == 1 && from[$0] != 1) }
    return try reshape(sum(x, over: axes), to: shape)
  }
}

extension GraphPatch {
  /// a + b.
  mutating func add(_ a: ValueID, _ b: ValueID) throws(OperatorError) -> ValueID { try binary(.add, a, b) }

  /// a + constant.
  mutating func add(_ a: ValueID, _ b: Double) throws(OperatorError) -> ValueID { try binary(.add, a, b) }

  /// a - b.
  mutating func subtract(_ a: ValueID, _ b: ValueID) throws(OperatorError) -> ValueID { try binary(.subtract, a, b) }

  /// constant - b.
  mutating func subtract(_ a: Double, _ b: ValueID) throws(OperatorError) -> ValueID {
    try binary(.subtract, scalar(a, like: b), b)
  }

  /// a * b.
  mutating func multiply(_ a: ValueID, _ b: ValueID) throws(OperatorError) -> ValueID { try binary(.multiply, a, b) }

  /// a * constant.
  mutating func multiply(_ a: ValueID, _ b: Double) throws(OperatorError) -> ValueID {
    b == 1 ? a : try binary(.multiply, a, b)
  }

  /// a / b.
  mutating func divide(_ a: ValueID, _ b: ValueID) throws(OperatorError) -> ValueID { try binary(.divide, a, b) }

  /// x * x.
  mutating func square(_ x: ValueID) throws(OperatorError) -> ValueID { try unary(.square, x) }

  /// condition ? a : 0.
  mutating func select(_ condition: ValueID, orZero a: ValueID) throws(OperatorError) -> ValueID {
    try select(condition, a, scalar(0, like: a))
  }
}
