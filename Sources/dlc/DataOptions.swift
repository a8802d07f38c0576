import ArgumentParser
import DLCData
import DLCReport

/// How data is read, for commands that take DATA.
struct DataOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "How pictures become values: a JSON file, or one of \(Preprocessing.presets.joined(separator: ", ")).",
      valueName: "FILE.json"))
  var preprocess: String?

  @Option(help: ArgumentHelp("Use at most this many samples.", valueName: "N"))
  var samples: Int?

  @Flag(help: "Leave out samples that cannot be read, count and list them.")
  var skipBad = false

  @Option(
    help: ArgumentHelp(
      "Classes of the files: a CSV with the columns file,label, or class,label for class folders.",
      valueName: "FILE.csv"))
  var labels: String?

  /// What the help of every command says of DATA.
  static let discussion = """
    DATA is recognised by what it is: a folder of .npy (one sample each) or .npz (keys are input names); one .npz or \
    .npy with a leading axis of samples; ONNX test data (test_data_set_*); a folder of pictures (PNG, JPEG; class folders \
    in sorted order are the labels, or a labels.csv with the columns file,label); IDX files, gzipped or not; a CSV whose \
    columns are named after the inputs (x, or x[0], x[1]...), with 'label' or 'target'.
    """

  /// The first flag that was given, where some may be without effect.
  var given: String? {
    preprocess != nil
      ? "--preprocess" : samples != nil ? "--samples" : labels != nil ? "--labels" : skipBad ? "--skip-bad" : nil
  }

  func validate() throws {
    if let samples, samples < 1 { throw ValidationError("--samples must be positive, found \(samples).") }
  }

  /// The data at `path`, to be read as these flags say. Throws `DataError` for a preprocessing or labels file that is wrong.
  func request(_ path: String) throws -> DataRequest {
    var request = DataRequest(path)
    if let preprocess { request.preprocessing = try Preprocessing.load(preprocess) }
    if let labels { request.labels = try LabelTable(path: labels) }
    request.limit = samples
    request.skipsBad = skipBad
    return request
  }
}
