import CDLC
import CDLCPlatform

/// An array of fixed length without copy-on-write: what the run loop reads. Freed with its owner.
final class Block<Element> {
  let base: UnsafeMutablePointer<Element>
  let count: Int
  private let isOwned: Bool

  /// `count` elements of zero bytes, at a multiple of 64. `Element` is trivial.
  init(count: Int) throws(Fault) {
    guard let memory = dlc_allocate(max(count, 1), MemoryLayout<Element>.stride) else {
      throw Fault(DLC_ERROR_MEMORY, "out of memory for ").with(count).with(" elements")
    }
    base = memory.bindMemory(to: Element.self, capacity: max(count, 1))
    self.count = count
    isOwned = true
  }

  /// Memory of the caller, which outlives the block.
  init(of memory: UnsafeMutablePointer<Element>, count: Int) {
    base = memory
    self.count = count
    isOwned = false
  }

  deinit { if isOwned { dlc_free(base) } }

  subscript(index: Int) -> Element {
    get { base[index] }
    set { base[index] = newValue }
  }
}
