extension Tensor {
  /// The tensor of `type` whose elements are `values`, converted as ONNX `Cast` does (truncation, saturation, NaN to 0; bool: not 0).
  public init(doubles values: [Double], type: TensorType) {
    precondition(values.count == type.shape.count, "\(values.count) values for \(type)")
    self = Tensor.converted(values, shape: type.shape, to: type.element)
  }

  private static func converted(_ values: [Double], shape: Shape, to element: ElementType) -> Tensor {
    switch element {
    case .float32: Tensor(values.map { Float($0) }, shape: shape)
    case .float64: Tensor(values, shape: shape)
    case .float16: Tensor(values.map { Float16Bits(Float($0)) }, shape: shape)
    case .bfloat16: Tensor(values.map { BFloat16(Float($0)) }, shape: shape)
    case .int8: Tensor(values.map { saturate($0, Int8.self) }, shape: shape)
    case .int16: Tensor(values.map { saturate($0, Int16.self) }, shape: shape)
    case .int32: Tensor(values.map { saturate($0, Int32.self) }, shape: shape)
    case .int64: Tensor(values.map { saturate($0, Int64.self) }, shape: shape)
    case .uint8: Tensor(values.map { saturate($0, UInt8.self) }, shape: shape)
    case .uint16: Tensor(values.map { saturate($0, UInt16.self) }, shape: shape)
    case .uint32: Tensor(values.map { saturate($0, UInt32.self) }, shape: shape)
    case .uint64: Tensor(values.map { saturate($0, UInt64.self) }, shape: shape)
    case .bool: Tensor(values.map { $0 != 0 }, shape: shape)
    }
  }

  /// This tensor's values as another element type; exact between integers that fit, through double otherwise.
  public func cast(to element: ElementType) -> Tensor {
    if element == self.element { return self }
    if self.element == .float16 || self.element == .bfloat16 || self.element == .float32, element == .float32 {
      return Tensor(floats(), shape: shape)
    }
    if !self.element.isFloat, !element.isFloat, element != .bool, let values = integers() {
      return Tensor.wrapped(values, shape: shape, to: element)
    }
    return Tensor.converted(doubles(), shape: shape, to: element)
  }

  /// Elements of any floating-point type as `Float`, others through double.
  public func floats() -> [Float] {
    switch element {
    case .float32: elements(as: Float.self)
    case .float16: elements(as: Float16Bits.self).map(\.value)
    case .bfloat16: elements(as: BFloat16.self).map(\.value)
    case .uint8, .int8, .uint16, .int16, .int32, .int64, .bool, .float64, .uint32, .uint64: doubles().map { Float($0) }
    }
  }

  /// Integer to integer keeps the low bits, as C and ONNX Runtime do.
  private static func wrapped(_ values: [Int], shape: Shape, to element: ElementType) -> Tensor {
    switch element {
    case .int8: Tensor(values.map { Int8(truncatingIfNeeded: $0) }, shape: shape)
    case .int16: Tensor(values.map { Int16(truncatingIfNeeded: $0) }, shape: shape)
    case .int32: Tensor(values.map { Int32(truncatingIfNeeded: $0) }, shape: shape)
    case .int64: Tensor(values.map { Int64(truncatingIfNeeded: $0) }, shape: shape)
    case .uint8: Tensor(values.map { UInt8(truncatingIfNeeded: $0) }, shape: shape)
    case .uint16: Tensor(values.map { UInt16(truncatingIfNeeded: $0) }, shape: shape)
    case .uint32: Tensor(values.map { UInt32(truncatingIfNeeded: $0) }, shape: shape)
    case .uint64: Tensor(values.map { UInt64(truncatingIfNeeded: $0) }, shape: shape)
    case .bool, .float32, .float16, .float64, .bfloat16: preconditionFailure("wrapped() is for integers")
    }
  }

  private static func saturate<T: FixedWidthInteger>(_ value: Double, _: T.Type) -> T {
    if value.isNaN { return 0 }
    if value <= Double(T.min) { return T.min }
    if value >= Double(T.max) { return T.max }
    return T(value)
  }
}
