import CDLCKernels
import DLCGraph
import DLCTensor

/// What both scatters share: what an update does to its place.
extension ScatterReduction {
  /// The reduction's number in kernel parameters.
  var code: Int32 {
    let code =
      switch self {
      case .replace: DLC_SCATTER_NONE
      case .add: DLC_SCATTER_ADD
      case .multiply: DLC_SCATTER_MUL
      case .maximum: DLC_SCATTER_MAX
      case .minimum: DLC_SCATTER_MIN
      }
    return Int32(code.rawValue)
  }

  /// Throws when the elements of `data` have no such reduction.
  func require(_ data: TensorType) throws(OperatorError) {
    if self != .replace { try OperatorError.require(data, "data to \(rawValue)", in: ElementType.numbers) }
  }

  /// Why the kernels cannot reduce elements of this type, or nil.
  func limit(_ element: ElementType) -> String? {
    switch element {
    case .float32, .float64, .float16, .bfloat16, .int32, .int64, .uint8, .int8: nil
    case .uint16, .int16, .uint32, .uint64, .bool:
      self == .replace ? nil : "the scatter kernels reduce no elements of \(element)"
    }
  }

  /// Choosing among values keeps their scale; arithmetic on them does not.
  var quantization: QuantizationRule {
    switch self {
    case .replace, .maximum, .minimum: .sharedScale(inputs: [0, 2])
    case .add, .multiply: .float("scattering with \(rawValue) leaves the range of its inputs")
    }
  }

  /// `data` after the updates, in order: one slice of equal length for each place (in elements of `data`).
  func scatter(_ updates: Tensor, onto data: Tensor, at places: [Int]) -> Tensor {
    let size = data.element.size
    let length = places.isEmpty ? 0 : updates.count / places.count
    return Tensor(data.type) { target in
      data.withBytes { target.copyMemory(from: $0) }
      updates.withBytes { source in
        guard length > 0, let to = target.baseAddress, let from = source.baseAddress else { return }
        for (k, place) in places.enumerated() {
          combine(to + place * size, from + k * length * size, count: length, element: data.element)
        }
      }
    }
  }

  private func combine(
    _ target: UnsafeMutableRawPointer, _ updates: UnsafeRawPointer, count: Int, element: ElementType
  ) {
    if self == .replace {
      target.copyMemory(from: updates, byteCount: count * element.size)
      return
    }
    switch element {
    case .float32: fold(target, updates, count) { (a: Float, b) in floating(a, b) }
    case .float64: fold(target, updates, count) { (a: Double, b) in floating(a, b) }
    case .float16: fold(target, updates, count) { (a: Float16Bits, b) in Float16Bits(floating(a.value, b.value)) }
    case .bfloat16: fold(target, updates, count) { (a: BFloat16, b) in BFloat16(floating(a.value, b.value)) }
    case .int8: fold(target, updates, count) { (a: Int8, b) in integral(a, b) }
    case .int16: fold(target, updates, count) { (a: Int16, b) in integral(a, b) }
    case .int32: fold(target, updates, count) { (a: Int32, b) in integral(a, b) }
    case .int64: fold(target, updates, count) { (a: Int64, b) in integral(a, b) }
    case .uint8: fold(target, updates, count) { (a: UInt8, b) in integral(a, b) }
    case .uint16: fold(target, updates, count) { (a: UInt16, b) in integral(a, b) }
    case .uint32: fold(target, updates, count) { (a: UInt32, b) in integral(a, b) }
    case .uint64: fold(target, updates, count) { (a: UInt64, b) in integral(a, b) }
    case .bool: preconditionFailure("\(rawValue) of bool was refused by inference")
    }
  }

  private func fold<T: TensorElement>(
    _ target: UnsafeMutableRawPointer, _ updates: UnsafeRawPointer, _ count: Int, _ body: (T, T) -> T
  ) {
    for k in 0..<count {
      let offset = k * MemoryLayout<T>.size
      let value = body(
        target.load(fromByteOffset: offset, as: T.self), updates.loadUnaligned(fromByteOffset: offset, as: T.self))
      target.storeBytes(of: value, toByteOffset: offset, as: T.self)
    }
  }

  /// NaN wins over numbers.
  private func floating<T: BinaryFloatingPoint>(_ a: T, _ b: T) -> T {
    switch self {
    case .replace: b
    case .add: a + b
    case .multiply: a * b
    case .maximum: a >= b || a.isNaN ? a : b
    case .minimum: a <= b || a.isNaN ? a : b
    }
  }

  /// Sums and products keep the low bits.
  private func integral<T: FixedWidthInteger>(_ a: T, _ b: T) -> T {
    switch self {
    case .replace: b
    case .add: a &+ b
    case .multiply: a &* b
    case .maximum: max(a, b)
    case .minimum: min(a, b)
    }
  }
}
