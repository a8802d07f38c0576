import DLCTensor
import Foundation

/// Finds out what DATA is and opens it.
struct DataOpener {
  let path: String
  let ports: ModelPorts
  let preprocessing: Preprocessing?
  let labels: LabelTable?

  /// Throws `missing` when nothing is there, `malformed` when it is of no known form.
  func open() throws(DataError) -> any SampleSource {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
      throw .missing(path: path, reason: "no such file or folder")
    }
    return isFolder.boolValue ? try openFolder() : try openFile()
  }

  private func openFile() throws(DataError) -> any SampleSource {
    let data = try FileAccess.read(path)
    if data.starts(with: [0x50, 0x4B]) {
      return try ArrayTable.archive(path, ports: ports, preparation: try preparation())
    }
    if NumpyFormat.isNumpy(data) { return try ArrayTable.array(path, ports: ports, preparation: try preparation()) }
    if Image.isImage(data) { return try files([path]) }
    if let file = try IDXFiles.open(path) {
      guard file.header.shape.rank > 1 else {
        throw .malformed(path: path, reason: "holds IDX labels; give the file of the samples, or the folder")
      }
      return try IDXFiles.table(file, ports: ports, preparation: try preparation())
    }
    if data.starts(with: [0x1F, 0x8B]) {
      throw .malformed(path: path, reason: "is a gzip file of something else than IDX; unpack it first")
    }
    let header = try? CSVText(data.prefix(1 << 16), path: path).header
    if header?.contains("file") == true, !ports.inputs.contains(where: { $0.name == "file" }) {
      return try listed(LabelTable(path: path), in: (path as NSString).deletingLastPathComponent)
    }
    if header != nil { return try CSVTable(data, path: path, ports: ports) }
    throw .malformed(
      path: path,
      reason:
        "is of no form that is read: .npy, .npz, IDX, PNG, JPEG, or CSV with a header; a folder may hold these or ONNX test data"
    )
  }

  private func openFolder() throws(DataError) -> any SampleSource {
    let entries: [String]
    do { entries = try FileManager.default.contentsOfDirectory(atPath: path) } catch {
      throw .missing(path: path, reason: "the folder cannot be read")
    }
    let names = entries.filter { !$0.hasPrefix(".") }.sorted { $0.compare($1, options: .numeric) == .orderedAscending }
    if names.contains("labels.csv"), labels == nil {
      let table = try LabelTable(path: path + "/labels.csv")
      if !table.isByClass { return try listed(table, in: path) }
    }
    let sets = names.filter { $0.hasPrefix("test_data_set") && isFolder(path + "/" + $0) }
    if !sets.isEmpty { return ProtobufFolders(folders: sets.map { path + "/" + $0 }, ports: ports) }
    if names.contains(where: { $0.hasPrefix("input_") && $0.hasSuffix(".pb") }) {
      return ProtobufFolders(folders: [path], ports: ports)
    }
    let (archives, arrays) = (names.filter { $0.hasSuffix(".npz") }, names.filter { $0.hasSuffix(".npy") })
    if !archives.isEmpty, !arrays.isEmpty {
      throw .malformed(
        path: path, reason: "holds both .npy and .npz files; give a folder of one kind, or name one .npz")
    }
    if !archives.isEmpty {
      let prepared = try preparation()
      // A broken archive is one sample that cannot be read, so that it can be left out like any other.
      var parts: [any SampleSource] = []
      for name in archives {
        let inner = path + "/" + name
        do throws(DataError) {
          parts.append(try ArrayTable.archive(inner, ports: ports, preparation: prepared))
        } catch {
          parts.append(UnreadableSource(path: inner, error: error))
        }
      }
      return JoinedSource(parts)
    }
    if !arrays.isEmpty { return try files(arrays.map { path + "/" + $0 }) }
    if let source = try idxFolder(names) { return source }
    if let source = try imageFolder(names) { return source }
    let tables = names.filter { $0.lowercased().hasSuffix(".csv") }
    if tables.count == 1 {
      return try DataOpener(
        path: path + "/" + tables[0], ports: ports, preprocessing: preprocessing, labels: labels
      ).open()
    }
    throw .malformed(
      path: path,
      reason:
        "holds no data that is read: no test_data_set_* folder, no .npy, .npz, IDX, PNG or JPEG file, no folders of pictures"
    )
  }

  private func idxFolder(_ names: [String]) throws(DataError) -> (any SampleSource)? {
    let candidates = names.filter { $0.contains("idx") || $0.contains("ubyte") }
    let images = try IDXFiles.images(in: path, candidates)
    guard let first = images.first else { return nil }
    guard images.count == 1 else {
      let list = images.map { "'\(($0.path as NSString).lastPathComponent)'" }.joined(separator: ", ")
      throw .malformed(path: path, reason: "holds several sets of samples: \(list); name one of these files")
    }
    return try IDXFiles.table(first, ports: ports, preparation: try preparation())
  }
}
