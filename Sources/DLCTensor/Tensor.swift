/// A dense, row-major, little-endian array of elements: weights, constants, inputs and answers.
///
/// Immutable; copies share storage. The bytes may lie unaligned in a mapped file: `elements(as:)` and
/// `withElements` take care of that.
public struct Tensor: Sendable {
  public let type: TensorType
  package let storage: TensorStorage

  public var element: ElementType { type.element }
  public var shape: Shape { type.shape }
  /// Number of elements.
  public var count: Int { type.shape.count }

  /// A tensor whose `type.byteCount` bytes `initialize` writes, every one of them.
  public init<E: Error>(
    _ type: TensorType, initialize: (UnsafeMutableRawBufferPointer) throws(E) -> Void
  ) throws(E) {
    self.type = type
    storage = try TensorStorage(byteCount: type.byteCount, initialize: initialize)
  }

  /// A tensor over storage of exactly `type.byteCount` bytes.
  package init(_ type: TensorType, storage: TensorStorage) {
    precondition(storage.bytes.count == type.byteCount, "storage of another size than \(type)")
    self.type = type
    self.storage = storage
  }

  /// A tensor of `elements`; their count must be the shape's.
  public init<T: TensorElement>(_ elements: [T], shape: Shape) {
    precondition(elements.count == shape.count, "\(elements.count) elements for shape \(shape)")
    self.init(TensorType(T.elementType, shape)) { bytes in
      elements.withUnsafeBytes { bytes.copyMemory(from: $0) }
    }
  }

  /// A scalar.
  public init<T: TensorElement>(_ scalar: T) { self.init([scalar], shape: .scalar) }

  /// The same bytes under another shape of equal count.
  public func reshaped(to shape: Shape) -> Tensor {
    precondition(shape.count == count, "cannot reshape \(type) to \(shape)")
    return Tensor(TensorType(element, shape), storage: storage)
  }

  /// Reads the raw bytes; they may lie at any alignment.
  public func withBytes<R, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R {
    try body(storage.bytes)
  }

  /// All elements; `T` must be the tensor's element type.
  public func elements<T: TensorElement>(as _: T.Type = T.self) -> [T] {
    precondition(T.elementType == element, "\(element) elements read as \(T.elementType)")
    return [T](unsafeUninitializedCapacity: count) { buffer, initialized in
      UnsafeMutableRawBufferPointer(buffer).copyMemory(from: storage.bytes)
      initialized = count
    }
  }

  /// Reads the elements in place when aligned, through a copy when not.
  public func withElements<T: TensorElement, R, E: Error>(
    as _: T.Type, _ body: (UnsafeBufferPointer<T>) throws(E) -> R
  ) throws(E) -> R {
    precondition(T.elementType == element, "\(element) elements read as \(T.elementType)")
    let bytes = storage.bytes
    guard let base = bytes.baseAddress, count > 0 else { return try body(UnsafeBufferPointer(start: nil, count: 0)) }
    if Int(bitPattern: base) % MemoryLayout<T>.alignment == 0 {
      return try body(UnsafeBufferPointer(start: base.assumingMemoryBound(to: T.self), count: count))
    }
    let copy = elements(as: T.self)
    return try copy.span.withUnsafeBufferPointer(body)
  }

  /// Elements of any type as doubles (bool: 0 or 1). 64-bit integers beyond 2^53 round.
  public func doubles() -> [Double] {
    switch element {
    case .float32: elements(as: Float.self).map(Double.init)
    case .float64: elements(as: Double.self)
    case .float16: elements(as: Float16Bits.self).map { Double($0.value) }
    case .bfloat16: elements(as: BFloat16.self).map { Double($0.value) }
    case .int8: elements(as: Int8.self).map(Double.init)
    case .int16: elements(as: Int16.self).map(Double.init)
    case .int32: elements(as: Int32.self).map(Double.init)
    case .int64: elements(as: Int64.self).map(Double.init)
    case .uint8: elements(as: UInt8.self).map(Double.init)
    case .uint16: elements(as: UInt16.self).map(Double.init)
    case .uint32: elements(as: UInt32.self).map(Double.init)
    case .uint64: elements(as: UInt64.self).map { Double($0) }
    case .bool: elements(as: Bool.self).map { $0 ? 1 : 0 }
    }
  }

  /// Elements of an integer or bool tensor as `Int`; nil for floats and for values that do not fit.
  public func integers() -> [Int]? {
    switch element {
    case .int8: elements(as: Int8.self).map(Int.init)
    case .int16: elements(as: Int16.self).map(Int.init)
    case .int32: elements(as: Int32.self).map(Int.init)
    case .int64: elements(as: Int64.self).map(Int.init)
    case .uint8: elements(as: UInt8.self).map(Int.init)
    case .uint16: elements(as: UInt16.self).map(Int.init)
    case .uint32: elements(as: UInt32.self).map(Int.init)
    case .uint64:
      elements(as: UInt64.self).allSatisfy { $0 <= UInt64(Int.max) }
        ? elements(as: UInt64.self).map(Int.init) : nil
    case .bool: elements(as: Bool.self).map { $0 ? 1 : 0 }
    case .float32, .float64, .float16, .bfloat16: nil
    }
  }
}

extension Tensor: Equatable {
  /// Same type and same bytes (so NaN equals itself, and 0 differs from -0).
  public static func == (a: Tensor, b: Tensor) -> Bool {
    guard a.type == b.type else { return false }
    if a.storage === b.storage { return true }
    return a.storage.bytes.elementsEqual(b.storage.bytes)
  }
}

extension Tensor: Hashable {
  public func hash(into hasher: inout Hasher) {
    hasher.combine(type)
    hasher.combine(bytes: UnsafeRawBufferPointer(rebasing: storage.bytes.prefix(4096)))
  }
}
