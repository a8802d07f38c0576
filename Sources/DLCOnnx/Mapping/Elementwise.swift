import DLCGraph
import DLCOperators
import DLCTensor

/// Operators of two or more tensors, elementwise.
let elementwiseMappings: [OperatorMapping] =
  [
    ("Add", Binary.Kind.add), ("Sub", .subtract), ("Mul", .multiply), ("Div", .divide), ("And", .and), ("Or", .or),
    ("Xor", .xor), ("Equal", .equal), ("Less", .less), ("Greater", .greater), ("Pow", .power),
  ].flatMap { name, kind in
    [
      OperatorMapping(name, since: 1) { (c: inout NodeContext) throws(MappingError) in
        try [c.legacyBroadcast(kind)]
      },
      OperatorMapping(name, since: 7) { (c: inout NodeContext) throws(MappingError) in
        try [c.binary(kind, c.input(0), c.input(1))]
      },
    ]
  }
  + [
    ("LessOrEqual", Binary.Kind.lessEqual), ("GreaterOrEqual", .greaterEqual), ("BitwiseAnd", .and), ("BitwiseOr", .or),
    ("BitwiseXor", .xor), ("PRelu", .prelu),
  ].map { name, kind in
    OperatorMapping(name) { (c: inout NodeContext) throws(MappingError) in
      var slope = try c.input(1)
      // Before broadcasting rules came (opset 7) a PRelu slope of [C] stands for channels of [N, C, ...].
      let rank = c.shape(of: try c.input(0)).rank
      if name == "PRelu", c.opset < 7, c.shape(of: slope).rank == 1, rank > 2 {
        slope = try c.reshape(slope, Shape([c.shape(of: slope)[0]] + Array(repeating: 1, count: rank - 2)))
      }
      return try [c.binary(kind, c.input(0), slope)]
    }
  }
  + [("Max", Binary.Kind.maximum), ("Min", .minimum), ("Sum", .add)].map { name, kind in
    OperatorMapping(name) { (c: inout NodeContext) throws(MappingError) in
      c.ignore("consumed_inputs")
      return try [c.chain(kind)]
    }
  }
  + [
    OperatorMapping("Mean") { (c: inout NodeContext) throws(MappingError) in
      c.ignore("consumed_inputs")
      let sum = try c.chain(.add)
      return try [c.binary(.divide, sum, c.scalar(Double(c.values.count), c.element(of: sum)))]
    },
    OperatorMapping("Mod", since: 10) { (c: inout NodeContext) throws(MappingError) in
      try [c.binary(c.bool("fmod") ? .remainder : .modulo, c.input(0), c.input(1))]
    },
    OperatorMapping("BitShift", since: 11) { (c: inout NodeContext) throws(MappingError) in
      let direction = try c.string("direction", default: "")
      guard direction == "LEFT" || direction == "RIGHT" else {
        throw MappingError("attribute 'direction' must be LEFT or RIGHT, found '\(direction)'")
      }
      return try [c.binary(direction == "LEFT" ? .shiftLeft : .shiftRight, c.input(0), c.input(1))]
    },
    OperatorMapping("Where", since: 9) { (c: inout NodeContext) throws(MappingError) in
      try [c.emit(Select(), c.input(0), c.input(1), c.input(2))]
    },
  ]

extension NodeContext {
  /// All inputs combined from left to right.
  fileprivate mutating func chain(_ kind: Binary.Kind) throws(MappingError) -> ValueID {
    var result = try input(0)
    for k in values.indices.dropFirst() { result = try binary(kind, result, input(k)) }
    return result
  }

  /// Opsets before 7: shapes must be equal unless `broadcast` is 1; then b's axes start at `axis` of a (default: its last ones).
  fileprivate mutating func legacyBroadcast(_ kind: Binary.Kind) throws(MappingError) -> ValueID {
    ignore("consumed_inputs")
    let a = try input(0)
    var b = try input(1)
    let axis = try int("axis")
    let broadcasts = try bool("broadcast")
    let (rankA, shapeB) = (shape(of: a).rank, shape(of: b))
    if broadcasts, let axis, shapeB.rank > 0 {
      let first = try resolve(axis: axis, rank: max(rankA, 1))
      let trailing = rankA - first - shapeB.rank
      guard trailing >= 0 else { throw MappingError("b \(shapeB) does not fit a's axes from \(first) on") }
      b = try reshape(b, Shape(shapeB.dimensions + Array(repeating: 1, count: trailing)))
    } else if !broadcasts, shape(of: a) != shapeB {
      throw MappingError("shapes \(shape(of: a)) and \(shapeB) differ and attribute 'broadcast' is not set")
    }
    return try binary(kind, a, b)
  }
}
