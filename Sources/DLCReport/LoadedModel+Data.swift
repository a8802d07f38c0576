import DLCData

extension LoadedModel {
  /// The model's inputs as data is fitted to them.
  package var dataInputs: [DataInput] { inputs.map { DataInput(name: $0.name, type: $0.type) } }
}

/// Where samples come from and how they are read; what every command with `--data` takes.
package struct DataRequest: Sendable {
  package var path: String
  package var preprocessing: Preprocessing?
  package var labels: LabelTable?
  /// At most so many samples.
  package var limit: Int?
  /// Whether samples that cannot be read are left out.
  package var skipsBad = false

  package init(_ path: String, preprocessing: Preprocessing? = nil, labels: LabelTable? = nil) {
    self.path = path
    self.preprocessing = preprocessing
    self.labels = labels
  }

  /// Opens the data for `model`. Throws `DataError`.
  package func open(for model: LoadedModel) throws(DataError) -> DataSet {
    try DataSet.open(
      path, inputs: model.dataInputs, outputs: model.outputs.map(\.name), preprocessing: preprocessing, labels: labels)
  }
}

extension DataRequest {
  /// Opens the data for `model` and starts to read.
  package func batches(for model: LoadedModel) throws(DataError) -> BatchStream {
    try open(for: model).batches(limit: limit, skipsBad: skipsBad)
  }
}

extension SkippedSample {
  /// For people: how many, and the first of them.
  static func lines(_ skipped: [SkippedSample]) -> [String] {
    guard !skipped.isEmpty else { return [] }
    let head = "\(skipped.count) \(skipped.count == 1 ? "sample was" : "samples were") left out:"
    let tail = skipped.count > 10 ? ["  and \(skipped.count - 10) more (--json lists all)"] : []
    return [head] + skipped.prefix(10).map { "  \($0.reason)" } + tail
  }

  /// For scripts: `sample` and `reason` of each.
  static func json(_ skipped: [SkippedSample]) -> JSONValue {
    .array(skipped.map { .object([("sample", .string($0.origin)), ("reason", .string($0.reason))]) })
  }
}
