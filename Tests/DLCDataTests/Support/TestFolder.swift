import CZlib
import DLCTensor
import Foundation

@testable import DLCData

/// A folder for one test, removed after it.
func withFolder(_ body: (String) throws -> Void) throws {
  let folder = NSTemporaryDirectory() + "dlc-data-" + UUID().uuidString
  try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(atPath: folder) }
  try body(folder)
}

/// Bytes of one of the committed pictures.
func fixture(_ name: String) throws -> Data {
  let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
  return try Data(contentsOf: folder.appendingPathComponent("fixtures/" + name))
}

/// Writes a file, and the folders above it.
func put(_ data: Data, _ path: String) throws {
  try FileAccess.createFolder((path as NSString).deletingLastPathComponent)
  try FileAccess.write(data, to: path)
}

/// An f32 input.
func input(_ name: String, _ extents: [Int], _ element: ElementType = .float32) -> DataInput {
  DataInput(name: name, type: TensorType(element, Shape(extents)))
}

/// Counting floats: 0, 1, 2...
func ramp(_ extents: [Int], from start: Int = 0) -> Tensor {
  let shape = Shape(extents)
  return Tensor((0..<shape.count).map { Float(start + $0) }, shape: shape)
}

/// An IDX file of bytes.
func idx(_ extents: [Int], _ values: [UInt8]) -> Data {
  Data(
    [0, 0, 8, UInt8(extents.count)]
      + extents.flatMap { [UInt8($0 >> 24), UInt8($0 >> 16 & 255), UInt8($0 >> 8 & 255), UInt8($0 & 255)] } + values)
}

/// zlib's deflate; `windowBits` 31 gives gzip, -15 the raw stream of a zip member.
func packed(_ data: Data, windowBits: Int32) -> Data {
  var stream = z_stream()
  guard
    deflateInit2_(
      &stream, 9, Z_DEFLATED, windowBits, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
      == Z_OK
  else { return Data() }
  defer { deflateEnd(&stream) }
  var output = [UInt8](repeating: 0, count: data.count + 1024)
  var input = [UInt8](data)
  let count = input.withUnsafeMutableBufferPointer { source in
    output.withUnsafeMutableBufferPointer { target in
      stream.next_in = source.baseAddress
      stream.avail_in = UInt32(source.count)
      stream.next_out = target.baseAddress
      stream.avail_out = UInt32(target.count)
      _ = deflate(&stream, Z_FINISH)
      return target.count - Int(stream.avail_out)
    }
  }
  return Data(output.prefix(count))
}

/// An .npz of these arrays, stored or deflated.
func npz(_ arrays: [(String, Tensor)], deflated: Bool = false) -> Data {
  func number(_ value: Int, _ count: Int) -> [UInt8] { (0..<count).map { UInt8(value >> (8 * $0) & 255) } }
  var file = Data(), directory = Data()
  for (name, tensor) in arrays {
    let plain = NumpyFormat.encode(tensor)
    let bytes = deflated ? packed(plain, windowBits: -15) : plain
    let checksum = plain.withUnsafeBytes { crc32(0, $0.bindMemory(to: UInt8.self).baseAddress, UInt32($0.count)) }
    let title = Array((name + ".npy").utf8)
    let common =
      number(deflated ? 8 : 0, 2) + [0, 0, 0, 0] + number(Int(checksum), 4) + number(bytes.count, 4)
      + number(plain.count, 4) + number(title.count, 2) + [0, 0]
    directory += [0x50, 0x4B, 1, 2, 20, 0, 20, 0, 0, 0] + common + [UInt8](repeating: 0, count: 10)
    directory += number(file.count, 4) + title
    file += [0x50, 0x4B, 3, 4, 20, 0, 0, 0] + common + title + bytes
  }
  let end = [0x50, 0x4B, 5, 6, 0, 0, 0, 0] + number(arrays.count, 2) + number(arrays.count, 2)
  return file + directory + end + number(directory.count, 4) + number(file.count, 4) + [0, 0]
}

/// Everything that a stream gives.
func all(_ stream: SampleStream) throws(DataError) -> [Sample] {
  var samples: [Sample] = []
  while let sample = try stream.next() { samples.append(sample) }
  return samples
}
