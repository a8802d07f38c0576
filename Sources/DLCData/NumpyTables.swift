import DLCTensor
import Foundation

extension ArrayTable {
  /// Keys of an .npz that hold classes, and true values, where no input has these names.
  private static let labelKeys: Set<String> = ["label", "labels"]
  private static let targetKeys: Set<String> = ["target", "targets"]

  /// The arrays of an .npz by the names of the model's inputs. Throws `malformed` when an input is missing.
  static func archive(
    _ path: String, ports: ModelPorts, preparation: ImagePreparation?
  ) throws(DataError) -> ArrayTable {
    let archive = try ZipArchive(FileAccess.read(path), path: path)
    var columns: [Column] = []
    var isPacked = false
    for member in archive.members where member.name.hasSuffix(".npy") {
      let name = String(member.name.dropLast(4))
      let role: Role
      if let input = ports.inputs.first(where: { $0.name == name }) {
        role = .input(input)
      } else if ports.outputs.contains(name) {
        role = .expected(name)
      } else if labelKeys.contains(name) {
        role = .label
      } else if targetKeys.contains(name) {
        role = .target
      } else {
        continue
      }
      let window = try archive.window(on: member)
      let header = try NumpyFormat.header(
        of: window.read(0, upTo: NumpyFormat.longestHeader(window.read(0, upTo: 12))), path: "\(path):\(member.name)")
      isPacked = isPacked || window.isPacked
      columns.append(
        Column(name: name, role: role, header: header) { () throws(DataError) in try archive.window(on: member) })
    }
    let found = archive.members.filter { $0.name.hasSuffix(".npy") }.map { "'\($0.name.dropLast(4))'" }
    for input in ports.inputs where !columns.contains(where: { $0.name == input.name }) {
      throw .malformed(
        path: path,
        reason:
          "holds no array for input '\(input.name)', only \(found.isEmpty ? "nothing" : found.joined(separator: ", ")); its keys must be the names of the inputs"
      )
    }
    return try ArrayTable(columns, path: path, ports: ports, preparation: preparation, isPacked: isPacked)
  }

  /// One .npy whose leading axis counts samples.
  static func array(_ path: String, ports: ModelPorts, preparation: ImagePreparation?) throws(DataError) -> ArrayTable {
    let data = try FileAccess.read(path)
    let input = try ports.onlyInput(path, "one array")
    let column = Column(
      name: input.name, role: .input(input),
      header: try NumpyFormat.header(of: data, path: path)
    ) { () throws(DataError) in ByteWindow(data, path: path) }
    return try ArrayTable([column], path: path, ports: ports, preparation: preparation, isPacked: false)
  }
}

/// Several sources one after another.
struct JoinedSource: SampleSource {
  let parts: [any SampleSource]
  /// Number of samples before each part, and in all at the end.
  let starts: [Int]

  init(_ parts: [any SampleSource]) {
    self.parts = parts
    starts = parts.reduce(into: [0]) { $0.append(($0.last ?? 0) + $1.count) }
  }

  var count: Int { starts.last ?? 0 }
  var hasLabels: Bool { !parts.isEmpty && parts.allSatisfy(\.hasLabels) }
  var classNames: [String] { [] }
  var isShareable: Bool { parts.allSatisfy(\.isShareable) }
  var takesPixels: Bool { parts.contains(where: \.takesPixels) }
  func origin(_ index: Int) -> String {
    let part = part(of: index)
    return parts[part].origin(index - starts[part])
  }
  func reader(shuffled: Bool) throws(DataError) -> any SampleReader { Reader(source: self, shuffled: shuffled) }

  private func part(of index: Int) -> Int {
    var (low, high) = (0, parts.count)
    while high - low > 1 {
      let middle = (low + high) / 2
      if starts[middle] <= index { low = middle } else { high = middle }
    }
    return low
  }

  private struct Reader: SampleReader {
    let source: JoinedSource
    let shuffled: Bool
    /// The part being read; a part's reader is kept while samples come from it.
    var current: (part: Int, reader: any SampleReader)?

    mutating func read(_ index: Int) throws(DataError) -> Sample {
      let part = source.part(of: index)
      var reader: any SampleReader
      if let current, current.part == part {
        reader = current.reader
      } else {
        reader = try source.parts[part].reader(shuffled: shuffled)
      }
      defer { current = (part, reader) }
      return try reader.read(index - source.starts[part])
    }
  }
}

/// A file that could not be opened: one sample that cannot be read.
struct UnreadableSource: SampleSource, SampleReader {
  let path: String
  let error: DataError

  var count: Int { 1 }
  var hasLabels: Bool { true }
  var classNames: [String] { [] }
  var isShareable: Bool { true }
  var takesPixels: Bool { false }
  func origin(_ index: Int) -> String { path }
  func reader(shuffled: Bool) throws(DataError) -> any SampleReader { self }
  func read(_ index: Int) throws(DataError) -> Sample { throw error }
}
