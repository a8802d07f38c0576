import CZlib
import Foundation

/// The bytes of a file or of a packed stream, read piece by piece from any place; used from one thread at a time.
///
/// A packed stream is inflated as far as it is read: going forwards costs what is passed over, going backwards starts again.
final class ByteWindow {
  private let data: Data
  private let path: String
  private let packed: Packed?
  private var stream: InflateStream?

  private struct Packed {
    /// zlib's window bits, which tell raw deflate (-15) from gzip (31).
    var windowBits: Int32
    /// Unpacked bytes; nil when only the end tells.
    var count: Int?
    /// CRC-32 of the unpacked bytes, where the container states it outside the stream.
    var checksum: UInt32?
  }

  /// Plain bytes.
  init(_ data: Data, path: String) {
    self.data = data
    self.path = path
    packed = nil
  }

  /// A raw deflate stream of `count` bytes unpacked.
  init(deflated data: Data, count: Int, checksum: UInt32, path: String) {
    self.data = data
    self.path = path
    packed = Packed(windowBits: -15, count: count, checksum: checksum)
  }

  /// A gzip file.
  init(gzipped data: Data, path: String) {
    self.data = data
    self.path = path
    packed = Packed(windowBits: 31, count: nil, checksum: nil)
  }

  /// Whether reading backwards costs a new start.
  var isPacked: Bool { packed != nil }

  /// Bytes in all, where that is known without reading.
  var count: Int? { packed == nil ? data.count : packed?.count }

  /// Exactly `count` bytes from `offset` on. Throws `malformed` when there are fewer or the stream is broken.
  func read(_ offset: Int, _ count: Int) throws(DataError) -> Data {
    let bytes = try read(offset, upTo: count)
    guard bytes.count == count else {
      throw .malformed(
        path: path, reason: "ends too early: it holds \(offset + bytes.count) bytes, \(offset + count) were expected")
    }
    return bytes
  }

  /// The bytes from `offset` on, at most `count`.
  func read(_ offset: Int, upTo count: Int) throws(DataError) -> Data {
    guard let packed else {
      guard offset <= data.count else { return Data() }
      return data.dropFirst(offset).prefix(count)
    }
    if stream == nil || stream.map({ $0.position > offset }) == true {
      guard let started = InflateStream(data, windowBits: packed.windowBits) else {
        throw .malformed(path: path, reason: "cannot be unpacked: there is not enough memory")
      }
      stream = started
    }
    guard let stream else { return Data() }
    while stream.position < offset {
      let passed = try stream.read(min(1 << 16, offset - stream.position), path)
      if passed.isEmpty { return Data() }
    }
    let bytes = try stream.read(count, path)
    if let expected = packed.count, stream.position > expected {
      throw .malformed(
        path: path, reason: "is damaged: it unpacks to more than the \(expected) bytes that its archive states")
    }
    if let checksum = packed.checksum, stream.position == packed.count, stream.checksum != checksum {
      throw .malformed(path: path, reason: "is damaged: its checksum is not the one its archive states")
    }
    return bytes
  }

  /// All bytes in a nameless temporary file, for reading in any order.
  func spooled() throws(DataError) -> ByteWindow {
    guard isPacked else { return self }
    var name = Array((NSTemporaryDirectory() + "/dlc-data-XXXXXX").utf8CString)
    let descriptor = mkstemp(&name)
    guard descriptor >= 0 else {
      throw .unwritable(path: NSTemporaryDirectory(), reason: String(cString: strerror(errno)).lowercased())
    }
    unlink(name)
    let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    var position = 0
    while true {
      let piece = try read(position, upTo: 1 << 20)
      if piece.isEmpty { break }
      do { try file.write(contentsOf: piece) } catch {
        throw .unwritable(path: NSTemporaryDirectory(), reason: "no space for \(position + piece.count) bytes")
      }
      position += piece.count
    }
    guard position > 0, let memory = mmap(nil, position, PROT_READ, MAP_PRIVATE, descriptor, 0), memory != MAP_FAILED
    else { return ByteWindow(Data(), path: path) }
    return ByteWindow(Data(bytesNoCopy: memory, count: position, deallocator: .unmap), path: path)
  }
}

/// zlib's inflate over bytes in memory.
private final class InflateStream {
  private var stream = z_stream()
  private let input: Data
  private var consumed = 0
  private var ended = false
  /// Bytes given so far.
  private(set) var position = 0
  /// CRC-32 of the bytes given so far.
  private(set) var checksum: UInt32 = 0

  init?(_ input: Data, windowBits: Int32) {
    self.input = input
    guard inflateInit2_(&stream, windowBits, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
      return nil
    }
  }

  deinit { inflateEnd(&stream) }

  /// The next bytes, at most `count`; fewer at the end.
  func read(_ count: Int, _ path: String) throws(DataError) -> Data {
    guard count > 0, !ended else { return Data() }
    // Memory grows with what is really there, whatever is asked for.
    var output = Data(count: min(count, 1 << 20))
    var filled = 0
    while filled < count, !ended {
      if filled == output.count { output.append(Data(count: min(count - filled, output.count))) }
      let room = output.count - filled
      let status = input.withUnsafeBytes { source in
        output.withUnsafeMutableBytes { target in
          let available = min(input.count - consumed, Int(UInt32.max))
          stream.next_in = UnsafeMutablePointer(mutating: source.bindMemory(to: UInt8.self).baseAddress)
            .map { $0 + consumed }
          stream.avail_in = UInt32(available)
          stream.next_out = target.bindMemory(to: UInt8.self).baseAddress.map { $0 + filled }
          stream.avail_out = UInt32(clamping: room)
          let status = inflate(&stream, Z_NO_FLUSH)
          consumed += available - Int(stream.avail_in)
          return status
        }
      }
      let produced = min(room, Int(UInt32.max)) - Int(stream.avail_out)
      filled += produced
      if status == Z_STREAM_END {
        ended = true
      } else if status != Z_OK || (produced == 0 && consumed == input.count) {
        throw .malformed(path: path, reason: "is damaged: its packed bytes break off or make no sense")
      }
    }
    output.count = filled
    output.withUnsafeBytes { bytes in
      checksum = UInt32(
        truncatingIfNeeded: crc32_z(UInt(checksum), bytes.bindMemory(to: UInt8.self).baseAddress, bytes.count))
    }
    position += filled
    return output
  }
}
