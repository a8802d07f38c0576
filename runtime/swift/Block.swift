import CDLC
import CDLCPlatform

/// Memory of a program or a session: zeroed, at a multiple of 64, freed with the block.
final class Block {
  let base: UnsafeMutableRawPointer
  /// Bytes.
  let count: Int
  private let isOwned: Bool

  init(bytes: UInt64) throws(Fault) {
    guard bytes <= UInt64(Int.max), let memory = dlc_allocate(Int(bytes), 1) else {
      throw Fault(DLC_ERROR_MEMORY, "out of memory for ").with(Int(clamping: bytes)).with(" bytes")
    }
    base = memory
    count = Int(bytes)
    isOwned = true
  }

  /// Memory of the caller, which outlives the block.
  init(of memory: UnsafeMutableRawPointer, count: Int) {
    base = memory
    self.count = count
    isOwned = false
  }

  deinit { if isOwned { dlc_free(base) } }
}

/// An array of fixed length in a block, without copy-on-write: what the run loop reads. Elements are trivial.
struct Table<Element> {
  let base: UnsafeMutablePointer<Element>
  let count: Int

  /// Bytes that `count` elements take of a block: whole cache lines. Counts come from a plan below 2 GiB, so this stays far
  /// below 2^63.
  static func bytes(_ count: Int) -> UInt64 {
    (UInt64(count) &* UInt64(MemoryLayout<Element>.stride) &+ 63) & ~63
  }

  /// Takes the next `bytes(count)` of a block.
  init(_ count: Int, from next: inout UnsafeMutableRawPointer) {
    base = next.assumingMemoryBound(to: Element.self)
    self.count = count
    next += Int(truncatingIfNeeded: Table.bytes(count))
  }

  subscript(index: Int) -> Element {
    get {
      check(index)
      return base[index]
    }
    nonmutating set {
      check(index)
      base[index] = newValue
    }
  }

  /// Indices are the engine's own and verified; instrumented builds make sure.
  private func check(_ index: Int) {
    #if DLC_CHECKED
      precondition(index >= 0 && index < count)
    #endif
  }
}
