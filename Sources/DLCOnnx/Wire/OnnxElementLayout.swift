import DLCTensor

/// How ONNX stores the elements of a type, and which of our types they become.
struct OnnxElementLayout {
  /// The type that the elements have with us.
  let element: ElementType
  /// Bits of a stored element; below 8 several share a byte, the first in its low bits.
  let bits: Int
  /// The typed field that may hold them.
  let field: OnnxPayloadRun.Field

  /// The layout of an ONNX element type; nil for one without an equal of ours.
  init?(code: Int) {
    let packed: (ElementType, Int)? =
      switch code {
      case 21: (.uint8, 4)
      case 22: (.int8, 4)
      case 25: (.uint8, 2)
      case 26: (.int8, 2)
      default: nil
      }
    if let packed {
      (element, bits) = packed
      field = .int32Data
      return
    }
    guard let code = UInt8(exactly: code), let element = ElementType(rawValue: code) else { return nil }
    self.element = element
    bits = element.size * 8
    field =
      switch element {
      case .float32: .floatData
      case .float64: .doubleData
      case .int64: .int64Data
      case .uint32, .uint64: .uint64Data
      case .uint8, .int8, .uint16, .int16, .int32, .bool, .float16, .bfloat16: .int32Data
      }
  }

  /// The name of any ONNX element type in the specification; nil for a number that names none.
  static func name(ofCode code: Int) -> String? {
    let names = [
      "UNDEFINED", "FLOAT", "UINT8", "INT8", "UINT16", "INT16", "INT32", "INT64", "STRING", "BOOL", "FLOAT16",
      "DOUBLE", "UINT32", "UINT64", "COMPLEX64", "COMPLEX128", "BFLOAT16", "FLOAT8E4M3FN", "FLOAT8E4M3FNUZ",
      "FLOAT8E5M2", "FLOAT8E5M2FNUZ", "UINT4", "INT4", "FLOAT4E2M1", "FLOAT8E8M0", "UINT2", "INT2", "FLOAT6E2M3",
      "FLOAT6E3M2",
    ]
    return code > 0 && code < names.count ? names[code] : nil
  }

  /// Bytes of `count` elements as stored; `count` is at most 2^47.
  func byteCount(of count: Int) -> Int { (count * bits + 7) / 8 }

  /// A tensor of stored bytes: in place, unless the elements must be unpacked or made proper truth values.
  func tensor(_ type: TensorType, _ bytes: UnsafeRawBufferPointer, owner: MappedFile) -> Tensor {
    if bits < 8 { return unpacked(type, bytes) }
    if element == .bool, !bytes.allSatisfy({ $0 < 2 }) {
      return Tensor(bytes.map { $0 != 0 }, shape: type.shape)
    }
    return Tensor(type, storage: TensorStorage(bytes: bytes, owner: owner))
  }

  /// Elements of 2 or 4 bits, one to a byte.
  func unpacked(_ type: TensorType, _ bytes: UnsafeRawBufferPointer) -> Tensor {
    let perByte = 8 / bits
    return Tensor(type) { memory in
      for index in 0..<memory.count {
        // Moved to the top of the byte, so that the shift back extends the sign where there is one.
        let high = bytes[index / perByte] << UInt8(8 - bits - index % perByte * bits)
        memory[index] =
          element.isSigned
          ? UInt8(bitPattern: Int8(bitPattern: high) >> Int8(8 - bits)) : high >> UInt8(8 - bits)
      }
    }
  }

  /// The low bytes that an element of a typed field has as `element`; nil when its value does not fit.
  func bits(of word: UInt64) -> UInt64? {
    let value = Int64(bitPattern: word)
    return switch element {
    case .float32, .float64, .int64, .uint64: word
    // Negative int32 are ten bytes long; some writers leave the upper half of them out.
    case .int32: Int32(exactly: value) != nil || word <= UInt32.max ? word : nil
    case .int8: Int8(exactly: value) != nil ? word : nil
    case .int16: Int16(exactly: value) != nil ? word : nil
    case .uint8: UInt8(exactly: value) != nil ? word : nil
    case .uint16, .float16, .bfloat16: UInt16(exactly: value) != nil ? word : nil
    case .uint32: UInt32(exactly: value) != nil ? word : nil
    case .bool: value != 0 ? 1 : 0
    }
  }
}
