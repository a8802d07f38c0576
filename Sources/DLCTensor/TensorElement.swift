/// A Swift type that stands for one element type, with the same bytes.
public protocol TensorElement: Sendable, BitwiseCopyable {
  static var elementType: ElementType { get }
}

extension Float: TensorElement { public static let elementType = ElementType.float32 }
extension Double: TensorElement { public static let elementType = ElementType.float64 }
extension Int8: TensorElement { public static let elementType = ElementType.int8 }
extension Int16: TensorElement { public static let elementType = ElementType.int16 }
extension Int32: TensorElement { public static let elementType = ElementType.int32 }
extension Int64: TensorElement { public static let elementType = ElementType.int64 }
extension UInt8: TensorElement { public static let elementType = ElementType.uint8 }
extension UInt16: TensorElement { public static let elementType = ElementType.uint16 }
extension UInt32: TensorElement { public static let elementType = ElementType.uint32 }
extension UInt64: TensorElement { public static let elementType = ElementType.uint64 }
extension Bool: TensorElement { public static let elementType = ElementType.bool }

/// IEEE 754 half precision by its bits; a type of our own because `Float16` is missing on some targets of Swift.
public struct Float16Bits: TensorElement, Hashable {
  public static let elementType = ElementType.float16
  public var bits: UInt16

  public init(bits: UInt16) { self.bits = bits }

  /// Rounds to nearest, ties to even; overflow gives infinity.
  public init(_ value: Float) {
    let word = value.bitPattern
    let sign = UInt16((word >> 16) & 0x8000)
    let magnitude = word & 0x7fff_ffff
    if magnitude >= 0x7f80_0000 {  // infinity, NaN
      bits = sign | 0x7c00 | (magnitude > 0x7f80_0000 ? 0x0200 | UInt16((magnitude >> 13) & 0x1ff) : 0)
    } else if magnitude >= 0x477f_f000 {  // rounds beyond 65504
      bits = sign | 0x7c00
    } else if magnitude < 0x3880_0000 {  // subnormal half or zero: units of 2^-24
      bits = sign | UInt16((Float(bitPattern: magnitude) * 16_777_216).rounded(.toNearestOrEven))
    } else {
      let rounded = magnitude + 0xfff + ((magnitude >> 13) & 1)
      bits = sign | UInt16((rounded - 0x3800_0000) >> 13)
    }
  }

  /// The exact value.
  public var value: Float {
    let sign = UInt32(bits & 0x8000) << 16
    let exponent = UInt32(bits >> 10) & 0x1f
    let fraction = UInt32(bits & 0x3ff)
    if exponent == 0x1f { return Float(bitPattern: sign | 0x7f80_0000 | fraction << 13) }
    if exponent == 0 {
      let magnitude = Float(fraction) / 16_777_216
      return sign == 0 ? magnitude : -magnitude
    }
    return Float(bitPattern: sign | (exponent + 112) << 23 | fraction << 13)
  }
}

/// bfloat16: the upper half of a `Float`.
public struct BFloat16: TensorElement, Hashable {
  public static let elementType = ElementType.bfloat16
  public var bits: UInt16

  public init(bits: UInt16) { self.bits = bits }

  /// Rounds to nearest, ties to even.
  public init(_ value: Float) {
    let word = value.bitPattern
    if value.isNaN {
      bits = UInt16(word >> 16) | 0x40
    } else {
      bits = UInt16((word + 0x7fff + ((word >> 16) & 1)) >> 16)
    }
  }

  /// The exact value.
  public var value: Float { Float(bitPattern: UInt32(bits) << 16) }
}
