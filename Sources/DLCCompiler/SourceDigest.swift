import Foundation

/// A digest that tells model files apart in a plan's provenance: FNV-1a over 64-bit words, 16 hexadecimal digits.
///
/// It detects other files and damage, not forgery.
enum SourceDigest {
  static func hexadecimal(ofFile path: String) -> String {
    guard let data = try? Data(contentsOf: URL(fileURLWithPath: path), options: .alwaysMapped) else { return "" }
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325 ^ UInt64(data.count)
    data.withUnsafeBytes { bytes in
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
    return String(format: "%016lx", Int(bitPattern: UInt(hash)))
  }
}
