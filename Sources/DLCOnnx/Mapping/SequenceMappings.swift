import DLCGraph
import DLCOperators
import DLCTensor

/// Operators of language models around attention.
let sequenceMappings: [OperatorMapping] = [
  OperatorMapping("RotaryEmbedding", since: 23) { (c: inout NodeContext) throws(MappingError) in try [c.rotary()] },
  OperatorMapping("TensorScatter", since: 24) { (c: inout NodeContext) throws(MappingError) in try [c.tensorScatter()]
  },
  OperatorMapping("LinearAttention", since: 27) { (c: inout NodeContext) throws(MappingError) in try c.linearAttention()
  },
  OperatorMapping("CausalConvWithState", since: 27) { (c: inout NodeContext) throws(MappingError) in
    try c.causalConvolution()
  },
]

extension NodeContext {
  /// Rotates pairs of features by the angle of their position (https://arxiv.org/abs/2104.09864).
  fileprivate mutating func rotary() throws(MappingError) -> ValueID {
    let given = try input(0)
    var x = given
    let rank = shape(of: x).rank
    let heads = try int("num_heads", default: 0)
    if rank == 3 {
      let flat = shape(of: x)
      guard heads > 0, flat[2] % heads == 0 else {
        throw MappingError("attribute 'num_heads' must divide the last axis of \(flat)")
      }
      x = try reshape(x, [flat[0], flat[1], heads, flat[2] / heads])
    }
    let shape = self.shape(of: x)
    guard shape.rank == 4 else { throw MappingError("x must have 3 or 4 axes, found \(self.shape(of: given))") }
    let written = try int("rotary_embedding_dim", default: 0)
    let size = written == 0 ? shape[3] : written
    guard size > 0, size % 2 == 0, size <= shape[3] else {
      throw MappingError("attribute 'rotary_embedding_dim' must be even and at most \(shape[3]), found \(written)")
    }
    let (batch, length) = (shape[0], shape[rank == 3 ? 1 : 2])
    let half = size / 2
    var angles: [ValueID] = []
    for k in 1...2 {
      var cache = try input(k)
      if let places = optional(3) { cache = try emit(Gather(axis: 0), cache, places) }
      let found = self.shape(of: cache)
      guard found == [batch, length, half] else {
        throw MappingError("the table of angles must be [\(batch), \(length), \(half)], found \(found)")
      }
      angles.append(try reshape(cache, rank == 3 ? [batch, length, 1, half] : [batch, 1, length, half]))
    }
    let interleaved = try bool("interleaved")
    let turned = try part(x, axis: 3, start: 0, count: size)
    let first = try part(turned, axis: 3, start: 0, count: half, step: interleaved ? 2 : 1)
    let second = try part(turned, axis: 3, start: interleaved ? 1 : half, count: half, step: interleaved ? 2 : 1)
    var real = try binary(.subtract, binary(.multiply, first, angles[0]), binary(.multiply, second, angles[1]))
    var imaginary = try binary(.add, binary(.multiply, first, angles[1]), binary(.multiply, second, angles[0]))
    var result: ValueID
    if interleaved {
      let pairs = Shape(Array(shape.dimensions[..<3]) + [half, 1])
      real = try reshape(real, pairs)
      imaginary = try reshape(imaginary, pairs)
      result = try reshape(concatenate([real, imaginary], axis: 4), self.shape(of: turned))
    } else {
      result = try concatenate([real, imaginary], axis: 3)
    }
    if size < shape[3] {
      result = try concatenate([result, part(x, axis: 3, start: size, count: shape[3] - size)], axis: 3)
    }
    return try reshape(result, self.shape(of: given))
  }

  /// Writes new entries into a cache from each sample's position on.
  fileprivate mutating func tensorScatter() throws(MappingError) -> ValueID {
    let (cache, update) = try (input(0), input(1))
    let (shape, news) = (self.shape(of: cache), self.shape(of: update))
    let axis = try resolve(axis: int("axis", default: -2), rank: shape.rank)
    let mode = try string("mode", default: "linear")
    guard mode == "linear" || mode == "circular" else {
      throw MappingError("attribute 'mode' must be linear or circular, found '\(mode)'")
    }
    guard axis > 0, news.rank == shape.rank, news[axis] <= shape[axis],
      shape.dimensions.indices.allSatisfy({ $0 == axis || news[$0] == shape[$0] })
    else { throw MappingError("the update \(news) does not fit the cache \(shape) along axis \(axis)") }
    func along(_ axis: Int, _ extent: Int) -> Shape {
      var result = Shape(Array(repeating: 1, count: shape.rank))
      result[axis] = extent
      return result
    }
    var places = positions(news[axis], shape: along(axis, news[axis]))
    if let starts = optional(2) {
      guard self.shape(of: starts).count == shape[0] else {
        throw MappingError("write_indices must be [\(shape[0])], found \(type(of: starts))")
      }
      places = try binary(.add, places, reshape(cast(starts, .int64), along(0, shape[0])))
    }
    if mode == "circular" { places = try binary(.modulo, places, scalar(Double(shape[axis]), .int64)) }
    let indices = try expanded(places, to: news)
    return try emit(ScatterElements(axis: axis, reduction: .replace), cache, indices, update)
  }

  /// The recurrence of linear attention, unrolled over time.
  fileprivate mutating func linearAttention() throws(MappingError) -> [ValueID?] {
    ignore("chunk_size")  // a hint for speed
    let (query, key, value) = try (input(0), input(1), input(2))
    let element = self.element(of: query)
    guard let queryHeads = try int("q_num_heads"), let heads = try int("kv_num_heads"), heads > 0, queryHeads > 0,
      queryHeads % heads == 0
    else { throw MappingError("attribute 'q_num_heads' must be a multiple of 'kv_num_heads'") }
    let (a, b, d) = (shape(of: query), shape(of: key), shape(of: value))
    guard a.rank == 3, b.rank == 3, d.rank == 3, a[2] % queryHeads == 0, b[2] % heads == 0, d[2] % heads == 0,
      a[2] / queryHeads == b[2] / heads, b.dimensions[..<2] == a.dimensions[..<2],
      d.dimensions[..<2] == a.dimensions[..<2]
    else { throw MappingError("query \(a), key \(b) and value \(d) do not fit as [B, T, heads * size]") }
    let (batch, steps, keySize, valueSize) = (a[0], a[1], b[2] / heads, d[2] / heads)
    guard steps >= 1, steps <= 256 else {
      throw MappingError(
        "it has \(steps) time steps; 1 to 256 are supported",
        advice: "Process the sequence in pieces, passing the state on.")
    }
    let rule = try string("update_rule", default: "gated_delta")
    guard ["linear", "gated", "delta", "gated_delta"].contains(rule) else {
      throw MappingError("attribute 'update_rule' must be linear, gated, delta or gated_delta, found '\(rule)'")
    }
    let written = try float("scale", default: 0)
    let scale = written == 0 ? 1 / Double(keySize).squareRoot() : Double(written)
    var decay: ValueID?
    if rule.hasPrefix("gated") {
      let raw = try input(4)
      guard shape(of: raw).rank == 3, shape(of: raw)[2] == heads || shape(of: raw)[2] == heads * keySize else {
        throw MappingError("decay must be [B, T, \(heads)] or [B, T, \(heads * keySize)], found \(shape(of: raw))")
      }
      decay = try unary(.exp, cast(raw, .float32))
    }
    let beta = try rule.hasSuffix("delta") ? cast(input(5), .float32) : nil
    let group = queryHeads / heads
    let wide = try (cast(query, .float32), cast(key, .float32), cast(value, .float32))
    var state: ValueID
    if let past = optional(3) {
      state = try cast(past, .float32)
    } else {
      state = try filled(0, .float32, [batch, heads, keySize, valueSize])
    }
    var outputs: [ValueID] = []
    for step in 0..<steps {
      let q = try reshape(part(wide.0, axis: 1, start: step, count: 1), [batch, heads, group, keySize])
      let k = try reshape(part(wide.1, axis: 1, start: step, count: 1), [batch, heads, 1, keySize])
      var v = try reshape(part(wide.2, axis: 1, start: step, count: 1), [batch, heads, 1, valueSize])
      if let decay {
        let now = try part(decay, axis: 1, start: step, count: 1)
        state = try binary(.multiply, state, reshape(now, [batch, heads, shape(of: now)[2] / heads, 1]))
      }
      if let beta {
        let rate = try part(beta, axis: 1, start: step, count: 1)
        v = try binary(.subtract, v, emit(MatMul(), k, state))
        v = try binary(.multiply, v, reshape(rate, [batch, shape(of: rate)[2], 1, 1]))
      }
      state = try binary(.add, state, binary(.multiply, reshape(k, [batch, heads, keySize, 1]), v))
      let read = try emit(MatMul(), q, state)
      outputs.append(try reshape(read, [batch, 1, queryHeads * valueSize]))
    }
    let y = try binary(.multiply, concatenate(outputs, axis: 1), scalar(scale, .float32))
    let kept = optional(3).map { self.element(of: $0) } ?? element
    return try [cast(y, element), cast(state, kept)]
  }

  /// A depthwise convolution that sees the present and the past only, with the last positions as its state.
  fileprivate mutating func causalConvolution() throws(MappingError) -> [ValueID?] {
    let (x, w) = try (input(0), input(1))
    let (shape, weights) = (self.shape(of: x), self.shape(of: w))
    guard shape.rank == 3, weights.rank == 3, weights[0] == shape[1], weights[1] == 1, weights[2] >= 1 else {
      throw MappingError("x must be [B, C, L] and weights [C, 1, k], found \(shape) and \(weights)")
    }
    let activation = try string("activation", default: "none")
    guard ["none", "silu", "swish"].contains(activation) else {
      throw MappingError("attribute 'activation' must be none, silu or swish, found '\(activation)'")
    }
    let before = weights[2] - 1
    let padded: ValueID
    if let past = optional(3) {
      padded = try concatenate([past, x], axis: 2)
      guard self.shape(of: padded)[2] == shape[2] + before else {
        throw MappingError("the past state must be [B, C, \(before)], found \(self.shape(of: past))")
      }
    } else {
      padded = try before == 0 ? x : emit(Pad(.constant, before: [0, 0, before], after: [0, 0, 0]), x)
    }
    let window = Window(kernel: [weights[2]], strides: [1], dilations: [1], padBegin: [0], padEnd: [0])
    let op = Convolution(window: window, groups: shape[1], epilogue: Epilogue(bias: optional(2) != nil))
    var y = try add(op, [padded, w] + (optional(2).map { [$0] } ?? []))[0]
    if activation != "none" { y = try unary(.silu(alpha: 1), y) }
    return try [y, part(padded, axis: 2, start: shape[2], count: before)]
  }
}
