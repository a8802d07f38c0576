import DLCGraph
import DLCOperators
import DLCTensor

/// Operators that move elements without computing.
let movementMappings: [OperatorMapping] = [
  OperatorMapping("Transpose") { (c: inout NodeContext) throws(MappingError) in
    let x = try c.input(0)
    let rank = c.shape(of: x).rank
    return try [c.emit(Transpose(permutation: c.ints("perm") ?? Array((0..<rank).reversed())), x)]
  },
  OperatorMapping("Concat") { (c: inout NodeContext) throws(MappingError) in
    let inputs = try c.inputs()
    guard let first = inputs.first else { throw MappingError("it has no inputs") }
    let axis = try c.resolve(axis: c.int("axis", default: 1), rank: c.shape(of: first).rank)
    return try [inputs.count == 1 ? first : c.add(Concatenate(axis: axis), inputs)[0]]
  },
  OperatorMapping("Slice", since: 1) { (c: inout NodeContext) throws(MappingError) in
    let (starts, ends) = (try c.ints("starts") ?? [], try c.ints("ends") ?? [])
    return try [c.slice(starts: starts, ends: ends, axes: c.ints("axes"), steps: nil)]
  },
  OperatorMapping("Slice", since: 10) { (c: inout NodeContext) throws(MappingError) in
    let (starts, ends) = (try c.integers(1, "starts") ?? [], try c.integers(2, "ends") ?? [])
    return try [c.slice(starts: starts, ends: ends, axes: c.integers(3, "axes"), steps: c.integers(4, "steps"))]
  },
  OperatorMapping("Split", since: 1) { (c: inout NodeContext) throws(MappingError) in
    let written = try c.ints("split")
    let sizes = try written == nil && c.inputCount > 1 ? c.integers(1, "sizes") : written
    return try c.split(sizes: sizes, count: c.node.outputs.count)
  },
  OperatorMapping("Split", since: 13) { (c: inout NodeContext) throws(MappingError) in
    let count = try c.int("num_outputs") ?? c.node.outputs.count
    return try c.split(sizes: c.integers(1, "sizes"), count: count)
  },
  OperatorMapping("Pad", since: 1) { (c: inout NodeContext) throws(MappingError) in
    let amounts = try c.ints(c.has("pads") ? "pads" : "paddings") ?? []
    let value = try c.float("value", default: 0)
    let mode = try c.padMode()
    let element = try c.element(of: c.input(0))
    let fill = value == 0 ? nil : c.scalar(Double(value), element)
    return try [c.pad(mode, amounts: amounts, axes: nil, value: fill)]
  },
  OperatorMapping("Pad", since: 11) { (c: inout NodeContext) throws(MappingError) in
    let amounts = try c.integers(1, "pads") ?? []
    let mode = try c.padMode()
    return try [c.pad(mode, amounts: amounts, axes: c.integers(3, "axes"), value: c.optional(2))]
  },
  OperatorMapping("Tile", since: 6) { (c: inout NodeContext) throws(MappingError) in
    let x = try c.input(0)
    return try [c.emit(Tile(repeats: c.integers(1, "repeats") ?? []), x)]
  },
  OperatorMapping("DepthToSpace") { (c: inout NodeContext) throws(MappingError) in
    let mode = try c.string("mode", default: "DCR")
    guard mode == "DCR" || mode == "CRD" else {
      throw MappingError("attribute 'mode' must be DCR or CRD, found '\(mode)'")
    }
    let (x, n, channels, height, width, block) = try c.blockInput()
    guard channels % (block * block) == 0 else {
      throw MappingError("\(channels) channels are no multiple of \(block)^2")
    }
    let depth = channels / (block * block)
    let split = mode == "DCR" ? [n, block, block, depth, height, width] : [n, depth, block, block, height, width]
    let order = mode == "DCR" ? [0, 3, 4, 1, 5, 2] : [0, 1, 4, 2, 5, 3]
    let moved = try c.emit(Transpose(permutation: order), c.reshape(x, Shape(split)))
    return try [c.reshape(moved, [n, depth, height * block, width * block])]
  },
  OperatorMapping("SpaceToDepth") { (c: inout NodeContext) throws(MappingError) in
    let mode = try c.string("mode", default: "DCR")
    let (x, n, channels, height, width, block) = try c.blockInput()
    guard height % block == 0, width % block == 0 else {
      throw MappingError("[\(height), \(width)] is no multiple of \(block)")
    }
    let split = Shape([n, channels, height / block, block, width / block, block])
    let order = mode == "CRD" ? [0, 1, 3, 5, 2, 4] : [0, 3, 5, 1, 2, 4]
    let moved = try c.emit(Transpose(permutation: order), c.reshape(x, split))
    return try [c.reshape(moved, [n, channels * block * block, height / block, width / block])]
  },
  OperatorMapping("Trilu", since: 14) { (c: inout NodeContext) throws(MappingError) in
    let diagonal = try c.integers(1, "diagonal") ?? [0]
    guard diagonal.count == 1 else { throw MappingError("its diagonal must be one integer") }
    let reach = min(max(diagonal[0], -(1 << 31)), 1 << 31)  // no axis is longer
    return try [c.emit(Trilu(upper: c.bool("upper", default: true), diagonal: reach), c.input(0))]
  },
  OperatorMapping("ReverseSequence", since: 10) { (c: inout NodeContext) throws(MappingError) in
    let op = ReverseSequence(
      timeAxis: try c.int("time_axis", default: 0), batchAxis: try c.int("batch_axis", default: 1))
    return try [c.emit(op, c.input(0), c.input(1))]
  },
]

extension NodeContext {
  mutating func slice(starts: [Int], ends: [Int], axes: [Int]?, steps: [Int]?) throws(MappingError) -> ValueID {
    let x = try input(0)
    let shape = self.shape(of: x)
    let steps = steps ?? [Int](repeating: 1, count: starts.count)
    let given = axes ?? Array(starts.indices)
    guard ends.count == starts.count, given.count == starts.count, steps.count == starts.count else {
      throw MappingError(
        "starts, ends, axes and steps have \(starts.count), \(ends.count), \(given.count) and \(steps.count) entries")
    }
    var op = Slice(
      starts: Array(repeating: 0, count: shape.rank), counts: shape.dimensions,
      steps: Array(repeating: 1, count: shape.rank))
    for k in starts.indices {
      let axis = try resolve(axis: given[k], rank: shape.rank)
      let (extent, step) = (shape[axis], steps[k])
      guard step != 0, step != .min else { throw MappingError("steps \(steps) contain \(step)") }
      // Out-of-range ends mean "to the end", also from the other side (numpy).
      func clamp(_ position: Int, _ low: Int, _ high: Int) -> Int {
        min(max(position < 0 ? position + extent : position, low), high)
      }
      let start = step > 0 ? clamp(starts[k], 0, extent) : clamp(starts[k], 0, extent - 1)
      let end = step > 0 ? clamp(ends[k], 0, extent) : clamp(ends[k], -1, extent - 1)
      let distance = step > 0 ? end - start : start - end
      let stride = abs(step)
      op.counts[axis] = distance > 0 && extent > 0 ? (distance - 1) / stride + 1 : 0
      op.starts[axis] = op.counts[axis] == 0 ? 0 : start
      op.steps[axis] = op.counts[axis] <= 1 ? 1 : step
    }
    return op.counts == shape.dimensions && op.steps.allSatisfy { $0 == 1 } ? x : try emit(op, x)
  }

  fileprivate mutating func split(sizes: [Int]?, count: Int) throws(MappingError) -> [ValueID?] {
    let x = try input(0)
    let shape = self.shape(of: x)
    let axis = try resolve(axis: int("axis", default: 0), rank: shape.rank)
    guard count > 0, count <= 1 << 16 else { throw MappingError("it has \(count) outputs") }
    // Unequal division: all parts have the rounded-up size, the last one what is left (opset 18).
    let even = (shape[axis] + count - 1) / count
    let parts = sizes ?? (0..<count).map { min(even, max(0, shape[axis] - $0 * even)) }
    guard parts.allSatisfy({ $0 >= 0 && $0 <= shape[axis] }), parts.reduce(0, { $0 &+ $1 }) == shape[axis] else {
      throw MappingError("parts \(parts) do not add up to \(shape[axis]), the extent of axis \(axis)")
    }
    var outputs: [ValueID?] = []
    var start = 0
    for part in parts {
      var op = Slice(
        starts: Array(repeating: 0, count: shape.rank), counts: shape.dimensions,
        steps: Array(repeating: 1, count: shape.rank))
      op.starts[axis] = part == 0 ? 0 : start
      op.counts[axis] = part
      outputs.append(part == shape[axis] ? x : try emit(op, x))
      start += part
    }
    return outputs
  }

  fileprivate mutating func padMode() throws(MappingError) -> Pad.Mode {
    let name = try string("mode", default: "constant")
    guard let mode = Pad.Mode(rawValue: name) else {
      throw MappingError("attribute 'mode' must be constant, reflect, edge or wrap, found '\(name)'")
    }
    return mode
  }

  fileprivate mutating func pad(_ mode: Pad.Mode, amounts: [Int], axes: [Int]?, value: ValueID?) throws(MappingError)
    -> ValueID
  {
    let x = try input(0)
    let rank = shape(of: x).rank
    let given = axes ?? Array(0..<rank)
    guard amounts.count == 2 * given.count, amounts.allSatisfy({ $0 > -(1 << 31) && $0 < 1 << 31 }) else {
      throw MappingError("pads must be \(2 * given.count) extents, found \(amounts)")
    }
    var before = [Int](repeating: 0, count: rank)
    var after = before
    for k in given.indices {
      let axis = try resolve(axis: given[k], rank: rank)
      before[axis] = amounts[k]
      after[axis] = amounts[given.count + k]
    }
    let value = mode == .constant ? value : nil
    let op = Pad(mode, before: before, after: after, hasValue: value != nil)
    return try add(op, value.map { [x, $0] } ?? [x])[0]
  }

  /// The input and extents of DepthToSpace and SpaceToDepth.
  fileprivate mutating func blockInput() throws(MappingError) -> (ValueID, Int, Int, Int, Int, Int) {
    let x = try input(0)
    let shape = self.shape(of: x)
    guard let block = try int("blocksize"), block > 0, block < 1 << 15, shape.rank == 4 else {
      throw MappingError("x must be [N, C, H, W] and 'blocksize' positive, found \(shape)")
    }
    return (x, shape[0], shape[1], shape[2], shape[3], block)
  }
}
