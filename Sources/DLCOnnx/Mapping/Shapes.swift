import DLCGraph
import DLCOperators
import DLCTensor

/// Operators that change or report shapes, or make constants of a shape.
let shapeMappings: [OperatorMapping] = [
  OperatorMapping("Shape") { (c: inout NodeContext) throws(MappingError) in
    let extents = try c.shape(of: c.input(0)).dimensions
    func clamp(_ axis: Int) -> Int { min(max(axis < 0 ? axis + extents.count : axis, 0), extents.count) }
    let start = clamp(try c.int("start", default: 0))
    let end = max(start, clamp(try c.int("end", default: extents.count)))
    return [c.addConstant(Tensor(extents[start..<end].map { Int64($0) }, shape: [end - start]))]
  },
  OperatorMapping("Size") { (c: inout NodeContext) throws(MappingError) in
    try [c.addConstant(Tensor(Int64(c.shape(of: c.input(0)).count)))]
  },
  OperatorMapping("Reshape", since: 1) { (c: inout NodeContext) throws(MappingError) in
    c.ignore("consumed_inputs")
    return try [c.reshaped(to: c.ints("shape") ?? [], allowZero: false)]
  },
  OperatorMapping("Reshape", since: 5) { (c: inout NodeContext) throws(MappingError) in
    let allowZero = try c.bool("allowzero")
    return try [c.reshaped(to: c.integers(1, "shape") ?? [], allowZero: allowZero)]
  },
  OperatorMapping("Flatten") { (c: inout NodeContext) throws(MappingError) in
    let x = try c.input(0)
    let shape = c.shape(of: x)
    let given = try c.int("axis", default: 1)
    let axis = given == shape.rank ? given : try c.resolve(axis: given, rank: max(shape.rank, 1))
    let rows = shape.dimensions.prefix(axis).reduce(1, *)
    return try [c.reshape(x, Shape([rows, shape.dimensions.dropFirst(axis).reduce(1, *)]))]
  },
  OperatorMapping("Squeeze", since: 1) { (c: inout NodeContext) throws(MappingError) in
    try [c.squeeze(axes: c.ints("axes"))]
  },
  OperatorMapping("Squeeze", since: 13) { (c: inout NodeContext) throws(MappingError) in
    try [c.squeeze(axes: c.integers(1, "axes"))]
  },
  OperatorMapping("Unsqueeze", since: 1) { (c: inout NodeContext) throws(MappingError) in
    try [c.unsqueeze(axes: c.ints("axes") ?? [])]
  },
  OperatorMapping("Unsqueeze", since: 13) { (c: inout NodeContext) throws(MappingError) in
    try [c.unsqueeze(axes: c.integers(1, "axes") ?? [])]
  },
  OperatorMapping("Expand", since: 8) { (c: inout NodeContext) throws(MappingError) in
    let x = try c.input(0)
    let wanted = try c.integers(1, "shape") ?? []
    guard let target = Shape(checking: wanted), let shape = target.broadcast(with: c.shape(of: x)),
      Shape(checking: shape.dimensions) != nil
    else { throw MappingError("\(c.shape(of: x)) does not broadcast to \(wanted)") }
    return try [shape == c.shape(of: x) ? x : c.emit(Expand(shape: shape), x)]
  },
]

extension NodeContext {
  fileprivate mutating func reshaped(to wanted: [Int], allowZero: Bool) throws(MappingError) -> ValueID {
    let x = try input(0)
    let shape = self.shape(of: x)
    var extents = wanted
    for k in extents.indices where extents[k] == 0 && !allowZero {
      guard k < shape.rank else { throw MappingError("shape \(wanted) copies axis \(k), which \(shape) lacks") }
      extents[k] = shape[k]
    }
    if let open = extents.firstIndex(of: -1) {
      var others = extents
      others.remove(at: open)
      guard let known = Shape(checking: others)?.count, known > 0, shape.count % known == 0 else {
        throw MappingError("\(shape) cannot become \(wanted): the open axis has no whole extent")
      }
      extents[open] = shape.count / known
    }
    guard let target = Shape(checking: extents), target.count == shape.count else {
      throw MappingError("\(shape) has \(shape.count) elements and cannot become \(wanted)")
    }
    return try reshape(x, target)
  }

  fileprivate mutating func squeeze(axes: [Int]?) throws(MappingError) -> ValueID {
    let x = try input(0)
    let shape = self.shape(of: x)
    let removed: [Int]
    if let axes {
      removed = try resolve(axes: axes, rank: shape.rank)
      if let bad = removed.first(where: { shape[$0] != 1 }) {
        throw MappingError("axis \(bad) has extent \(shape[bad]); only axes of extent 1 can be removed")
      }
    } else {
      removed = shape.dimensions.indices.filter { shape[$0] == 1 }
    }
    return try reshape(x, Shape(shape.dimensions.indices.filter { !removed.contains($0) }.map { shape[$0] }))
  }

  fileprivate mutating func unsqueeze(axes: [Int]) throws(MappingError) -> ValueID {
    let x = try input(0)
    let added = try resolve(axes: axes, rank: shape(of: x).rank + axes.count)
    var extents = shape(of: x).dimensions
    for axis in added { extents.insert(1, at: axis) }
    return try reshape(x, Shape(extents))
  }
}
