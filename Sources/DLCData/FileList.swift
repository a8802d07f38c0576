import DLCTensor
import Foundation

/// Files of one sample each: pictures or .npy arrays, told apart by their first bytes.
struct FileList: SampleSource, SampleReader {
  /// One file.
  struct Entry: Sendable {
    var path: String
    var label: Int?
  }

  let entries: [Entry]
  let classNames: [String]
  let hasLabels: Bool
  private let input: DataInput
  private let rows: Int
  private let preparation: ImagePreparation?

  init(
    _ entries: [Entry], classNames: [String], ports: ModelPorts, preparation: ImagePreparation?, path: String
  ) throws(DataError) {
    self.entries = entries
    self.classNames = classNames
    self.preparation = preparation
    hasLabels = !entries.isEmpty && entries.allSatisfy { $0.label != nil }
    input = try ports.onlyInput(path, "one array or picture a file")
    rows = ports.rows
  }

  var count: Int { entries.count }
  var isShareable: Bool { true }
  var takesPixels: Bool {
    guard preparation != nil, let first = entries.first, let data = try? FileAccess.read(first.path) else {
      return false
    }
    return !NumpyFormat.isNumpy(data) || (try? NumpyFormat.decode(data, path: first.path))?.element == .uint8
  }
  func origin(_ index: Int) -> String { entries[index].path }
  func reader(shuffled: Bool) throws(DataError) -> any SampleReader { self }

  func read(_ index: Int) throws(DataError) -> Sample {
    let entry = entries[index]
    let data = try FileAccess.read(entry.path)
    let tensor: Tensor
    if NumpyFormat.isNumpy(data) {
      let array = try NumpyFormat.decode(data, path: entry.path)
      if let preparation, let image = Image(array) {
        tensor = try preparation.tensor(image, origin: entry.path)
      } else {
        tensor = try input.fit(array, rows: rows, origin: entry.path)
      }
    } else {
      if entry.path.lowercased().hasSuffix(".npy") {
        throw .malformed(path: entry.path, reason: "is no .npy file: it does not begin as one; it may be damaged")
      }
      let image = try Image(decoding: data, path: entry.path)
      guard let preparation else { throw FileList.unprepared(entry.path) }
      tensor = try preparation.tensor(image, origin: entry.path)
    }
    return Sample(inputs: [input.name: tensor], label: entry.label, origin: entry.path)
  }

  /// Pixels without preprocessing mean nothing: no guess is made.
  static func unprepared(_ path: String) -> DataError {
    .malformed(
      path: path,
      reason:
        "is a picture, and nothing says how pixels become values; give --preprocess with a JSON file or one of \(Preprocessing.presets.joined(separator: ", "))"
    )
  }
}

/// ONNX test data: a folder of input_N.pb and output_N.pb for each sample.
struct ProtobufFolders: SampleSource, SampleReader {
  let folders: [String]
  let ports: ModelPorts

  var count: Int { folders.count }
  var hasLabels: Bool { true }
  var classNames: [String] { [] }
  var isShareable: Bool { true }
  var takesPixels: Bool { false }
  func origin(_ index: Int) -> String { folders[index] }
  func reader(shuffled: Bool) throws(DataError) -> any SampleReader { self }

  func read(_ index: Int) throws(DataError) -> Sample {
    let folder = folders[index]
    let set = try TestDataSet.folder(folder)
    var sample = Sample(inputs: [:], origin: folder)
    for (k, input) in ports.inputs.enumerated() {
      guard let tensor = set.inputs.tensor(input.name, at: k) else {
        throw .malformed(path: folder, reason: "holds no input_\(k).pb for input '\(input.name)'")
      }
      sample.inputs[input.name] = try input.fit(tensor, rows: ports.rows, origin: "\(folder)/input_\(k).pb")
    }
    for (k, name) in ports.outputs.enumerated() { sample.expected[name] = set.outputs.tensor(name, at: k) }
    return sample
  }
}
