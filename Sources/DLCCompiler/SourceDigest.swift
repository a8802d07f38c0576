import Foundation

/// A digest that tells model files apart in a plan's provenance: FNV-1a over 64-bit words, 16 hexadecimal digits.
///
/// It detects other files and damage, not forgery.
enum SourceDigest {
  /// A multiple of 8 bytes, so that words do not cross pieces.
  private static let pieceBytes = 1 << 20

  static func hexadecimal(ofFile path: String) -> String {
    // Devices have no end, and opening a pipe waits for a writer.
    var status = stat()
    guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return "" }
    // Read in pieces: a second mapping of a large model would take its memory twice.
    guard let file = FileHandle(forReadingAtPath: path), let size = try? file.seekToEnd(),
      (try? file.seek(toOffset: 0)) != nil
    else { return "" }
    defer { try? file.close() }
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325 ^ size
    var piece = [UInt8](repeating: 0, count: pieceBytes)
    while true {
      let count = piece.withUnsafeMutableBytes { fill($0, from: file.fileDescriptor) }
      piece.withUnsafeBytes { mix(UnsafeRawBufferPointer(rebasing: $0[0..<count]), into: &hash) }
      if count < pieceBytes { return String(format: "%016lx", Int(bitPattern: UInt(hash))) }
    }
  }

  /// Reads until `target` is full or the file ends; gives the bytes read.
  private static func fill(_ target: UnsafeMutableRawBufferPointer, from descriptor: Int32) -> Int {
    var filled = 0
    while filled < target.count {
      let count = read(descriptor, target.baseAddress! + filled, target.count - filled)
      if count < 0, errno == EINTR { continue }
      if count <= 0 { break }
      filled += count
    }
    return filled
  }

  private static func mix(_ bytes: UnsafeRawBufferPointer, into hash: inout UInt64) {
    var k = 0
    while k + 8 <= bytes.count {
      hash = (hash ^ bytes.loadUnaligned(fromByteOffset: k, as: UInt64.self)) &* 0x100_0000_01b3
      hash ^= hash >> 32
      k += 8
    }
    while k < bytes.count {
      hash = (hash ^ UInt64(bytes[k])) &* 0x100_0000_01b3
      k += 1
    }
  }
}
