import DLCGraph
import DLCOperators
import DLCTensor

/// The scale and zero point of a quantized tensor as values of the graph.
struct QuantizedForm {
  /// One number, a vector along `axis`, or a tensor that broadcasts to the quantized one.
  var scale: ValueID
  /// As scale, of the integers' type; nil: 0.
  var zero: ValueID?
  /// The axis along which vectors of scales run; nil where only one scale makes sense.
  var axis: Int?

  init(_ scale: ValueID, _ zero: ValueID? = nil, axis: Int? = nil) {
    self.scale = scale
    self.zero = zero
    self.axis = axis
  }
}

extension NodeContext {
  /// Types that QuantizeLinear produces; DequantizeLinear also reads i32.
  static let quantizedTypes: [ElementType] = [.uint8, .int8, .uint16, .int16]

  /// `(q - zero) * scale` as f32: a Dequantize where scale and zero point are known, else its arithmetic.
  mutating func dequantized(_ q: ValueID, _ form: QuantizedForm) throws(MappingError) -> ValueID {
    let element = self.element(of: q)
    guard (NodeContext.quantizedTypes + [.int32]).contains(element) else {
      throw MappingError("a quantized tensor must be u8, i8, u16, i16 or i32, found \(type(of: q))")
    }
    try check(form, of: element, shape(of: q))
    if let parameters = parameters(form, of: element, shape(of: q)) { return try emit(Dequantize(parameters), q) }
    let aligned = try self.aligned(form, to: shape(of: q))
    return try binary(.multiply, centred(q, aligned.zero), aligned.scale)
  }

  /// `clamp(round-half-even(x / scale) + zero)`: a Quantize where scale and zero point are known, else its arithmetic.
  mutating func quantized(
    _ x: ValueID, _ form: QuantizedForm, as element: ElementType
  ) throws(MappingError) -> ValueID {
    guard NodeContext.quantizedTypes.contains(element) else {
      throw MappingError(
        "it quantizes to \(element); u8, i8, u16 and i16 are supported",
        advice: "Quantize to 8 or 16 bits.")
    }
    try check(form, of: element, shape(of: x))
    let real = try cast(x, .float32)
    if let parameters = parameters(form, of: element, shape(of: x)) { return try emit(Quantize(parameters), real) }
    let aligned = try self.aligned(form, to: shape(of: x))
    return try quantizedByArithmetic(real, scale: aligned.scale, zero: aligned.zero, as: element)
  }

  /// Quantization whose scale and zero point are tensors that broadcast to x. The cast saturates.
  mutating func quantizedByArithmetic(
    _ x: ValueID, scale: ValueID, zero: ValueID?, as element: ElementType
  ) throws(MappingError) -> ValueID {
    var steps = try unary(.round, binary(.divide, x, scale))
    if let zero { steps = try binary(.add, steps, cast(zero, .float32)) }
    return try cast(steps, element)
  }

  /// `q - zero` as f32, exact for 8 and 16 bits; differences of i32 are taken in i64 and rounded once.
  mutating func centred(_ q: ValueID, _ zero: ValueID?) throws(MappingError) -> ValueID {
    guard let zero else { return try cast(q, .float32) }
    let wide: ElementType = element(of: q) == .int32 ? .int64 : .float32
    return try cast(binary(.subtract, cast(q, wide), cast(zero, wide)), .float32)
  }

  /// The parameters as an operator's, when they are known now and sound; nil leaves them to arithmetic.
  private func parameters(
    _ form: QuantizedForm, of element: ElementType, _ shape: Shape
  ) -> QuantizationParameters? {
    guard let scale = graph.constant(form.scale) else { return nil }
    var zeros = [Int32](repeating: 0, count: scale.count)
    if let zero = form.zero {
      guard let known = graph.constant(zero)?.integers() else { return nil }
      zeros = known.map { Int32(clamping: $0) }
    }
    let scales = scale.floats()
    guard !scales.isEmpty, scales.allSatisfy({ $0.isFinite && $0 > 0 }) else { return nil }
    if scales.count == 1 { return QuantizationParameters(element, scale: scales[0], zeroPoint: zeros[0]) }
    var axis = form.axis
    if scale.shape.rank != 1 {
      let varying = scale.shape.dimensions.indices.filter { scale.shape[$0] != 1 }
      guard varying.count == 1 else { return nil }
      axis = varying[0]
    }
    guard let axis, scales.count == shape[axis] else { return nil }
    return QuantizationParameters(element, scales: scales, zeroPoints: zeros, axis: axis)
  }

  /// Throws unless scale and zero point have the types and shapes that a tensor of `shape` and `element` needs.
  private func check(_ form: QuantizedForm, of element: ElementType, _ shape: Shape) throws(MappingError) {
    let scale = type(of: form.scale)
    guard [.float32, .float16, .bfloat16].contains(scale.element) else {
      throw MappingError("its scale must be f32, f16 or bf16, found \(scale)")
    }
    if let zero = form.zero {
      let found = type(of: zero)
      guard found.element == element else {
        throw MappingError("its zero point must be \(element) like the quantized tensor, found \(found)")
      }
      guard found.shape == scale.shape || found.shape.count == 1 && scale.shape.count == 1 else {
        throw MappingError("its zero point must have the scale's shape \(scale.shape), found \(found)")
      }
    }
    if scale.shape.count == 1 { return }
    if scale.shape.rank == 1, let axis = form.axis {
      guard axis < shape.rank, scale.shape[0] == shape[axis] else {
        throw MappingError(
          "it needs one scale for each index along axis \(axis) of \(shape), found \(scale.shape[0])")
      }
      return
    }
    guard scale.shape.rank == shape.rank, shape.rank > 1, form.axis != nil,
      shape.broadcast(with: scale.shape) == shape
    else { throw MappingError("its scale \(scale) does not fit a tensor of shape \(shape)") }
  }

  /// Scale (f32) and zero point as tensors that broadcast to `shape`.
  private mutating func aligned(
    _ form: QuantizedForm, to shape: Shape
  ) throws(MappingError) -> (scale: ValueID, zero: ValueID?) {
    let own = self.shape(of: form.scale)
    var view = own
    if own.count == 1 {
      view = .scalar
    } else if own.rank == 1, let axis = form.axis {
      view = Shape(shape.dimensions.indices.map { $0 == axis ? own[0] : 1 })
    }
    let scale = try cast(reshape(form.scale, view), .float32)
    guard let zero = form.zero else { return (scale, nil) }
    return (scale, try reshape(zero, view))
  }
}
