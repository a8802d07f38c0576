import CDLCPlanBuilder
import DLCTensor

/// The constants of a plan, equal bytes once, each at a multiple of 64 bytes, or of 16 when it has 32 at most.
struct WeightsTable {
  private(set) var entries: [(tensor: Tensor, offset: Int)] = []
  /// Bytes so far, a multiple of 64.
  private(set) var byteCount = 0
  /// Where small constants go, 64 bytes, and how many of them are taken.
  private var line = (start: 0, used: 64)
  private var byHash: [UInt64: [Int]] = [:]
  private var byStorage: [ObjectIdentifier: Int] = [:]

  /// A plan always has weights: FlatBuffers does not align an empty vector, and readers find the file's end by it.
  mutating func fillIfEmpty() {
    if byteCount == 0 { _ = add(Tensor([UInt8](repeating: 0, count: 64), shape: [64])) }
  }

  /// The offset in bytes at which the tensor's bytes lie. The first of equal ones is kept.
  mutating func add(_ tensor: Tensor) -> Int {
    if let known = byStorage[ObjectIdentifier(tensor.storage)] { return entries[known].offset }
    let bytes = tensor.storage.bytes
    let hash = Self.hash(bytes)
    for candidate in byHash[hash] ?? [] where Self.equal(entries[candidate].tensor.storage.bytes, bytes) {
      return entries[candidate].offset
    }
    let offset = place(bytes.count)
    byHash[hash, default: []].append(entries.count)
    byStorage[ObjectIdentifier(tensor.storage)] = entries.count
    entries.append((tensor, offset))
    return offset
  }

  /// Room for `count` bytes.
  private mutating func place(_ count: Int) -> Int {
    let (start, next) = (byteCount, (line.used + 15) / 16 * 16)
    if count > 0, count <= 32 {
      if next + count <= 64 {
        line.used = next + count
        return line.start + next
      }
      line = (start, count)
    }
    byteCount += (count + 63) / 64 * 64
    return start
  }

  /// Gives the bytes in order, padding included, in pieces.
  func write<E: Error>(to sink: (UnsafeRawBufferPointer) throws(E) -> Void) throws(E) {
    let padding = Tensor([UInt8](repeating: 0, count: 64), shape: [64])
    var written = 0
    func pad(to offset: Int) throws(E) {
      try padding.withBytes { (zeros: UnsafeRawBufferPointer) throws(E) in
        try sink(UnsafeRawBufferPointer(rebasing: zeros.prefix(offset - written)))
      }
      written = offset
    }
    // Empty constants share their offset with what follows.
    for entry in entries.filter({ $0.tensor.storage.bytes.count > 0 }).sorted(by: { $0.offset < $1.offset }) {
      try pad(to: entry.offset)
      try sink(entry.tensor.storage.bytes)
      written += entry.tensor.storage.bytes.count
    }
    try pad(to: byteCount)
  }

  /// Four lanes of multiply and rotate over 8-byte words: only spreads equal sizes apart, equality is decided on the bytes.
  private static func hash(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
    var lanes: (UInt64, UInt64, UInt64, UInt64) = (1, 2, 3, UInt64(bytes.count))
    func mix(_ lane: UInt64, _ word: UInt64) -> UInt64 {
      let product = (lane ^ word) &* 0x9E37_79B9_7F4A_7C15
      return product << 29 | product >> 35
    }
    var k = 0
    while k + 32 <= bytes.count {
      lanes.0 = mix(lanes.0, bytes.loadUnaligned(fromByteOffset: k, as: UInt64.self))
      lanes.1 = mix(lanes.1, bytes.loadUnaligned(fromByteOffset: k + 8, as: UInt64.self))
      lanes.2 = mix(lanes.2, bytes.loadUnaligned(fromByteOffset: k + 16, as: UInt64.self))
      lanes.3 = mix(lanes.3, bytes.loadUnaligned(fromByteOffset: k + 24, as: UInt64.self))
      k += 32
    }
    while k < bytes.count {
      lanes.0 = mix(lanes.0, UInt64(bytes[k]))
      k += 1
    }
    return mix(mix(lanes.0, lanes.1), mix(lanes.2, lanes.3))
  }

  private static func equal(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) -> Bool {
    guard a.count == b.count else { return false }
    guard a.count > 0, let first = a.baseAddress, let second = b.baseAddress else { return true }
    return dlc_plan_bytes_equal(first, second, a.count) != 0
  }
}
