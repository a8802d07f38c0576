import DLCTensor

/// Where samples come from: a folder, an archive, a table. Opened once; readers are made for every pass and thread.
protocol SampleSource: Sendable {
  /// Number of samples.
  var count: Int { get }
  /// Whether samples carry a class or true values.
  var hasLabels: Bool { get }
  /// Names of the classes in the order of their numbers; empty when there are none.
  var classNames: [String] { get }
  /// Whether several readers at once share the work; otherwise each would unpack all of it.
  var isShareable: Bool { get }

  /// Whether pixels become values by the preprocessing; otherwise the data holds values already.
  var takesPixels: Bool { get }

  /// A reader of its own place in the files.
  /// - Parameter shuffled: samples will be asked for in no order.
  func reader(shuffled: Bool) throws(DataError) -> any SampleReader

  /// Where sample `index` comes from, for messages.
  func origin(_ index: Int) -> String
}

/// Reads samples; used from one thread at a time.
protocol SampleReader {
  /// Sample `index`, fitted to the model's inputs. Throws `DataError` naming the file.
  mutating func read(_ index: Int) throws(DataError) -> Sample
}

/// What a source needs to know of the model.
struct ModelPorts: Sendable {
  var inputs: [DataInput]
  var outputs: [String]

  /// Observations of one run.
  var rows: Int { DataInput.rows(inputs) }

  /// The only input, for formats that hold one array a sample.
  func onlyInput(_ path: String, _ what: String) throws(DataError) -> DataInput {
    guard let input = inputs.first, inputs.count == 1 else {
      let names = inputs.map { "'\($0.name)'" }.joined(separator: ", ")
      throw .malformed(
        path: path,
        reason:
          "holds \(what), and the model has \(inputs.count) inputs (\(names)); give .npz files with keys of these names"
      )
    }
    return input
  }
}
