import DLCGraph
import DLCOperators
import DLCTensor

/// Operators on sequences of tensors. A sequence exists while importing only: its length and every position are known then.
let listMappings: [OperatorMapping] = [
  OperatorMapping("SequenceEmpty", since: 11) { (c: inout NodeContext) throws(MappingError) in
    c.ignore("dtype")
    c.sequenceOutputs[0] = []
    return []
  },
  OperatorMapping("SequenceConstruct", since: 11) { (c: inout NodeContext) throws(MappingError) in
    c.sequenceOutputs[0] = try c.inputs()
    return []
  },
  OperatorMapping("SequenceInsert", since: 11) { (c: inout NodeContext) throws(MappingError) in
    var elements = try c.sequence(0)
    let position = try c.position(2, count: elements.count, atEnd: true) ?? elements.count
    elements.insert(try c.input(1), at: position)
    c.sequenceOutputs[0] = elements
    return []
  },
  OperatorMapping("SequenceErase", since: 11) { (c: inout NodeContext) throws(MappingError) in
    var elements = try c.sequence(0)
    guard !elements.isEmpty else { throw MappingError("the sequence is empty") }
    elements.remove(at: try c.position(1, count: elements.count) ?? elements.count - 1)
    c.sequenceOutputs[0] = elements
    return []
  },
  OperatorMapping("SequenceAt", since: 11) { (c: inout NodeContext) throws(MappingError) in
    let elements = try c.sequence(0)
    guard let position = try c.position(1, count: elements.count) else { throw MappingError("its position is missing") }
    return [elements[position]]
  },
  OperatorMapping("SequenceLength", since: 11) { (c: inout NodeContext) throws(MappingError) in
    try [c.addConstant(Tensor(Int64(c.sequence(0).count)))]
  },
  OperatorMapping("ConcatFromSequence", since: 11) { (c: inout NodeContext) throws(MappingError) in
    var elements = try c.sequence(0)
    guard let first = elements.first else { throw MappingError("the sequence is empty") }
    guard let given = try c.int("axis") else { throw MappingError("attribute 'axis' is missing") }
    let stacks = try c.bool("new_axis")
    let axis = try c.resolve(axis: given, rank: c.shape(of: first).rank + (stacks ? 1 : 0))
    if stacks {
      for k in elements.indices {
        var extents = c.shape(of: elements[k]).dimensions
        extents.insert(1, at: axis)
        elements[k] = try c.reshape(elements[k], Shape(extents))
      }
    }
    return try [elements.count == 1 ? elements[0] : c.add(Concatenate(axis: axis), elements)[0]]
  },
  OperatorMapping("SplitToSequence", since: 11) { (c: inout NodeContext) throws(MappingError) in
    try c.splitToSequence()
    return []
  },
]

extension NodeContext {
  /// The elements of input `index`, which must be a sequence.
  fileprivate func sequence(_ index: Int) throws(MappingError) -> [ValueID] {
    guard let elements = sequences[index] else {
      throw MappingError(
        "input \(index) is no sequence that is known when the model is compiled",
        advice: "Sequences as inputs of the model are not supported; pass tensors.")
    }
    return elements
  }

  /// The position that input `index` names among `count`, negative ones from the end; nil when omitted.
  /// - Parameter atEnd: whether the place after the last one is allowed.
  fileprivate func position(_ index: Int, count: Int, atEnd: Bool = false) throws(MappingError) -> Int? {
    guard let values = try integers(index, "position") else { return nil }
    guard values.count == 1, values[0] >= -count, values[0] < count + (atEnd ? 1 : 0) else {
      throw MappingError("position \(values) is outside -\(count)...\(count - 1)")
    }
    return values[0] < 0 ? values[0] + count : values[0]
  }

  /// Parts of equal size (one input or a scalar split; the last may be smaller) or of the sizes given.
  fileprivate mutating func splitToSequence() throws(MappingError) {
    let x = try input(0)
    let shape = self.shape(of: x)
    let axis = try resolve(axis: int("axis", default: 0), rank: shape.rank)
    let keeps = try bool("keepdims", default: true)
    var sizes = [Int](repeating: 1, count: min(shape[axis], 1 << 16))
    if let split = optional(1) {
      let given = try integers(1, "split") ?? []
      sizes = given
      if self.shape(of: split).rank == 0, let size = given.first {
        guard size > 0, shape[axis] / size < 1 << 16 else { throw MappingError("parts of \(size) are impossible") }
        sizes = stride(from: 0, to: shape[axis], by: size).map { min(size, shape[axis] - $0) }
      }
    }
    guard sizes.allSatisfy({ $0 >= 0 }), sizes.reduce(0, { $0 &+ $1 }) == shape[axis] else {
      throw MappingError("parts \(sizes.prefix(8)) do not add up to \(shape[axis]), the extent of axis \(axis)")
    }
    var elements: [ValueID] = []
    var start = 0
    for size in sizes {
      var op = Slice(
        starts: Array(repeating: 0, count: shape.rank), counts: shape.dimensions,
        steps: Array(repeating: 1, count: shape.rank))
      op.starts[axis] = size == 0 ? 0 : start
      op.counts[axis] = size
      var part = size == shape[axis] ? x : try emit(op, x)
      if !keeps, optional(1) == nil {
        var extents = shape.dimensions
        extents.remove(at: axis)
        part = try reshape(part, Shape(extents))
      }
      elements.append(part)
      start += size
    }
    sequenceOutputs[0] = elements
  }
}
