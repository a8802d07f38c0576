import DLCGraph
import DLCOperators
import DLCTensor

/// Reductions, running sums, softmax.
let reductionMappings: [OperatorMapping] =
  [
    ("ReduceSum", Reduce.Kind.sum, 13), ("ReduceMean", .mean, 18), ("ReduceMax", .maximum, 18),
    ("ReduceMin", .minimum, 18), ("ReduceProd", .product, 18), ("ReduceL1", .l1, 18), ("ReduceL2", .l2, 18),
    ("ReduceSumSquare", .sumSquare, 18), ("ReduceLogSum", .logSum, 18), ("ReduceLogSumExp", .logSumExp, 18),
  ].flatMap { name, kind, axesInputSince in
    [
      OperatorMapping(name, since: 1) { (c: inout NodeContext) throws(MappingError) in
        let axes = try c.ints("axes")
        return try [c.reduce(kind, axes: axes ?? [], noneMeansAll: true)]
      },
      OperatorMapping(name, since: axesInputSince) { (c: inout NodeContext) throws(MappingError) in
        let keep = try c.bool("noop_with_empty_axes")
        let axes = try c.integers(1, "axes") ?? []
        return try [c.reduce(kind, axes: axes, noneMeansAll: !keep)]
      },
    ]
  }
  + [("ArgMax", ArgReduce.Kind.maximum), ("ArgMin", .minimum)].map { name, kind in
    OperatorMapping(name) { (c: inout NodeContext) throws(MappingError) in
      let x = try c.input(0)
      let op = ArgReduce(
        kind, axis: try c.resolve(axis: c.int("axis", default: 0), rank: c.shape(of: x).rank),
        keepsAxis: try c.bool("keepdims", default: true), selectsLast: try c.bool("select_last_index"))
      return try [c.emit(op, x)]
    }
  }
  + [("CumSum", Cumulative.Kind.sum), ("CumProd", .product)].map { name, kind in
    OperatorMapping(name) { (c: inout NodeContext) throws(MappingError) in
      let x = try c.input(0)
      guard let axis = try c.integers(1, "axis"), axis.count == 1 else {
        throw MappingError("its axis must be one integer")
      }
      let op = Cumulative(
        kind, axis: try c.resolve(axis: axis[0], rank: c.shape(of: x).rank), exclusive: try c.bool("exclusive"),
        reverse: try c.bool("reverse"))
      return try [c.emit(op, x)]
    }
  }
  + [("Softmax", Softmax.Kind.softmax), ("LogSoftmax", .logSoftmax), ("Hardmax", .hardmax)].flatMap { name, kind in
    [
      // Before opset 13 the axes from `axis` on are one: the input is a matrix.
      OperatorMapping(name, since: 1) { (c: inout NodeContext) throws(MappingError) in
        try [c.coercedSoftmax(kind, c.input(0), axis: c.int("axis", default: 1))]
      },
      OperatorMapping(name, since: 13) { (c: inout NodeContext) throws(MappingError) in
        let x = try c.input(0)
        let axis = try c.resolve(axis: c.int("axis", default: -1), rank: c.shape(of: x).rank)
        return try [c.emit(Softmax(kind, axis: axis), x)]
      },
    ]
  }

extension NodeContext {
  /// Softmax as opsets before 13 have it: the axes from `axis` on are one.
  mutating func coercedSoftmax(_ kind: Softmax.Kind, _ x: ValueID, axis given: Int) throws(MappingError) -> ValueID {
    let shape = self.shape(of: x)
    let axis = given == shape.rank ? given : try resolve(axis: given, rank: shape.rank)
    if axis == shape.rank - 1 { return try emit(Softmax(kind, axis: axis), x) }
    let rows = shape.dimensions[..<axis].reduce(1, *)
    let matrix = try reshape(x, Shape([rows, shape.dimensions[axis...].reduce(1, *)]))
    return try reshape(emit(Softmax(kind, axis: 1), matrix), shape)
  }

  fileprivate mutating func reduce(_ kind: Reduce.Kind, axes: [Int], noneMeansAll: Bool) throws(MappingError) -> ValueID
  {
    let x = try input(0)
    let keeps = try bool("keepdims", default: true)
    let rank = shape(of: x).rank
    var resolved = try resolve(axes: axes, rank: rank)
    if resolved.isEmpty {
      guard noneMeansAll else { return try reduceNothing(kind, x) }
      resolved = Array(0..<rank)
    }
    return try emit(Reduce(kind, axes: resolved, keepsAxes: keeps), x)
  }

  /// With noop_with_empty_axes each element is a set of its own.
  private mutating func reduceNothing(_ kind: Reduce.Kind, _ x: ValueID) throws(MappingError) -> ValueID {
    switch kind {
    case .sum, .mean, .maximum, .minimum, .product, .logSumExp: x
    case .l1, .l2: try unary(.abs, x)
    case .sumSquare: try unary(.square, x)
    case .logSum: try unary(.log, x)
    }
  }
}
