import ArgumentParser
import DLCCompiler
import DLCData
import DLCReport
import DLCTensor

/// `dlc run`: one run on given or random inputs.
struct Run: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Runs a model once and prints or saves its outputs.",
    discussion: """
      Example: dlc run model.plan --input image=digit.npy --output answers

      With --data it runs on every sample (--samples N: the first N), prints a line for each output, and --output writes a \
      folder 0, 1, 2... for each sample. \(DataOptions.discussion)
      """)

  @Argument(help: "An .onnx file or a plan.")
  var model: String

  @Option(name: .customLong("input"), help: ArgumentHelp("An input's values (repeat).", valueName: "NAME=FILE.npy"))
  var inputs: [String] = []

  @Option(help: ArgumentHelp("Fill inputs that are not given with random values from this seed.", valueName: "SEED"))
  var random: UInt64?

  @Option(help: ArgumentHelp("Run on the samples of this data instead.", valueName: "DATA"))
  var data: String?

  @Option(help: ArgumentHelp("Write every output to this folder as .npy.", valueName: "DIR"))
  var output: String?

  @OptionGroup var dataOptions: DataOptions
  @OptionGroup var modelOptions: ModelOptions
  @OptionGroup var common: CommonOptions

  func validate() throws {
    if data != nil, !inputs.isEmpty || random != nil {
      throw ValidationError("--data excludes --input and --random: the data fills all inputs.")
    }
    if data == nil, let flag = dataOptions.given { throw ValidationError("\(flag) goes with --data DATA.") }
  }

  func run() throws {
    try Terminal.exitStatus {
      if let data { return try runSamples(of: try dataOptions.request(data)) }
      var given: [String: Tensor] = [:]
      for binding in inputs {
        let (name, path) = try KeyValue.split(binding, flag: "--input", isFile: true)
        try KeyValue.add(try NumpyFiles.read(path), name, to: &given, flag: "--input")
      }
      var options = try modelOptions.compileOptions(for: model)
      if Engine.isOnnx(model) {
        for (name, tensor) in given { options.importing.inputShapes[name] = tensor.shape.dimensions }
      }
      let loaded = try Engine.open(model, options: options)
      for note in loaded.notes { common.note(note) }
      let outputs = try loaded.session(threads: common.threadCount).run(try loaded.fill(given, seed: random))
      if let output { try write(loaded, outputs, to: output) }
      if common.json { return Terminal.json(OutputSummary.json(zip(loaded.outputs, outputs).map { ($0.name, $1) })) }
      for (port, tensor) in zip(loaded.outputs, outputs) { print(OutputSummary.line(port.name, tensor)) }
    }
  }

  /// Runs on sample after sample.
  private func runSamples(of request: DataRequest) throws {
    let loaded = try Engine.open(model, options: try modelOptions.compileOptions(for: model))
    for note in loaded.notes { common.note(note) }
    let session = try loaded.session(threads: common.threadCount)
    var notes: [String] = []
    let batches = try request.batches(for: loaded, notes: &notes)
    for note in notes { common.note(note) }
    var results: [JSONValue] = []
    while let batch = try batches.next() {
      let outputs = try session.run(try loaded.fill(batch.inputs, seed: nil))
      if let output { try write(loaded, outputs, to: "\(output)/\(batch.index)") }
      let names = batch.samples.map(\.origin).joined(separator: ", ")
      if common.json {
        let answers = OutputSummary.json(zip(loaded.outputs, outputs).map { ($0.name, $1) })
        guard case .object(let members) = answers else { continue }
        results.append(.object([("sample", .string(names))] + members))
      } else {
        for (port, tensor) in zip(loaded.outputs, outputs) {
          print("\(names): \(OutputSummary.line(port.name, tensor))")
        }
      }
    }
    for skipped in batches.skipped { common.note("left out: \(skipped.reason)") }
    if common.json { Terminal.json(.object([("samples", .array(results))])) }
  }

  private func write(_ loaded: LoadedModel, _ outputs: [Tensor], to folder: String) throws {
    try FileAccess.createFolder(folder)
    for (name, tensor) in zip(Self.fileNames(loaded.outputs.map(\.name)), outputs) {
      try NumpyFiles.write(tensor, to: "\(folder)/\(name).npy")
    }
  }

  /// A file name for each output: its own name where that can be one, with a number behind it where two would be equal.
  static func fileNames(_ names: [String]) -> [String] {
    var taken = Set(names.filter { fileName($0) == $0 })
    return names.map { name in
      let plain = fileName(name)
      if plain == name { return name }
      var candidate = plain
      var number = 2
      while !taken.insert(candidate).inserted {
        candidate = "\(plain)_\(number)"
        number += 1
      }
      return candidate
    }
  }

  /// Output names may hold slashes.
  private static func fileName(_ name: String) -> String {
    let safe = String(name.map { $0 == "/" || $0 == "\0" ? "_" : $0 })
    return safe.isEmpty || safe.hasPrefix(".") ? "_" + safe : safe
  }
}
