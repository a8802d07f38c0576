import DLCGraph
import DLCOperators
import DLCTensor

/// Operators whose result's shape depends on values; they need those values when the model is compiled.
let selectionMappings: [OperatorMapping] = [
  OperatorMapping("NonZero", since: 9) { (c: inout NodeContext) throws(MappingError) in
    let x = try c.constant(0, "input")
    let strides = x.shape.strides
    let places = x.doubles().indices(where: { $0 != 0 }).ranges.flatMap { Array($0) }
    let rank = max(x.shape.rank, 1)
    let coordinates = (0..<rank).flatMap { axis in
      places.map { place in x.shape.rank == 0 ? 0 : Int64(place / strides[axis] % x.shape[axis]) }
    }
    return [c.addConstant(Tensor(coordinates, shape: [rank, places.count]))]
  },
  OperatorMapping("Compress", since: 9) { (c: inout NodeContext) throws(MappingError) in
    var x = try c.input(0)
    let flags = try c.integers(1, "condition") ?? []
    var axis = 0
    if let given = try c.int("axis") {
      axis = try c.resolve(axis: given, rank: c.shape(of: x).rank)
    } else {
      x = try c.reshape(x, [c.shape(of: x).count])
    }
    let kept = flags.indices.filter { flags[$0] != 0 }
    guard flags.count <= c.shape(of: x)[axis] else {
      throw MappingError("its condition has \(flags.count) entries for \(c.shape(of: x)[axis]) elements")
    }
    return try [c.emit(Gather(axis: axis), x, c.addConstant(Tensor(kept.map { Int64($0) }, shape: [kept.count])))]
  },
  OperatorMapping("Unique", since: 11) { (c: inout NodeContext) throws(MappingError) in try c.unique() },
  OperatorMapping("OptionalHasElement", since: 15) { (c: inout NodeContext) throws(MappingError) in
    [c.addConstant(Tensor(c.optional(0) != nil))]
  },
  OperatorMapping("OptionalGetElement", since: 15) { (c: inout NodeContext) throws(MappingError) in try [c.input(0)] },
]

extension NodeContext {
  /// Distinct slices along an axis (elements without one), where each stands first, which each is, and how often it comes.
  fileprivate mutating func unique() throws(MappingError) -> [ValueID?] {
    var x = try constant(0, "input")
    let sorted = try bool("sorted", default: true)
    var axis = 0
    if let given = try int("axis") {
      axis = try resolve(axis: given, rank: x.shape.rank)
    } else {
      x = x.reshaped(to: [x.count])
    }
    let values = x.doubles()
    let inner = x.shape.dimensions[(axis + 1)...].reduce(1, *)
    let outer = x.shape.dimensions[..<axis].reduce(1, *)
    let extent = x.shape[axis]
    func slice(_ k: Int) -> [Double] {
      (0..<outer).flatMap { o in (0..<inner).map { values[(o * extent + k) * inner + $0] } }
    }
    var numbers: [[Double]: Int] = [:]
    var first: [Int] = []
    var members: [Int] = []
    for k in 0..<extent {
      let own = slice(k)
      let number = numbers[own] ?? first.count
      if number == first.count {
        numbers[own] = number
        first.append(k)
      }
      members.append(number)
    }
    var order = Array(first.indices)
    if sorted { order.sort { slice(first[$0]).lexicographicallyPrecedes(slice(first[$1])) } }
    var ranks = [Int](repeating: 0, count: order.count)
    for (rank, number) in order.enumerated() { ranks[number] = rank }
    var counts = [Int64](repeating: 0, count: order.count)
    for member in members { counts[ranks[member]] += 1 }
    let firsts = addConstant(Tensor(order.map { Int64(first[$0]) }, shape: [order.count]))
    let inverse = addConstant(Tensor(members.map { Int64(ranks[$0]) }, shape: [extent]))
    let distinct = try emit(Gather(axis: axis), addConstant(x), firsts)
    return [distinct, firsts, inverse, addConstant(Tensor(counts, shape: [counts.count]))]
  }
}
