import CDLC
import CDLCPlatform

extension dlc_memory {
  /// The caller's functions, or `fallback` when there are none.
  static func of(_ allocator: UnsafePointer<dlc_allocator>?, else fallback: dlc_memory) throws(Fault) -> dlc_memory {
    guard let allocator = allocator?.pointee else { return fallback }
    guard allocator.allocate != nil, allocator.release != nil else {
      throw Fault(DLC_ERROR_ARGUMENT, "an allocator lacks its allocate or its release function")
    }
    return dlc_memory(allocate: allocator.allocate, release: allocator.release, context: allocator.context)
  }
}

/// Runs `body` with what it allocates, the engine's objects included, coming from `memory`.
func allocating<Made>(from memory: dlc_memory, _ body: () throws(Fault) -> Made) throws(Fault) -> Made {
  let before = dlc_memory_use(memory)
  defer { _ = dlc_memory_use(before) }
  guard dlc_heap_begin() else { throw Fault(DLC_ERROR_MEMORY, "out of memory for the engine's objects") }
  defer { dlc_heap_end() }
  return try body()
}

@c @implementation
public func dlc_region_begin(
  _ region: UnsafeMutablePointer<dlc_region>?, _ memory: UnsafeMutableRawPointer?, _ bytes: Int
) {
  guard let region else { return }
  region.pointee.memory = memory?.assumingMemoryBound(to: UInt8.self)
  region.pointee.bytes = memory == nil ? 0 : bytes
  region.pointee.used = 0
  region.pointee.allocator.context = UnsafeMutableRawPointer(region)
  region.pointee.allocator.allocate = { context, bytes, alignment in
    guard let region = context?.assumingMemoryBound(to: dlc_region.self), let memory = region.pointee.memory else {
      return nil
    }
    let used = region.pointee.used
    let next = UInt(bitPattern: memory) &+ UInt(bitPattern: used)
    let gap = Int(
      bitPattern: (UInt(bitPattern: alignment) &- next % UInt(bitPattern: alignment)) % UInt(bitPattern: alignment))
    let left = region.pointee.bytes - used
    guard gap <= left, bytes <= left - gap else { return nil }
    region.pointee.used = used + gap + bytes
    return UnsafeMutableRawPointer(memory + used + gap)
  }
  region.pointee.allocator.release = { _, _, _ in }
}
