import DLCOnnx
import DLCTensor
import Foundation

/// Inputs and expected outputs of one run: a `test_data_set_N` folder of ONNX or an .npz.
package struct TestDataSet: Sendable {
  /// Where it comes from, for messages.
  package var name: String
  /// Tensors in the order of the model's inputs, or by name.
  package var inputs: Values
  package var outputs: Values

  /// Tensors by position (ONNX .pb files; nil where a file is missing: an omitted optional) or by name.
  package enum Values: Sendable {
    case positional([Tensor?])
    case named([String: Tensor])

    /// The tensor for port `name`, the `index`-th.
    package func tensor(_ name: String, at index: Int) -> Tensor? {
      switch self {
      case .positional(let tensors): index < tensors.count ? tensors[index] : nil
      case .named(let tensors): tensors[name]
      }
    }
  }

  /// All data sets under `path`: a folder with `test_data_set_*` folders, one such folder, a folder of .npz files, or one .npz.
  /// - Parameter outputNames: the model's outputs, which tell inputs from outputs in an .npz.
  package static func load(_ path: String, outputNames: [String]) throws(DataError) -> [TestDataSet] {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
      throw .missing(path: path, reason: "no such file or folder")
    }
    if !isFolder.boolValue { return [try archive(path, outputNames)] }
    let entries = ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted(by: numerically)
    var sets: [TestDataSet] = []
    if entries.contains(where: { $0.hasSuffix(".pb") }) { sets.append(try folder(path, entries)) }
    for entry in entries {
      let inner = path + "/" + entry
      if entry.hasPrefix("test_data_set") {
        sets.append(try folder(inner))
      } else if entry.hasSuffix(".npz") {
        sets.append(try archive(inner, outputNames))
      }
    }
    guard !sets.isEmpty else {
      throw .malformed(path: path, reason: "holds no test data: no test_data_set_* folder, no .pb and no .npz file")
    }
    return sets
  }

  /// Whether `load` is the one to read `path`: a folder of ONNX test data or .npz files, an .npz, or nothing at all.
  package static func isFound(at path: String) -> Bool {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else { return true }
    if isFolder.boolValue {
      let entries = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
      return entries.contains { $0.hasPrefix("test_data_set") || $0.hasSuffix(".pb") || $0.hasSuffix(".npz") }
    }
    guard let file = FileHandle(forReadingAtPath: path) else { return true }
    defer { try? file.close() }
    return (try? file.read(upToCount: 2)) == Data([0x50, 0x4B])
  }

  /// The data set in one folder of .pb files.
  static func folder(_ path: String) throws(DataError) -> TestDataSet {
    try folder(path, (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? [])
  }

  private static func folder(_ path: String, _ entries: [String]) throws(DataError) -> TestDataSet {
    TestDataSet(
      name: path, inputs: try positional(path, entries, prefix: "input_"),
      outputs: try positional(path, entries, prefix: "output_"))
  }

  private static func positional(_ path: String, _ entries: [String], prefix: String) throws(DataError) -> Values {
    var tensors: [Tensor?] = []
    for entry in entries where entry.hasPrefix(prefix) && entry.hasSuffix(".pb") {
      guard let index = Int(entry.dropFirst(prefix.count).dropLast(3)), index >= 0, index < 10_000 else { continue }
      while tensors.count <= index { tensors.append(nil) }
      do {
        tensors[index] = try OnnxTensor(path: path + "/" + entry).tensor()
      } catch {
        throw .malformed(path: path + "/" + entry, reason: "cannot be read: \(error)")
      }
    }
    return .positional(tensors)
  }

  private static func archive(_ path: String, _ outputNames: [String]) throws(DataError) -> TestDataSet {
    let arrays = try NumpyFiles.readArchive(path)
    let outputs = arrays.filter { outputNames.contains($0.name) }
    let inputs = arrays.filter { !outputNames.contains($0.name) }
    return TestDataSet(
      name: path, inputs: .named(Dictionary(inputs.map { ($0.name, $0.tensor) }) { $1 }),
      outputs: .named(Dictionary(outputs.map { ($0.name, $0.tensor) }) { $1 }))
  }

  private static func numerically(_ a: String, _ b: String) -> Bool {
    a.compare(b, options: .numeric) == .orderedAscending
  }
}
