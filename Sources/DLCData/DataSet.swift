import DLCTensor

/// Samples for a model, whatever form they are stored in; opened once, read any number of times, never held in memory as a whole.
package struct DataSet: Sendable {
  /// What the user named.
  package let path: String
  /// The inputs that samples are fitted to.
  package let inputs: [DataInput]
  private let source: any SampleSource

  init(path: String, inputs: [DataInput], source: any SampleSource) {
    self.path = path
    self.inputs = inputs
    self.source = source
  }

  /// Opens DATA, recognised by what it is: a folder of .npy or .npz, one .npz or .npy with a leading axis of samples, ONNX
  /// test data, a folder of pictures, IDX files, a CSV of numbers or of files. Throws `DataError` naming file and reason.
  /// - Parameters:
  ///   - outputs: the model's outputs, which tell expected answers in an .npz.
  ///   - preprocessing: needed for pictures; arrays of bytes laid out as pictures take it too, other arrays are values already.
  ///   - labels: classes of files or of class folders, instead of those that the data carries.
  package static func open(
    _ path: String, inputs: [DataInput], outputs: [String] = [], preprocessing: Preprocessing? = nil,
    labels: LabelTable? = nil
  ) throws(DataError) -> DataSet {
    let ports = ModelPorts(inputs: inputs, outputs: outputs)
    let opener = DataOpener(path: path, ports: ports, preprocessing: preprocessing, labels: labels)
    return DataSet(path: path, inputs: inputs, source: try opener.open())
  }

  /// Number of samples, those that cannot be read included.
  package var count: Int { source.count }

  /// Whether samples carry classes, true values, or expected outputs.
  package var hasLabels: Bool { source.hasLabels }

  /// Names of the classes in the order of their numbers; empty when the data has none.
  package var classNames: [String] { source.classNames }

  /// Whether pixels become values by the preprocessing; otherwise the data holds values already.
  package var takesPixels: Bool { source.takesPixels }

  /// Samples one by one from the start.
  /// - Parameters:
  ///   - limit: at most so many.
  ///   - shuffleSeed: an order drawn from this seed, equal on every machine; nil: the data's own.
  ///   - skipsBad: leaves out what cannot be read and lists it, instead of throwing.
  ///   - refusesNaN: whether a sample with NaN among its inputs is one that cannot be read.
  ///   - workers: threads that read ahead; the order is the same for any number.
  ///   - depth: samples that may wait.
  package func samples(
    limit: Int? = nil, shuffleSeed: UInt64? = nil, skipsBad: Bool = false, refusesNaN: Bool = false, workers: Int = 1,
    depth: Int = 8
  ) -> SampleStream {
    var order: [Int]?
    if let shuffleSeed {
      var generator = SplitMix64(seed: shuffleSeed)
      order = Array(0..<count).shuffled(using: &generator)
    }
    return SampleStream(
      source, order: order, limit: limit.map { max(0, $0) }, skipsBad: skipsBad, refusesNaN: refusesNaN,
      workers: workers, depth: depth)
  }

  /// As `samples`, grouped into the batches that the model takes.
  package func batches(
    limit: Int? = nil, shuffleSeed: UInt64? = nil, skipsBad: Bool = false, refusesNaN: Bool = false, workers: Int = 1,
    depth: Int = 8
  ) -> BatchStream {
    BatchStream(
      samples(
        limit: limit, shuffleSeed: shuffleSeed, skipsBad: skipsBad, refusesNaN: refusesNaN, workers: workers,
        depth: depth),
      inputs: inputs)
  }
}
