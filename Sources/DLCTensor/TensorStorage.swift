/// Bytes that several tensors may share: immutable from the moment a tensor holds them.
///
/// The bytes are either allocated here (64-byte aligned) or belong to `owner`, which is kept alive: a mapped file.
package final class TensorStorage: @unchecked Sendable {
  package let bytes: UnsafeRawBufferPointer
  private let owner: AnyObject?

  /// Allocates `byteCount` bytes and lets `initialize` write all of them.
  package init<E: Error>(
    byteCount: Int, initialize: (UnsafeMutableRawBufferPointer) throws(E) -> Void
  ) throws(E) {
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: max(byteCount, 1), alignment: 64)
    let window = UnsafeMutableRawBufferPointer(rebasing: memory[0..<byteCount])
    do {
      try initialize(window)
    } catch {
      memory.deallocate()
      throw error
    }
    bytes = UnsafeRawBufferPointer(window)
    owner = nil
  }

  /// Refers to bytes that live as long as `owner`; they may lie at any alignment.
  package init(bytes: UnsafeRawBufferPointer, owner: AnyObject) {
    self.bytes = bytes
    self.owner = owner
  }

  deinit {
    if owner == nil, let base = bytes.baseAddress {
      UnsafeMutableRawPointer(mutating: base).deallocate()
    }
  }
}
