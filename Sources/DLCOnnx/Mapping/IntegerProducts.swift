import DLCGraph
import DLCOperators
import DLCTensor

/// Products of integers with i32 results, exact to the last bit.
extension NodeContext {
  /// `(a - aZero) (b - bZero)` in i32. A vector of zero points runs along the rows of a, or the columns of b.
  mutating func integerProduct(
    _ a: ValueID, _ aZero: ValueID?, _ b: ValueID, _ bZero: ValueID?
  ) throws(MappingError) -> ValueID {
    try requireBytes(a, "a")
    try requireBytes(b, "b")
    let left = try centredInteger(a, aZero, vector: { Shape([$0, 1]) }, "a")
    let right = try centredInteger(b, bZero, vector: { Shape([$0]) }, "b")
    let sums = try matMul(left, right)
    guard shape(of: a).rank >= 2, shape(of: b).rank == 2 else { return sums }
    return try marked(sums, as: .matrix(MatMul()), a, aZero, b, bZero)
  }

  /// `sums`, known to be the product `base` where `a` was quantized when run and `b` is constant.
  private mutating func marked(
    _ sums: ValueID, as base: Contraction, _ a: ValueID, _ aZero: ValueID?, _ b: ValueID, _ bZero: ValueID?
  ) throws(MappingError) -> ValueID {
    guard let (_, source) = graph.producer(of: a), source.op is DynamicQuantize, source.outputs[0] == a,
      source.outputs[2] == aZero, graph.constant(b) != nil
    else { return sums }
    let zeros = bZero ?? scalar(0, element(of: b))
    guard graph.constant(zeros) != nil else { return sums }
    return try emit(IntegerSums(base), source.inputs[0], b, zeros, sums)
  }

  private func requireBytes(_ x: ValueID, _ name: String) throws(MappingError) {
    guard element(of: x) == .uint8 || element(of: x) == .int8 else {
      throw MappingError("\(name) must be u8 or i8, found \(type(of: x))")
    }
  }

  /// `q - zero` in i32; `vector` gives the shape under which zero points by index broadcast.
  private mutating func centredInteger(
    _ q: ValueID, _ zero: ValueID?, vector: (Int) -> Shape, _ name: String
  ) throws(MappingError) -> ValueID {
    let wide = try cast(q, .int32)
    guard let zero else { return wide }
    let form = type(of: zero)
    guard form.element == element(of: q) else {
      throw MappingError("the zero point of \(name) must be \(element(of: q)) as \(name) is, found \(form)")
    }
    let view = form.shape.count == 1 ? .scalar : form.shape.rank == 1 ? vector(form.shape[0]) : form.shape
    guard shape(of: q).broadcast(with: view) == shape(of: q) else {
      throw MappingError("the zero point \(form) of \(name) does not fit \(type(of: q))")
    }
    if let known = graph.constant(zero)?.integers(), known.allSatisfy({ $0 == 0 }) { return wide }
    return try binary(.subtract, wide, cast(reshape(zero, view), .int32))
  }

  /// ConvInteger: x, weights, zero point of x?, zero point(s) of the weights? -> i32.
  ///
  /// Convolutions run in f32, where sums of integers are exact up to 2^24. Products of 9-bit numbers pass that after 258
  /// terms; beyond, weights are split as 16 h + l, and input channels into runs whose sums stay below it.
  mutating func integerConvolution() throws(MappingError) -> ValueID {
    let (x, w) = try (input(0), input(1))
    let (xZero, wZero) = (optional(2), optional(3))
    let (sums, op) = try integerConvolution(x, xZero, w, wZero)
    return try marked(sums, as: .convolution(op), x, xZero, w, wZero)
  }

  private mutating func integerConvolution(
    _ x: ValueID, _ xZero: ValueID?, _ w: ValueID, _ wZero: ValueID?
  ) throws(MappingError) -> (sums: ValueID, op: Convolution) {
    try requireBytes(x, "x")
    try requireBytes(w, "the weights")
    if let xZero, shape(of: xZero).count != 1 {
      throw MappingError("the zero point of x must be one number, found \(type(of: xZero))")
    }
    let (xShape, wShape) = (shape(of: x), shape(of: w))
    let window = try convolutionWindow(xShape, wShape)
    let groups = try int("group", default: 1)
    guard groups >= 1, xShape[1] % groups == 0, wShape[1] == xShape[1] / groups, !wShape.isEmpty else {
      throw MappingError("weights \(wShape) do not fit x \(xShape) in \(groups) groups")
    }
    let ones = Array(repeating: 1, count: wShape.rank - 1)
    let real = try cast(centredInteger(x, xZero, vector: { Shape([$0]) }, "x"), .float32)
    let weights = try cast(
      centredInteger(w, wZero, vector: { Shape([$0] + ones) }, "the weights"), .float32)
    let taps = wShape.dimensions[2...].reduce(1, *)
    let op = Convolution(window: window, groups: groups)
    if wShape[1] * taps <= NodeContext.exactSum / (255 * 255) {
      return (try cast(emit(op, real, weights), .int32), op)
    }
    let run = NodeContext.exactSum / (255 * 16) / taps
    guard run >= 1 else { throw MappingError("a kernel of \(taps) taps is too large for an exact sum") }
    let high = try unary(.round, binary(.divide, weights, scalar(16, .float32)))
    let low = try binary(.subtract, weights, binary(.multiply, high, scalar(16, .float32)))
    var sum: ValueID?
    for start in stride(from: 0, to: wShape[1], by: run) {
      let count = min(run, wShape[1] - start)
      let channels = try channelRun(real, groups: groups, start: start, count: count)
      let h = try cast(emit(op, channels, part(high, axis: 1, start: start, count: count)), .int32)
      let l = try cast(emit(op, channels, part(low, axis: 1, start: start, count: count)), .int32)
      let both = try binary(.add, binary(.multiply, h, scalar(16, .int32)), l)
      sum = try sum.map { (sum) throws(MappingError) in try binary(.add, sum, both) } ?? both
    }
    guard let sum else { throw MappingError("weights \(wShape) are empty") }
    return (sum, op)
  }

  /// Integers up to this are exact in f32.
  private static let exactSum = 1 << 24

  /// Channels `start..<start + count` of each group of x `[N, C, spatial...]`.
  private mutating func channelRun(
    _ x: ValueID, groups: Int, start: Int, count: Int
  ) throws(MappingError) -> ValueID {
    let shape = self.shape(of: x)
    let spatial = Array(shape.dimensions[2...])
    let grouped = try reshape(x, Shape([shape[0], groups, shape[1] / groups] + spatial))
    let chosen = try part(grouped, axis: 2, start: start, count: count)
    return try reshape(chosen, Shape([shape[0], groups * count] + spatial))
  }
}
