import DLCGraph
import DLCOperators
import DLCTensor

/// Quantization in the standard domain. Operators on integers become the float operator between Dequantize and Quantize,
/// which a pass makes integer again: one form for every way in which files write quantized networks.
let quantizationMappings: [OperatorMapping] =
  ["", microsoftDomain].flatMap { domain in
    [
      OperatorMapping("QuantizeLinear", since: domain.isEmpty ? 10 : 1, domain: domain) {
        (c: inout NodeContext) throws(MappingError) in try [c.quantizeLinear()]
      },
      OperatorMapping("DequantizeLinear", since: domain.isEmpty ? 10 : 1, domain: domain) {
        (c: inout NodeContext) throws(MappingError) in try [c.dequantizeLinear()]
      },
    ]
  } + [
    OperatorMapping("DynamicQuantizeLinear", since: 11) { (c: inout NodeContext) throws(MappingError) in
      let result = try c.dynamicallyQuantized(c.input(0))
      return [result.q, result.scale, result.zero]
    },
    OperatorMapping("QLinearConv", since: 10) { (c: inout NodeContext) throws(MappingError) in
      let (x, w) = try (c.input(0), c.input(3))
      let xForm = QuantizedForm(try c.input(1), try c.input(2))
      let wForm = QuantizedForm(try c.input(4), try c.input(5), axis: 0)
      let yForm = QuantizedForm(try c.input(6), try c.input(7))
      let window = try c.convolutionWindow(c.shape(of: x), c.shape(of: w))
      var inputs = try [c.dequantized(x, xForm), c.dequantized(w, wForm)]
      if let bias = c.optional(8) {
        inputs.append(try c.dequantizedBias(bias, xForm, wForm))
      }
      let op = Convolution(
        window: window, groups: try c.int("group", default: 1), epilogue: Epilogue(bias: inputs.count > 2))
      return try [c.quantized(c.add(op, inputs)[0], yForm, as: c.element(of: c.input(7)))]
    },
    OperatorMapping("QLinearMatMul", since: 10) { (c: inout NodeContext) throws(MappingError) in
      let (a, b) = try (c.input(0), c.input(3))
      // Vectors of scales run along the rows of a and y, and the columns of b.
      let aForm = QuantizedForm(try c.input(1), try c.input(2), axis: c.matrixAxis(a, 2))
      let bForm = QuantizedForm(try c.input(4), try c.input(5), axis: c.matrixAxis(b, 1))
      let y = try c.matMul(c.dequantized(a, aForm), c.dequantized(b, bForm))
      let yForm = QuantizedForm(try c.input(6), try c.input(7), axis: c.matrixAxis(y, 2))
      return try [c.quantized(y, yForm, as: c.element(of: c.input(7)))]
    },
    OperatorMapping("MatMulInteger", since: 10) { (c: inout NodeContext) throws(MappingError) in
      try [c.integerProduct(c.input(0), c.optional(2), c.input(1), c.optional(3))]
    },
    OperatorMapping("ConvInteger", since: 10) { (c: inout NodeContext) throws(MappingError) in
      try [c.integerConvolution()]
    },
  ]

extension NodeContext {
  fileprivate mutating func quantizeLinear() throws(MappingError) -> ValueID {
    ignore("saturate")  // of float8 only
    let (x, scale, zero) = try (input(0), input(1), optional(2))
    let declared = try int("output_dtype").flatMap { $0 == 0 ? nil : $0 }
    let element =
      try declared.map { (code) throws(MappingError) in try NodeContext.elementType(code: code) }
      ?? zero.map { self.element(of: $0) } ?? .uint8
    guard [.float32, .float16, .bfloat16, .int32].contains(self.element(of: x)) else {
      throw MappingError("x must be f32, f16, bf16 or i32, found \(type(of: x))")
    }
    // The quotient is taken in f32 whatever the type of x: as exact as any of the precisions that may be asked for.
    if let precision = try int("precision"), precision != 0, precision != 1,
      ElementType(rawValue: UInt8(clamping: precision)) != self.element(of: scale)
    {
      throw MappingError(
        "attribute 'precision' asks for a quotient in \(OnnxElementNames.name(precision)); f32 is supported")
    }
    let axis = try int("axis", default: 1)
    let block = try int("block_size", default: 0)
    if block != 0 {
      let form = try blocked(scale, zero, of: type(of: x), element, axis: axis, block: block)
      return try quantizedByArithmetic(cast(x, .float32), scale: form.scale, zero: form.zero, as: element)
    }
    return try quantized(x, QuantizedForm(scale, zero, axis: scaleAxis(axis, scale, x)), as: element)
  }

  fileprivate mutating func dequantizeLinear() throws(MappingError) -> ValueID {
    let (q, scale, zero) = try (input(0), input(1), optional(2))
    let axis = try int("axis", default: 1)
    let block = try int("block_size", default: 0)
    let declared = try int("output_dtype").flatMap { $0 == 0 ? nil : $0 }
    let element =
      try declared.map { (code) throws(MappingError) in try NodeContext.elementType(code: code) }
      ?? self.element(of: scale)
    guard [.float32, .float16, .bfloat16].contains(element) else {
      throw MappingError("its result must be f32, f16 or bf16, found \(element)")
    }
    if block != 0 {
      if let known = try blockedConstant(q, scale, zero, axis: axis, block: block) {
        return addConstant(Tensor(doubles: known, type: TensorType(element, shape(of: q))))
      }
      let form = try blocked(scale, zero, of: type(of: q), self.element(of: q), axis: axis, block: block)
      return try cast(binary(.multiply, centred(q, form.zero), form.scale), element)
    }
    return try cast(dequantized(q, QuantizedForm(scale, zero, axis: scaleAxis(axis, scale, q))), element)
  }

  /// The axis that a vector of scales runs along; the attribute means nothing beside a single scale.
  private func scaleAxis(_ axis: Int, _ scale: ValueID, _ x: ValueID) throws(MappingError) -> Int? {
    shape(of: scale).count == 1 ? nil : try resolve(axis: axis, rank: shape(of: x).rank)
  }

  /// The real numbers of a constant in blocks, whatever its size: blocked weights are no operand of an integer operator.
  private mutating func blockedConstant(
    _ q: ValueID, _ scale: ValueID, _ zero: ValueID?, axis: Int, block: Int
  ) throws(MappingError) -> [Double]? {
    guard let integers = graph.constant(q)?.integers(), let scales = graph.constant(scale)?.floats() else { return nil }
    var zeros: [Int]?
    if let zero {
      guard let known = graph.constant(zero)?.integers() else { return nil }
      zeros = known
    }
    try checkBlocks(scale, zero, of: type(of: q), element(of: q), axis: axis, block: block)
    let shape = self.shape(of: q)
    let axis = try resolve(axis: axis, rank: shape.rank)
    let inner = shape.dimensions[(axis + 1)...].reduce(1, *)
    let (extent, blocks) = (shape[axis], self.shape(of: scale)[axis])
    return integers.enumerated().map { place, q in
      let (row, column) = (place / inner, place % inner)
      let index = (row / extent * blocks + row % extent / block) * inner + column
      return Double(Float(q - (zeros?[index] ?? 0)) * scales[index])
    }
  }

  /// Scale (f32) and zero point of each element where `block` neighbours along `axis` share one.
  private mutating func blocked(
    _ scale: ValueID, _ zero: ValueID?, of x: TensorType, _ element: ElementType, axis: Int, block: Int
  ) throws(MappingError) -> (scale: ValueID, zero: ValueID?) {
    try checkBlocks(scale, zero, of: x, element, axis: axis, block: block)
    let axis = try resolve(axis: axis, rank: x.shape.rank)
    let rows = addConstant(Tensor((0..<x.shape[axis]).map { Int64($0 / block) }, shape: [x.shape[axis]]))
    let wide = try emit(Gather(axis: axis), cast(scale, .float32), rows)
    return (wide, try zero.map { (zero) throws(MappingError) in try emit(Gather(axis: axis), zero, rows) })
  }

  private func checkBlocks(
    _ scale: ValueID, _ zero: ValueID?, of x: TensorType, _ element: ElementType, axis: Int, block: Int
  ) throws(MappingError) {
    let axis = try resolve(axis: axis, rank: x.shape.rank)
    let extent = x.shape[axis]
    guard block > 0, extent > 0 else {
      throw MappingError("attribute 'block_size' must be positive and axis \(axis) not empty, found \(block) for \(x)")
    }
    guard NodeContext.quantizedTypes.contains(element) || element == .int32 else {
      throw MappingError("a quantized tensor must be u8, i8, u16, i16 or i32, found \(element)")
    }
    var expected = x.shape.dimensions
    expected[axis] = (extent - 1) / block + 1
    let found = type(of: scale)
    guard found.shape.dimensions == expected, [.float32, .float16, .bfloat16].contains(found.element) else {
      throw MappingError(
        "blocks of \(block) along axis \(axis) of \(x.shape) need float scales of shape \(Shape(expected)), found \(found)"
      )
    }
    if let zero, type(of: zero) != TensorType(element, found.shape) {
      throw MappingError(
        "its zero point must be \(TensorType(element, found.shape)) like the scale, found \(type(of: zero))")
    }
  }

  /// Axis `last` from the end of a matrix; nil for a vector, which has one scale.
  fileprivate func matrixAxis(_ x: ValueID, _ last: Int) -> Int? {
    let rank = shape(of: x).rank
    return rank >= 2 ? rank - last : nil
  }

  /// A bias (i32 `[O]`) that stands at the scale of x's times the weights' steps, as f32.
  mutating func dequantizedBias(
    _ bias: ValueID, _ x: QuantizedForm, _ weights: QuantizedForm, alpha: Float = 1
  ) throws(MappingError) -> ValueID {
    guard element(of: bias) == .int32 else { throw MappingError("its bias must be i32, found \(type(of: bias))") }
    guard shape(of: x.scale).count == 1 else {
      throw MappingError("x must have one scale, found \(type(of: x.scale))")
    }
    var scale = try binary(.multiply, reshape(cast(x.scale, .float32), .scalar), cast(weights.scale, .float32))
    if alpha != 1 { scale = try binary(.multiply, scale, self.scalar(Double(alpha), .float32)) }
    let rank = shape(of: bias).rank
    return try dequantized(bias, QuantizedForm(scale, axis: rank > 0 ? rank - 1 : nil))
  }

  /// The 8-bit form of x over the range of its own elements and 0, as DynamicQuantizeLinear defines it.
  mutating func dynamicallyQuantized(_ x: ValueID) throws(MappingError) -> (q: ValueID, scale: ValueID, zero: ValueID) {
    guard element(of: x) == .float32 else { throw MappingError("x must be f32, found \(type(of: x))") }
    guard !shape(of: x).isEmpty else { throw MappingError("x is empty: it has no range") }
    let parts = try add(DynamicQuantize(), [x])
    return (parts[0], parts[1], parts[2])
  }
}
