import Foundation

/// The bytes of a file, mapped read-only for as long as this object lives.
///
/// A file that another process shortens while it is mapped ends this one with SIGBUS, as with every mapped reader.
package final class MappedFile: @unchecked Sendable {
  /// The file as the caller named it.
  package let path: String
  /// All bytes; never empty.
  package let bytes: UnsafeRawBufferPointer
  private let isMapped: Bool

  /// Maps the regular file at `path`; an empty one is refused.
  package init(path: String) throws(OnnxError) {
    // Without O_NONBLOCK, opening a pipe waits for a writer.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      throw errno == ENOENT || errno == ENOTDIR ? .missingFile(path) : Self.unreadable(path)
    }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw Self.unreadable(path) }
    guard status.st_mode & S_IFMT == S_IFREG else {
      let kind = status.st_mode & S_IFMT == S_IFDIR ? "it is a folder" : "it is not a regular file"
      throw .unreadableFile(path, reason: kind)
    }
    let count = Int(status.st_size)
    guard count > 0 else { throw .invalid(OnnxPlace(file: path), expected: "ONNX data", found: "an empty file") }
    guard let base = mmap(nil, count, PROT_READ, MAP_PRIVATE, descriptor, 0), base != MAP_FAILED else {
      throw Self.unreadable(path)
    }
    self.path = path
    bytes = UnsafeRawBufferPointer(start: base, count: count)
    isMapped = true
  }

  /// Holds a copy of `contents`, which messages call `name`.
  package init(copying contents: [UInt8], name: String) throws(OnnxError) {
    guard !contents.isEmpty else {
      throw .invalid(OnnxPlace(file: name), expected: "ONNX data", found: "no bytes")
    }
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: contents.count, alignment: 64)
    memory.copyBytes(from: contents)
    path = name
    bytes = UnsafeRawBufferPointer(memory)
    isMapped = false
  }

  deinit {
    guard let base = UnsafeMutableRawPointer(mutating: bytes.baseAddress) else { return }
    if isMapped { munmap(base, bytes.count) } else { base.deallocate() }
  }

  /// The bytes from `offset` on; nil when they pass the end.
  package func window(offset: Int, length: Int) -> UnsafeRawBufferPointer? {
    guard offset >= 0, length >= 0, offset <= bytes.count, length <= bytes.count - offset else { return nil }
    return UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + length])
  }

  /// Gives the memory of pages that were read back to the system; reading them again reads the file.
  package func releasePages() {
    guard isMapped, let base = UnsafeMutableRawPointer(mutating: bytes.baseAddress) else { return }
    madvise(base, bytes.count, Int32(MADV_DONTNEED))
  }

  private static func unreadable(_ path: String) -> OnnxError {
    .unreadableFile(path, reason: String(cString: strerror(errno)))
  }
}
