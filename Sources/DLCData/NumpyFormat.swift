import DLCTensor
import Foundation

/// Reads and writes NumPy's .npy format, versions 1 to 3 (numpy.lib.format).
package enum NumpyFormat {
  private static let magic: [UInt8] = [0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59]

  /// Bytes that hold the header of a file which starts with `head` (12 bytes); the longest header read piecewise is 1 MiB.
  static func longestHeader(_ head: Data) -> Int {
    let bytes = [UInt8](head)
    guard bytes.count == 12 else { return bytes.count }
    let length = bytes[6] >= 2 ? (0..<4).reduce(0) { $0 | Int(bytes[8 + $1]) << (8 * $1) } : 65_535
    return 12 + min(length, 1 << 20)
  }

  /// The array in `data`; Fortran order is transposed, big-endian elements are swapped.
  /// - Parameter path: named in errors.
  package static func decode(_ data: Data, path: String) throws(DataError) -> Tensor {
    let header = try header(of: data, path: path)
    return try tensor(header, shape: header.shape, payload: data.dropFirst(header.byteCount), path: path)
  }

  /// Whether `data` starts as a .npy file does.
  static func isNumpy(_ data: Data) -> Bool { data.starts(with: magic) }

  /// What stands before the elements; `data` may end after it.
  static func header(of data: Data, path: String) throws(DataError) -> Header {
    let bytes = [UInt8](data.prefix(12))
    guard bytes.count >= 10, Array(bytes[0..<6]) == magic else {
      throw .malformed(path: path, reason: "is no .npy file: its first bytes are not \\x93NUMPY")
    }
    let long = bytes[6] >= 2
    guard 1...3 ~= bytes[6], !long || bytes.count == 12 else {
      throw .malformed(path: path, reason: "has .npy version \(bytes[6]); versions 1 to 3 are known")
    }
    let length = long ? (0..<4).reduce(0) { $0 | Int(bytes[8 + $1]) << (8 * $1) } : Int(bytes[8]) | Int(bytes[9]) << 8
    let start = long ? 12 : 10
    guard length <= data.count - start else { throw .malformed(path: path, reason: "ends inside its .npy header") }
    let text = String(decoding: data.dropFirst(start).prefix(length), as: UTF8.self)
    return try parse(text, byteCount: start + length, path: path)
  }

  /// `tensor` as a .npy file; bfloat16, which NumPy has not, is written as float32.
  package static func encode(_ tensor: Tensor) -> Data {
    let tensor = tensor.element == .bfloat16 ? tensor.cast(to: .float32) : tensor
    let extents = tensor.shape.dimensions.map { "\($0)," }.joined(separator: " ")
    var header = "{'descr': '\(descriptor(tensor.element))', 'fortran_order': False, 'shape': (\(extents)), }"
    let unpadded = 10 + header.utf8.count + 1
    header += String(repeating: " ", count: (64 - unpadded % 64) % 64) + "\n"
    var data = Data(magic + [1, 0, UInt8(header.utf8.count & 255), UInt8(header.utf8.count >> 8)])
    data.append(contentsOf: header.utf8)
    tensor.withBytes { data.append(contentsOf: $0) }
    return data
  }

  /// The header of a .npy file.
  struct Header: Sendable {
    var element: ElementType
    var swapped: Bool
    var fortran: Bool
    var shape: Shape
    /// Bytes before the elements.
    var byteCount: Int
  }

  private static func parse(_ header: String, byteCount: Int, path: String) throws(DataError) -> Header {
    func value(_ key: String) -> Substring? {
      guard let found = header.range(of: "'\(key)':") else { return nil }
      return header[found.upperBound...].drop { $0 == " " }
    }
    guard let description = value("descr"), let order = value("fortran_order"), let extents = value("shape"),
      extents.first == "(", let close = extents.firstIndex(of: ")")
    else { throw .malformed(path: path, reason: "has a .npy header without descr, fortran_order or shape") }
    let name = description.dropFirst().prefix { $0 != "'" }
    guard description.first == "'", let element = elementType(String(name.dropFirst())) else {
      throw .malformed(path: path, reason: "holds elements of type '\(name)'; numeric and bool arrays are read")
    }
    var dimensions: [Int] = []
    for part in extents[extents.index(after: extents.startIndex)..<close].split(separator: ",") {
      let text = part.filter { $0 != " " }
      if text.isEmpty { continue }
      guard let extent = Int(text) else { throw .malformed(path: path, reason: "has the shape entry '\(text)'") }
      dimensions.append(extent)
    }
    guard let shape = Shape(checking: dimensions) else {
      throw .malformed(path: path, reason: "has the impossible shape \(dimensions)")
    }
    return Header(
      element: element, swapped: name.first == ">", fortran: order.hasPrefix("True"), shape: shape, byteCount: byteCount
    )
  }

  /// A tensor of `shape` and the header's element type from `payload`: the whole array, or rows of one in C order.
  static func tensor(
    _ fields: Header, shape: Shape, payload: Data, path: String
  ) throws(DataError) -> Tensor {
    let type = TensorType(fields.element, shape)
    guard payload.count >= type.byteCount else {
      throw .malformed(
        path: path,
        reason: "holds \(payload.count) bytes of elements, its shape \(shape) needs \(type.byteCount)")
    }
    let size = fields.element.size
    let extents = shape.dimensions
    return Tensor(type) { target in
      payload.withUnsafeBytes { source in
        if fields.element == .bool, !fields.fortran {
          // Any byte but 0 is true; Swift's Bool knows 0 and 1 only.
          for k in 0..<type.byteCount { target[k] = source[k] == 0 ? 0 : 1 }
          return
        }
        guard fields.fortran || fields.swapped else {
          return target.copyMemory(from: UnsafeRawBufferPointer(rebasing: source[0..<type.byteCount]))
        }
        var index = [Int](repeating: 0, count: extents.count)
        for k in 0..<shape.count {
          var from = k
          if fields.fortran { from = zip(index, extents).reversed().reduce(0) { $0 * $1.1 + $1.0 } }
          for b in 0..<size { target[k * size + b] = source[from * size + (fields.swapped ? size - 1 - b : b)] }
          if fields.element == .bool { target[k] = target[k] == 0 ? 0 : 1 }
          for axis in extents.indices.reversed() {
            index[axis] += 1
            if index[axis] < extents[axis] { break }
            index[axis] = 0
          }
        }
      }
    }
  }

  private static func elementType(_ code: String) -> ElementType? {
    switch code {
    case "f4": .float32
    case "f8": .float64
    case "f2": .float16
    case "i1": .int8
    case "i2": .int16
    case "i4": .int32
    case "i8": .int64
    case "u1": .uint8
    case "u2": .uint16
    case "u4": .uint32
    case "u8": .uint64
    case "b1": .bool
    default: nil
    }
  }

  private static func descriptor(_ element: ElementType) -> String {
    switch element {
    case .float32, .bfloat16: "<f4"
    case .float64: "<f8"
    case .float16: "<f2"
    case .int8: "|i1"
    case .int16: "<i2"
    case .int32: "<i4"
    case .int64: "<i8"
    case .uint8: "|u1"
    case .uint16: "<u2"
    case .uint32: "<u4"
    case .uint64: "<u8"
    case .bool: "|b1"
    }
  }
}
