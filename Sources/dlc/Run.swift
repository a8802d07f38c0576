import ArgumentParser
import DLCCompiler
import DLCData
import DLCReport
import DLCTensor

/// `dlc run`: one run on given or random inputs.
struct Run: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Runs a model once and prints or saves its outputs.",
    discussion: "Example: dlc run model.plan --input image=digit.npy --output answers")

  @Argument(help: "An .onnx file or a plan.")
  var model: String

  @Option(name: .customLong("input"), help: ArgumentHelp("An input's values (repeat).", valueName: "NAME=FILE.npy"))
  var inputs: [String] = []

  @Option(help: ArgumentHelp("Fill inputs that are not given with random values from this seed.", valueName: "SEED"))
  var random: UInt64?

  @Option(help: ArgumentHelp("Write every output to this folder as .npy.", valueName: "DIR"))
  var output: String?

  @OptionGroup var modelOptions: ModelOptions
  @OptionGroup var common: CommonOptions

  func run() throws {
    try Terminal.exitStatus {
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
      if let output {
        try FileAccess.createFolder(output)
        for (name, tensor) in zip(Self.fileNames(loaded.outputs.map(\.name)), outputs) {
          try NumpyFiles.write(tensor, to: "\(output)/\(name).npy")
        }
      }
      if common.json { return Terminal.json(OutputSummary.json(zip(loaded.outputs, outputs).map { ($0.name, $1) })) }
      for (port, tensor) in zip(loaded.outputs, outputs) { print(OutputSummary.line(port.name, tensor)) }
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
