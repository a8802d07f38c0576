import CZlib
import Foundation

/// The members of a zip file (PKWARE APPNOTE): stored and deflated, with ZIP64 sizes; what .npz needs.
package struct ZipArchive: Sendable {
  /// One file in the archive.
  package struct Member: Sendable {
    package var name: String
    var method: Int
    var offset: Int
    var compressedSize: Int
    var size: Int
    /// CRC-32 of the unpacked bytes.
    var checksum: UInt32
  }

  package let path: String
  package let members: [Member]
  private let data: Data

  /// Reads the directory of the archive `data`. Throws `malformed` when it is none.
  package init(_ data: Data, path: String) throws(DataError) {
    self.data = data
    self.path = path
    let end = try ZipArchive.endRecord(data, path: path)
    var count = data.number(end + 10, 2)
    var position = data.number(end + 16, 4)
    if position == 0xFFFF_FFFF || count == 0xFFFF, end >= 20, data.number(end - 20, 4) == 0x0706_4b50 {
      let record = data.number(end - 12, 8)
      guard record >= 0, record <= data.count - 56 else {
        throw .malformed(path: path, reason: "has a broken zip64 directory")
      }
      count = data.number(record + 32, 8)
      position = data.number(record + 48, 8)
    }
    var members: [Member] = []
    for _ in 0..<max(0, min(count, 1 << 20)) {
      guard position >= 0, position <= data.count - 46, data.number(position, 4) == 0x0201_4b50 else {
        throw .malformed(path: path, reason: "has a broken zip directory")
      }
      let nameLength = data.number(position + 28, 2)
      let extraLength = data.number(position + 30, 2)
      let next = position + 46 + nameLength + extraLength + data.number(position + 32, 2)
      guard next <= data.count else {
        throw .malformed(path: path, reason: "has a zip directory that runs past its end")
      }
      var member = Member(
        name: String(decoding: data.slice(position + 46, nameLength), as: UTF8.self),
        method: data.number(position + 10, 2), offset: data.number(position + 42, 4),
        compressedSize: data.number(position + 20, 4), size: data.number(position + 24, 4),
        checksum: UInt32(truncatingIfNeeded: data.number(position + 16, 4)))
      data.applyZip64(position + 46 + nameLength, extraLength, to: &member)
      members.append(member)
      position = next
    }
    self.members = members
  }

  /// The bytes of one member, inflated; at most `limit` bytes.
  package func contents(of member: Member, limit: Int = 1 << 33) throws(DataError) -> Data {
    let packed = try packed(member, limit: limit)
    if member.method == 0 { return packed }
    guard let inflated = ZipArchive.inflate(packed, size: member.size) else { throw broken(member) }
    return inflated
  }

  /// One member to be read piece by piece.
  func window(on member: Member) throws(DataError) -> ByteWindow {
    let packed = try packed(member, limit: 1 << 46)
    let place = "\(path):\(member.name)"
    if member.method == 0 { return ByteWindow(packed, path: place) }
    return ByteWindow(deflated: packed, count: member.size, checksum: member.checksum, path: place)
  }

  /// The bytes of a member as they lie in the file; its method is one that can be read.
  private func packed(_ member: Member, limit: Int) throws(DataError) -> Data {
    guard member.offset >= 0, member.offset <= data.count - 30, data.number(member.offset, 4) == 0x0403_4b50 else {
      throw broken(member)
    }
    let start = member.offset + 30 + data.number(member.offset + 26, 2) + data.number(member.offset + 28, 2)
    guard member.compressedSize >= 0, member.size >= 0, member.size <= limit, start <= data.count,
      member.compressedSize <= data.count - start
    else { throw broken(member) }
    if member.method == 0 { return data.slice(start, member.compressedSize) }
    // Deflate gives at most 1,032 bytes for one.
    guard member.method == 8, member.size / 1_100 <= member.compressedSize + 64 else { throw broken(member) }
    return data.slice(start, member.compressedSize)
  }

  private func broken(_ member: Member) -> DataError {
    .malformed(path: path, reason: "has a broken member '\(member.name)'")
  }

  private static func inflate(_ packed: Data, size: Int) -> Data? {
    var output = Data(count: max(size, 1))
    var stream = z_stream()
    guard inflateInit2_(&stream, -15, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else { return nil }
    defer { inflateEnd(&stream) }
    let status = packed.withUnsafeBytes { source in
      output.withUnsafeMutableBytes { target in
        stream.next_in = UnsafeMutablePointer(mutating: source.bindMemory(to: UInt8.self).baseAddress)
        stream.avail_in = UInt32(clamping: packed.count)
        stream.next_out = target.bindMemory(to: UInt8.self).baseAddress
        stream.avail_out = UInt32(clamping: size)
        return CZlib.inflate(&stream, Z_FINISH)
      }
    }
    return status == Z_STREAM_END && stream.total_out == UInt(size) ? output.prefix(size) : nil
  }

  /// Position of the end-of-directory record, searched backwards through the longest comment.
  private static func endRecord(_ data: Data, path: String) throws(DataError) -> Int {
    var position = data.count - 22
    let last = max(0, data.count - 22 - 65_535)
    while position >= last {
      if data.number(position, 4) == 0x0605_4b50 { return position }
      position -= 1
    }
    throw .malformed(path: path, reason: "is no zip (.npz) file: it has no directory")
  }
}

extension Data {
  /// A little-endian number of `size` bytes; the caller has checked that it lies inside. Values beyond Int give -1.
  fileprivate func number(_ offset: Int, _ size: Int) -> Int {
    var result: UInt64 = 0
    for k in 0..<size { result |= UInt64(self[startIndex + offset + k]) << (8 * UInt64(k)) }
    return Int(exactly: result) ?? -1
  }

  fileprivate func slice(_ offset: Int, _ count: Int) -> Data { dropFirst(offset).prefix(count) }

  /// Sizes that did not fit 32 bits stand in the extra field 1, in a fixed order.
  fileprivate func applyZip64(_ offset: Int, _ length: Int, to member: inout ZipArchive.Member) {
    var position = offset
    while position + 4 <= offset + length {
      let size = number(position + 2, 2)
      var field = position + 4
      let end = Swift.min(field + size, offset + length)
      if number(position, 2) == 1 {
        for key in [\ZipArchive.Member.size, \.compressedSize, \.offset]
        where member[keyPath: key] == 0xFFFF_FFFF && field + 8 <= end {
          member[keyPath: key] = number(field, 8)
          field += 8
        }
      }
      position += 4 + size
    }
  }
}
