import DLCGraph
import DLCOperators
import DLCTensor

/// Scaled dot product attention.
let attentionMappings: [OperatorMapping] = [
  OperatorMapping("Attention", since: 23) { (c: inout NodeContext) throws(MappingError) in try c.attention() }
]

extension NodeContext {
  /// Queries, keys and values by heads: `[B, heads, length, size]`.
  private struct Heads {
    var q, k, v: ValueID
    var batch, queryHeads, sharedHeads, queries, keys: Int
    /// Whether q, k and v came as `[B, length, heads * size]`.
    var wasFlat: Bool
    /// Keys of the cache that stand before the new ones.
    var pastKeys: Int
  }

  fileprivate mutating func attention() throws(MappingError) -> [ValueID?] {
    let heads = try attentionHeads()
    let element = self.element(of: heads.q)
    let scale = try float("scale") ?? Float(1 / Double(max(shape(of: heads.q)[3], 1)).squareRoot())
    let softcap = try float("softcap", default: 0)
    let mode = try int("qk_matmul_output_mode", default: 0)
    guard (0...3).contains(mode) else {
      throw MappingError("attribute 'qk_matmul_output_mode' must be 0 to 3, found \(mode)")
    }

    // Query heads that share a key head are stacked into one matrix.
    let group = heads.queryHeads / heads.sharedHeads
    let size = shape(of: heads.q)[3]
    var q = heads.q
    var k = heads.k
    if element == .float16, scale > 0 {
      // Half floats overflow when only one side is scaled.
      let root = Double(scale).squareRoot()
      q = try binary(.multiply, q, scalar(root, element))
      k = try binary(.multiply, k, scalar(root, element))
    } else {
      q = try binary(.multiply, q, scalar(Double(scale), element))
    }
    q = try reshape(q, [heads.batch, heads.sharedHeads, group * heads.queries, size])
    let scoreShape = Shape([heads.batch, heads.queryHeads, heads.queries, heads.keys])
    let product = try reshape(emit(MatMul(transposeB: true), q, k), scoreShape)
    var scores = product
    if softcap > 0 {
      let bounded = try unary(.tanh, binary(.divide, scores, scalar(Double(softcap), element)))
      scores = try binary(.multiply, bounded, scalar(Double(softcap), element))
    }
    let capped = scores

    let mask = try attentionMask(heads)
    if let bias = mask.bias { scores = try binary(.add, scores, cast(bias, element)) }
    if let allowed = mask.allowed { scores = try emit(Select(), allowed, scores, scalar(-.infinity, element)) }
    let masked = scores

    let precision = try softmaxPrecision(element)
    let wide = try cast(masked, precision)
    var weights = try emit(Softmax(.softmax, axis: 3), wide)
    if mask.mayHideRow {
      let largest = try emit(Reduce(.maximum, axes: [3], keepsAxes: true), wide)
      let isHidden = try binary(.equal, largest, scalar(-.infinity, precision))
      weights = try emit(Select(), isHidden, scalar(0, precision), weights)
    }
    weights = try cast(weights, element)

    let stacked = try reshape(weights, [heads.batch, heads.sharedHeads, group * heads.queries, heads.keys])
    let valueSize = shape(of: heads.v)[3]
    var y = try emit(MatMul(), stacked, heads.v)
    y = try reshape(y, [heads.batch, heads.queryHeads, heads.queries, valueSize])
    if heads.wasFlat {
      y = try reshape(transpose(y, [0, 2, 1, 3]), [heads.batch, heads.queries, heads.queryHeads * valueSize])
    }
    return [y, heads.k, heads.v, [product, capped, masked, weights][mode]]
  }

  private mutating func attentionHeads() throws(MappingError) -> Heads {
    var (q, k, v) = try (input(0), input(1), input(2))
    let rank = shape(of: q).rank
    guard rank == 3 || rank == 4, shape(of: k).rank == rank, shape(of: v).rank == rank else {
      throw MappingError(
        "q, k and v must all have 3 or 4 axes, found \(shape(of: q)), \(shape(of: k)) and \(shape(of: v))")
    }
    let (queryHeads, sharedHeads) = (try int("q_num_heads"), try int("kv_num_heads"))
    if rank == 3 {
      guard let queryHeads, let sharedHeads else {
        throw MappingError("attributes 'q_num_heads' and 'kv_num_heads' must be given for inputs of 3 axes")
      }
      q = try splitHeads(q, queryHeads)
      k = try splitHeads(k, sharedHeads)
      v = try splitHeads(v, sharedHeads)
    }
    let pasts = [optional(4), optional(5)]
    var pastKeys = 0
    if let pastKey = pasts[0], let pastValue = pasts[1] {
      guard shape(of: pastKey).rank == 4 else {
        throw MappingError("the past key must have 4 axes, found \(shape(of: pastKey))")
      }
      pastKeys = shape(of: pastKey)[2]
      k = try concatenate([pastKey, k], axis: 2)
      v = try concatenate([pastValue, v], axis: 2)
    } else if pasts[0] != nil || pasts[1] != nil {
      throw MappingError("past key and past value must be given together")
    }
    let (a, b, d) = (shape(of: q), shape(of: k), shape(of: v))
    guard a[0] == b[0], a[0] == d[0], b[1] == d[1], b[2] == d[2], a[3] == b[3], b[1] > 0, a[1] % b[1] == 0 else {
      throw MappingError("q \(a), k \(b) and v \(d) do not fit as [batch, heads, length, size]")
    }
    return Heads(
      q: q, k: k, v: v, batch: a[0], queryHeads: a[1], sharedHeads: b[1], queries: a[2], keys: b[2], wasFlat: rank == 3,
      pastKeys: pastKeys)
  }

  /// `[B, length, heads * size]` as `[B, heads, length, size]`.
  private mutating func splitHeads(_ x: ValueID, _ heads: Int) throws(MappingError) -> ValueID {
    let shape = self.shape(of: x)
    guard heads > 0, shape[2] % heads == 0 else {
      throw MappingError("\(heads) heads do not divide the last axis of \(shape)")
    }
    return try transpose(reshape(x, [shape[0], shape[1], heads, shape[2] / heads]), [0, 2, 1, 3])
  }

  private mutating func softmaxPrecision(_ element: ElementType) throws(MappingError) -> ElementType {
    guard let wanted = try elementType("softmax_precision") else { return element }
    guard wanted.isFloat else { throw MappingError("attribute 'softmax_precision' must be a floating-point type") }
    // Never less precise than the scores are; f32 serves where a narrower model asks for double.
    if element == .float64 || element == .float32 { return element }
    return wanted == .float64 ? .float32 : wanted
  }

  /// What keeps a query from a key.
  private struct Mask {
    /// True where a query may see a key, broadcastable to the scores; nil: everywhere.
    var allowed: ValueID?
    /// Added to the scores.
    var bias: ValueID?
    /// Whether a query may be left without any key.
    var mayHideRow = false
  }

  private mutating func attentionMask(_ heads: Heads) throws(MappingError) -> Mask {
    var mask = Mask()
    let (rows, columns) = (heads.queries, heads.keys)
    var conditions: [ValueID] = []
    let isCausal = try bool("is_causal")
    let (left, right) = (try int("left_window_size", default: -1), try int("right_window_size", default: -1))
    guard left >= -1, right >= -1, left < 1 << 31, right < 1 << 31 else {
      throw MappingError(
        "attributes 'left_window_size' and 'right_window_size' must be -1 or more, found \(left) and \(right)")
    }
    let key = positions(columns, shape: [columns])
    let query = positions(rows, shape: [rows, 1])
    var place = try binary(.add, query, scalar(Double(heads.pastKeys), .int64))
    if let lengths = optional(6) {
      guard optional(4) == nil else { throw MappingError("nonpad_kv_seqlen and a past key exclude each other") }
      guard shape(of: lengths).count == heads.batch else {
        throw MappingError("nonpad_kv_seqlen must be [\(heads.batch)], found \(type(of: lengths))")
      }
      let filled = try reshape(cast(lengths, .int64), [heads.batch, 1, 1, 1])
      conditions.append(try binary(.less, key, filled))
      place = try binary(.add, query, binary(.subtract, filled, scalar(Double(rows), .int64)))
    }
    if isCausal { conditions.append(try binary(.lessEqual, key, place)) }
    if left >= 0 {
      conditions.append(try binary(.lessEqual, binary(.subtract, place, scalar(Double(left), .int64)), key))
    }
    if right >= 0 { conditions.append(try binary(.lessEqual, key, binary(.add, place, scalar(Double(right), .int64)))) }
    if let given = optional(3) {
      let padded = try paddedMask(given, columns: columns)
      if element(of: padded) == .bool { conditions.append(padded) } else { mask.bias = padded }
    }
    for condition in conditions {
      mask.allowed = try mask.allowed.map { (a) throws(MappingError) in try binary(.and, a, condition) } ?? condition
    }
    mask.mayHideRow = mask.bias != nil || (mask.allowed.map { hidesRow($0) } ?? false)
    return mask
  }

  /// Whether a row of `allowed` has no true element, as far as is known.
  private func hidesRow(_ allowed: ValueID) -> Bool {
    guard let known = graph.constant(allowed)?.integers(), let columns = shape(of: allowed).dimensions.last, columns > 0
    else {
      return true
    }
    return stride(from: 0, to: known.count, by: columns).contains { known[$0..<$0 + columns].allSatisfy { $0 == 0 } }
  }

  /// Keys beyond the mask's end are hidden (opset 24).
  private mutating func paddedMask(_ mask: ValueID, columns: Int) throws(MappingError) -> ValueID {
    var shape = self.shape(of: mask)
    guard let last = shape.dimensions.last, last < columns, last != 1 || opset >= 24 else { return mask }
    shape[shape.rank - 1] = columns - last
    let element = self.element(of: mask)
    return try concatenate([mask, filled(element == .bool ? 0 : -.infinity, element, shape)], axis: shape.rank - 1)
  }
}
