/// The type of a tensor's elements; raw values are those of ONNX `TensorProto.DataType`, which plans use too.
public enum ElementType: UInt8, Sendable, Hashable, CaseIterable {
  case float32 = 1
  case uint8 = 2
  case int8 = 3
  case uint16 = 4
  case int16 = 5
  case int32 = 6
  case int64 = 7
  case bool = 9
  case float16 = 10
  case float64 = 11
  case uint32 = 12
  case uint64 = 13
  case bfloat16 = 16

  /// Bytes of one element.
  public var size: Int {
    switch self {
    case .uint8, .int8, .bool: 1
    case .uint16, .int16, .float16, .bfloat16: 2
    case .float32, .int32, .uint32: 4
    case .int64, .float64, .uint64: 8
    }
  }

  /// Whether values are floating point.
  public var isFloat: Bool {
    switch self {
    case .float32, .float16, .float64, .bfloat16: true
    case .uint8, .int8, .uint16, .int16, .int32, .int64, .bool, .uint32, .uint64: false
    }
  }

  /// Whether values are integers (`bool` is not).
  public var isInteger: Bool { !isFloat && self != .bool }

  /// Whether values may be negative.
  public var isSigned: Bool {
    switch self {
    case .uint8, .uint16, .uint32, .uint64, .bool: false
    case .float32, .int8, .int16, .int32, .int64, .float16, .float64, .bfloat16: true
    }
  }

  /// The name users see: `f32`, `i64`, `bool`.
  public var name: String {
    switch self {
    case .float32: "f32"
    case .uint8: "u8"
    case .int8: "i8"
    case .uint16: "u16"
    case .int16: "i16"
    case .int32: "i32"
    case .int64: "i64"
    case .bool: "bool"
    case .float16: "f16"
    case .float64: "f64"
    case .uint32: "u32"
    case .uint64: "u64"
    case .bfloat16: "bf16"
    }
  }
}

extension ElementType: CustomStringConvertible {
  public var description: String { name }
}
