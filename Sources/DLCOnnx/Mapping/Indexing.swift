import DLCGraph
import DLCOperators
import DLCTensor

/// Operators that address elements by indices.
let indexingMappings: [OperatorMapping] = [
  OperatorMapping("Gather") { (c: inout NodeContext) throws(MappingError) in
    let x = try c.input(0)
    let axis = try c.resolve(axis: c.int("axis", default: 0), rank: c.shape(of: x).rank)
    return try [c.emit(Gather(axis: axis), x, c.input(1))]
  },
  OperatorMapping("GatherElements", since: 11) { (c: inout NodeContext) throws(MappingError) in
    let x = try c.input(0)
    let axis = try c.resolve(axis: c.int("axis", default: 0), rank: c.shape(of: x).rank)
    return try [c.emit(GatherElements(axis: axis), x, c.input(1))]
  },
  OperatorMapping("GatherND", since: 11) { (c: inout NodeContext) throws(MappingError) in
    try [c.emit(GatherND(batchDimensions: c.int("batch_dims", default: 0)), c.input(0), c.input(1))]
  },
  OperatorMapping("Scatter", since: 9) { (c: inout NodeContext) throws(MappingError) in try [c.scatterElements()] },
  OperatorMapping("ScatterElements", since: 11) { (c: inout NodeContext) throws(MappingError) in
    try [c.scatterElements()]
  },
  OperatorMapping("ScatterND", since: 11) { (c: inout NodeContext) throws(MappingError) in
    try [c.emit(ScatterND(reduction: c.scatterReduction()), c.input(0), c.input(1), c.input(2))]
  },
  OperatorMapping("TopK", since: 1) { (c: inout NodeContext) throws(MappingError) in
    guard let k = try c.int("k") else { throw MappingError("attribute 'k' is missing") }
    return try c.topK(k)
  },
  OperatorMapping("TopK", since: 10) { (c: inout NodeContext) throws(MappingError) in
    guard let k = try c.integers(1, "k"), k.count == 1 else { throw MappingError("its k must be one integer") }
    return try c.topK(k[0])
  },
  OperatorMapping("OneHot", since: 9) { (c: inout NodeContext) throws(MappingError) in
    let indices = try c.input(0)
    guard let depth = try c.number(1, "depth"), depth >= 1, depth < 2_147_483_648 else {
      throw MappingError("its depth must be positive")
    }
    let axis = try c.resolve(axis: c.int("axis", default: -1), rank: c.shape(of: indices).rank + 1)
    return try [c.emit(OneHot(depth: Int(depth), axis: axis), indices, c.input(2))]
  },
]

extension NodeContext {
  private mutating func reduction() throws(MappingError) -> ScatterReduction {
    let name = try string("reduction", default: "none")
    switch name {
    case "none": return .replace
    case "add": return .add
    case "mul": return .multiply
    case "max": return .maximum
    case "min": return .minimum
    default: throw MappingError("attribute 'reduction' must be none, add, mul, max or min, found '\(name)'")
    }
  }

  fileprivate mutating func scatterReduction() throws(MappingError) -> ScatterReduction { try reduction() }

  fileprivate mutating func scatterElements() throws(MappingError) -> ValueID {
    let data = try input(0)
    let axis = try resolve(axis: int("axis", default: 0), rank: shape(of: data).rank)
    return try emit(ScatterElements(axis: axis, reduction: reduction()), data, input(1), input(2))
  }

  fileprivate mutating func topK(_ k: Int) throws(MappingError) -> [ValueID?] {
    let x = try input(0)
    let axis = try resolve(axis: int("axis", default: -1), rank: shape(of: x).rank)
    let op = TopK(
      count: k, axis: axis, largest: try bool("largest", default: true), sorted: try bool("sorted", default: true))
    return try add(op, [x]).map { $0 }
  }
}
