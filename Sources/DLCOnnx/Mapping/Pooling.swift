import DLCGraph
import DLCOperators
import DLCTensor

/// Pooling, local and global.
let poolingMappings: [OperatorMapping] = [
  OperatorMapping("MaxPool") { (c: inout NodeContext) throws(MappingError) in
    let columnMajor = try c.int("storage_order", default: 0) == 1
    let indices = c.node.outputs.count > 1 && !c.node.outputs[1].isEmpty
    return try c.pool { _ in
      .maximum
    } configure: { op in
      op.givesIndices = indices
      op.columnMajorIndices = columnMajor && indices
    }
  },
  OperatorMapping("AveragePool") { (c: inout NodeContext) throws(MappingError) in
    let counts = try c.bool("count_include_pad")
    return try c.pool { _ in .average(countsPadding: counts) }
  },
  OperatorMapping("LpPool") { (c: inout NodeContext) throws(MappingError) in
    let p = try c.int("p", default: 2)
    guard (1...64).contains(p) else { throw MappingError("attribute 'p' must be 1 to 64, found \(p)") }
    return try c.pool { _ in .lp(p) }
  },
  OperatorMapping("GlobalAveragePool") { (c: inout NodeContext) throws(MappingError) in try [c.globalPool(.mean)] },
  OperatorMapping("GlobalMaxPool") { (c: inout NodeContext) throws(MappingError) in try [c.globalPool(.maximum)] },
  OperatorMapping("GlobalLpPool") { (c: inout NodeContext) throws(MappingError) in
    let p = try c.int("p", default: 2)
    switch p {
    case 1: return try [c.globalPool(.l1)]
    case 2: return try [c.globalPool(.l2)]
    default:
      guard (1...64).contains(p) else { throw MappingError("attribute 'p' must be 1 to 64, found \(p)") }
      let x = try c.input(0)
      let element = c.element(of: x)
      let powers = try c.binary(.power, c.unary(.abs, x), c.scalar(Double(p), element))
      return try [c.binary(.power, c.globalPool(.sum, of: powers), c.scalar(1 / Double(p), element))]
    }
  },
]

extension NodeContext {
  /// Local pooling of x, input 0 where nil, as the node's attributes say.
  mutating func pool(
    _ given: ValueID? = nil, _ kind: (Int) -> Pool.Kind, configure: (inout Pool) -> Void = { _ in }
  ) throws(MappingError) -> [ValueID?] {
    let x: ValueID
    if let given { x = given } else { x = try input(0) }
    let shape = self.shape(of: x)
    guard shape.rank >= 3 else { throw MappingError("x must be [N, C, spatial...], found \(shape)") }
    let attributes = try windowAttributes(spatialRank: shape.rank - 2)
    let ceil = try bool("ceil_mode")
    let window = try self.window(attributes, over: Array(shape.dimensions[2...]))
    // SAME fixes the output extents; rounding up could only add a window that sees nothing.
    var op = Pool(kind(0), window: window, ceilMode: ceil && !attributes.autoPad.hasPrefix("SAME"))
    configure(&op)
    return try add(op, [x]).map { $0 }
  }

  fileprivate mutating func globalPool(_ kind: Reduce.Kind) throws(MappingError) -> ValueID {
    try globalPool(kind, of: input(0))
  }

  /// A reduction of x's spatial axes, which stay with extent 1.
  mutating func globalPool(_ kind: Reduce.Kind, of x: ValueID) throws(MappingError) -> ValueID {
    let rank = shape(of: x).rank
    guard rank >= 3 else { throw MappingError("x must be [N, C, spatial...], found \(shape(of: x))") }
    return try emit(Reduce(kind, axes: Array(2..<rank), keepsAxes: true), x)
  }
}
