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
    let preprocessing = try preprocessing(for: [model])
    return try DataSet.open(
      path, inputs: model.dataInputs, outputs: model.outputs.map(\.name), preprocessing: preprocessing, labels: labels)
  }

  /// What was asked for, or else what the first of the models states that states it.
  private func preprocessing(for models: [LoadedModel]) throws(DataError) -> Preprocessing? {
    if let preprocessing { return preprocessing }
    for model in models {
      if let stored = try model.preprocessing() { return stored }
    }
    return nil
  }

  /// The sentence for a preprocessing that was asked for and that `set` has no pixels for.
  func note(on set: DataSet) -> String? { preprocessing != nil && !set.takesPixels ? withoutEffect : nil }

  /// That `--preprocess` was given for data that holds no pixels.
  var withoutEffect: String { "'\(path)' holds values, not pixels: --preprocess changes nothing." }
}

extension DataRequest {
  /// Opens the data for `model` and starts to read; `notes` gets what is to be said of it. Where neither it nor the request
  /// states a preprocessing, that of `others` is taken.
  package func batches(
    for model: LoadedModel, or others: [LoadedModel] = [], notes: inout [String]
  ) throws(DataError) -> BatchStream {
    var request = self
    request.preprocessing = try preprocessing(for: [model] + others)
    let set = try request.open(for: model)
    if let note = note(on: set) { notes.append(note) }
    return set.batches(limit: limit, skipsBad: skipsBad)
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
