/// How integers stand for real numbers: `real = (q - zeroPoint) * scale`.
///
/// One scale and zero point for the tensor, or one for each index along `axis`.
public struct QuantizationParameters: Sendable, Hashable {
  /// The type of the stored integers.
  public var element: ElementType
  /// Positive and finite.
  public var scales: [Float]
  /// As many as scales.
  public var zeroPoints: [Int32]
  /// The axis along which scales differ; nil: one for the tensor.
  public var axis: Int?

  /// One scale and zero point for the whole tensor.
  public init(_ element: ElementType, scale: Float, zeroPoint: Int32) {
    self.element = element
    scales = [scale]
    zeroPoints = [zeroPoint]
    axis = nil
  }

  /// A scale and zero point for each index along `axis`.
  public init(_ element: ElementType, scales: [Float], zeroPoints: [Int32], axis: Int) {
    self.element = element
    self.scales = scales
    self.zeroPoints = zeroPoints
    self.axis = axis
  }

  /// The 8-bit parameters whose range holds `low...high` and zero: u8, asymmetric.
  public init(low: Double, high: Double) {
    let (low, high) = (Swift.min(low, 0), Swift.max(high, 0))
    let scale = Float((high - low) / 255)
    let sound = scale.isFinite && scale >= Float.leastNormalMagnitude
    self.init(
      .uint8, scale: sound ? scale : 1,
      zeroPoint: sound ? Int32(Swift.min(Swift.max((-low / Double(scale)).rounded(.toNearestOrEven), 0), 255)) : 0)
  }

  /// The single scale; the parameters are per tensor.
  public var scale: Float { scales[0] }
  /// The single zero point; the parameters are per tensor.
  public var zeroPoint: Int32 { zeroPoints[0] }
  /// Whether one scale serves the whole tensor.
  public var isPerTensor: Bool { axis == nil }

  /// The smallest and largest stored integer.
  public var range: ClosedRange<Int32> {
    switch element {
    case .uint8: 0...255
    case .int8: -128...127
    case .uint16: 0...65535
    case .int16: -32768...32767
    case .int32, .int64, .bool, .float16, .float32, .float64, .bfloat16, .uint32, .uint64: Int32.min...Int32.max
    }
  }

  /// The real numbers that index `index` of the axis can stand for.
  public func realRange(_ index: Int = 0) -> ClosedRange<Double> {
    let (scale, zero) = (Double(scales[index]), Double(zeroPoints[index]))
    return (Double(range.lowerBound) - zero) * scale...(Double(range.upperBound) - zero) * scale
  }

  /// The integer for `real`: `clamp(round-half-even(real / scale) + zeroPoint)`, the quotient in f32. NaN gives the zero point.
  public func quantize(_ real: Float, at index: Int = 0) -> Int32 {
    let quotient = (real / scales[index]).rounded(.toNearestOrEven)
    let (low, high) = (Double(range.lowerBound), Double(range.upperBound))
    return quotient.isNaN
      ? zeroPoints[index] : Int32(Swift.min(Swift.max(Double(quotient) + Double(zeroPoints[index]), low), high))
  }

  /// The real number for `q`, in f32.
  public func dequantize(_ q: Int32, at index: Int = 0) -> Float {
    Float(Int64(q) - Int64(zeroPoints[index])) * scales[index]
  }
}

extension QuantizationParameters: CustomStringConvertible {
  /// `u8 scale=0.5 zero=128`, or `i8 axis=0 of 64`.
  public var description: String {
    if let axis { return "\(element) axis=\(axis) of \(scales.count)" }
    return "\(element) scale=\(scale) zero=\(zeroPoint)"
  }
}
