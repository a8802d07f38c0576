import DLCTensor
import Foundation

/// IDX files as MNIST has them: a big-endian header of type and extents, then the elements; gzip allowed.
enum IDXFiles {
  /// One file.
  struct File: Sendable {
    var path: String
    var header: NumpyFormat.Header
    var isPacked: Bool
    var data: Data

    var window: ByteWindow { isPacked ? ByteWindow(gzipped: data, path: path) : ByteWindow(data, path: path) }
  }

  /// Opens `path`; nil when it is no IDX file. Throws `malformed` for an IDX header that makes no sense.
  static func open(_ path: String) throws(DataError) -> File? {
    let data = try FileAccess.read(path)
    let isPacked = data.starts(with: [0x1F, 0x8B])
    let window = isPacked ? ByteWindow(gzipped: data, path: path) : ByteWindow(data, path: path)
    let head = [UInt8](try window.read(0, upTo: 4))
    guard head.count == 4, head[0] == 0, head[1] == 0, 1...8 ~= head[3], let element = element(head[2]) else {
      return nil
    }
    let rank = Int(head[3])
    let bytes = [UInt8](try window.read(4, upTo: 4 * rank))
    guard bytes.count == 4 * rank else { throw .malformed(path: path, reason: "ends inside its IDX header") }
    let extents = (0..<rank).map { axis in (0..<4).reduce(0) { $0 << 8 | Int(bytes[4 * axis + $1]) } }
    guard let shape = Shape(checking: extents) else {
      throw .malformed(path: path, reason: "has the impossible shape \(extents)")
    }
    let header = NumpyFormat.Header(
      element: element, swapped: true, fortran: false, shape: shape, byteCount: 4 + 4 * rank)
    let needed = header.byteCount + TensorType(element, shape).byteCount
    if let count = window.count, count != needed {
      throw .malformed(path: path, reason: "holds \(count) bytes, its shape \(shape) needs \(needed)")
    }
    return File(path: path, header: header, isPacked: isPacked, data: data)
  }

  /// Samples from an images file and the labels file beside it.
  static func table(
    _ images: File, ports: ModelPorts, preparation: ImagePreparation?
  ) throws(DataError) -> ArrayTable {
    let input = try ports.onlyInput(images.path, "one array")
    let labels = try labels(for: images)
    if let labels, labels.header.shape[0] != images.header.shape[0] {
      throw .malformed(
        path: labels.path,
        reason: "holds \(labels.header.shape[0]) labels, and '\(images.path)' \(images.header.shape[0]) samples")
    }
    var columns = [column(images, .input(input), input.name)]
    if let labels { columns.append(column(labels, .label, "labels")) }
    return try ArrayTable(
      columns, path: images.path, ports: ports, preparation: preparation,
      isPacked: images.isPacked || labels?.isPacked == true)
  }

  /// The images files among `names` in `folder`.
  static func images(in folder: String, _ names: [String]) throws(DataError) -> [File] {
    var found: [File] = []
    for name in names {
      guard let file = try open("\(folder)/\(name)") else { continue }
      if file.header.shape.rank > 1 { found.append(file) }
    }
    return found
  }

  private static func column(_ file: File, _ role: ArrayTable.Role, _ name: String) -> ArrayTable.Column {
    ArrayTable.Column(name: name, role: role, header: file.header) { () throws(DataError) in file.window }
  }

  /// The file of the same name with 'labels' for 'images' and 'idx1' for 'idx3', packed or not; or the only one of rank 1.
  private static func labels(for images: File) throws(DataError) -> File? {
    let path = images.path as NSString
    let (folder, name) = (path.deletingLastPathComponent, path.lastPathComponent)
    let place = folder.isEmpty ? "." : folder
    var renamed = name.replacingOccurrences(of: "images", with: "labels")
    for rank in 2...8 { renamed = renamed.replacingOccurrences(of: "idx\(rank)", with: "idx1") }
    let bare = renamed.hasSuffix(".gz") ? String(renamed.dropLast(3)) : renamed
    for candidate in [renamed, bare, bare + ".gz"] where candidate != name {
      guard FileManager.default.fileExists(atPath: "\(place)/\(candidate)") else { continue }
      if let file = try open("\(place)/\(candidate)"), file.header.shape.rank == 1 { return file }
    }
    return nil
  }

  private static func element(_ code: UInt8) -> ElementType? {
    switch code {
    case 0x08: .uint8
    case 0x09: .int8
    case 0x0B: .int16
    case 0x0C: .int32
    case 0x0D: .float32
    case 0x0E: .float64
    default: nil
    }
  }
}
