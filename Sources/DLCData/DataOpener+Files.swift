import DLCTensor
import Foundation

/// Files of one sample each.
extension DataOpener {
  /// Pictures in the folder itself, or in folders that are classes in the order of their names' bytes; nil when there are none.
  func imageFolder(_ names: [String]) throws(DataError) -> (any SampleSource)? {
    let flat = names.filter { isPicture(path + "/" + $0) }
    if !flat.isEmpty { return try files(flat.map { path + "/" + $0 }) }
    var entries: [FileList.Entry] = []
    var classes: [String] = []
    for name in names.sorted(by: byteOrder) where isFolder(path + "/" + name) {
      let pictures = contents(path + "/" + name).filter { isPicture("\(path)/\(name)/\($0)") }.sorted(by: byteOrder)
      if pictures.isEmpty { continue }
      for picture in pictures {
        let label = try labels.map { table throws(DataError) in
          try classNumber(table.isByClass ? name : "\(name)/\(picture)", table)
        }
        entries.append(.init(path: "\(path)/\(name)/\(picture)", label: label ?? classes.count))
      }
      classes.append(name)
    }
    if entries.isEmpty { return nil }
    return try fileList(entries, classNames: labels.map(\.classNames) ?? classes)
  }

  /// These files, with labels where a table was given.
  func files(_ paths: [String]) throws(DataError) -> any SampleSource {
    var entries: [FileList.Entry] = []
    for path in paths {
      entries.append(
        .init(path: path, label: try labels.map { table throws(DataError) in try classNumber(path, table) }))
    }
    return try fileList(entries, classNames: labels?.classNames ?? [])
  }

  /// The files that a table of labels names, in its order.
  func listed(_ table: LabelTable, in folder: String) throws(DataError) -> any SampleSource {
    let entries = table.keys.map { key in
      FileList.Entry(
        path: key.hasPrefix("/") || folder.isEmpty ? key : "\(folder)/\(key)", label: table.label(key))
    }
    return try fileList(entries, classNames: table.classNames)
  }

  /// Pixels to values for the model's only input; nil without preprocessing, where there are several inputs, or one without
  /// axes of a picture. Throws `malformed` when the preprocessing does not fit the input.
  func preparation() throws(DataError) -> ImagePreparation? {
    guard let preprocessing, let input = ports.inputs.first, ports.inputs.count == 1, (3...4).contains(input.type.rank)
    else { return nil }
    return try ImagePreparation(preprocessing, input: input, rows: ports.rows, path: path)
  }

  func isFolder(_ path: String) -> Bool {
    var isFolder: ObjCBool = false
    return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
  }

  private func classNumber(_ key: String, _ table: LabelTable) throws(DataError) -> Int {
    if let label = table.label(key) { return label }
    throw .malformed(path: table.path, reason: "gives '\(key)' no label")
  }

  private func fileList(_ entries: [FileList.Entry], classNames: [String]) throws(DataError) -> any SampleSource {
    let input = try ports.onlyInput(path, "one array or picture a file")
    var preparation: ImagePreparation?
    if let first = entries.first, isPicture(first.path) {
      guard let preprocessing else { throw FileList.unprepared(first.path) }
      preparation = try ImagePreparation(preprocessing, input: input, rows: ports.rows, path: path)
    } else {
      preparation = try self.preparation()
    }
    return try FileList(entries, classNames: classNames, ports: ports, preparation: preparation, path: path)
  }

  private func contents(_ folder: String) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).filter { !$0.hasPrefix(".") }
  }

  /// Whether a file calls itself a picture, of whatever format, or is one: what is damaged is to be named, not passed over.
  private func isPicture(_ path: String) -> Bool {
    let name = (path as NSString).lastPathComponent
    switch (name as NSString).pathExtension.lowercased() {
    case "png", "jpg", "jpeg", "jpe", "jfif", "bmp", "gif", "webp", "tif", "tiff": return true
    case "csv", "txt", "json", "md", "npy", "npz", "pb", "onnx", "plan", "gz", "zip": return false
    default:
      guard !isFolder(path), let file = FileHandle(forReadingAtPath: path) else { return false }
      defer { try? file.close() }
      return Image.isImage((try? file.read(upToCount: 16)) ?? Data())
    }
  }
}
