import COnnxProto

/// Walks the elements of a payload run that the pre-scan has checked.
struct WireCursor {
  let bytes: UnsafeRawBufferPointer
  let isTagged: Bool
  let field: OnnxPayloadRun.Field
  private var at: UInt64 = 0

  init(bytes: UnsafeRawBufferPointer, isTagged: Bool, field: OnnxPayloadRun.Field) {
    self.bytes = bytes
    self.isTagged = isTagged
    self.field = field
  }

  /// The next element's bits (floats in the low half); nil at the end.
  mutating func next() -> UInt64? {
    guard at < UInt64(bytes.count) else { return nil }
    let base = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
    var word: UInt64 = 0
    if field.isVarint {
      return dlc_wire_next_varint(base, UInt64(bytes.count), isTagged, &at, &word) ? word : nil
    }
    if isTagged { guard dlc_wire_next_varint(base, UInt64(bytes.count), false, &at, &word) else { return nil } }
    let size = field == .floatData ? 4 : 8
    guard bytes.count - Int(at) >= size else { return nil }
    defer { at += UInt64(size) }
    return size == 4
      ? UInt64(UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: Int(at), as: UInt32.self)))
      : UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: Int(at), as: UInt64.self))
  }
}

extension OnnxPayloadRun.Field {
  /// Whether elements are varints rather than of fixed size.
  var isVarint: Bool {
    switch self {
    case .int32Data, .int64Data, .uint64Data: true
    case .floatData, .doubleData, .rawData: false
    }
  }
}
