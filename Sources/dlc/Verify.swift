import ArgumentParser
import DLCCompiler
import DLCData
import DLCReport

/// `dlc verify`: compares with stored answers.
struct Verify: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Runs stored test data and compares the answers, or checks a quantized plan's contract.",
    discussion: """
      Without --data a quantized plan runs on inputs that it describes itself, and its answers are compared with those \
      that the compiler got. Exit status 1 when they differ.

      DATA is a folder with ONNX's test_data_set_* folders (input_N.pb, output_N.pb) or .npz files with inputs and \
      expected outputs by name, one run each or many along the first axis; or a CSV with columns for inputs and outputs. \
      Inputs that decide shapes are compiled as constants of the data's value.
      """)

  @Argument(help: "An .onnx file or a plan.")
  var model: String

  @Option(help: ArgumentHelp("Inputs with their answers.", valueName: "DATA"))
  var data: String?

  @Option(help: "Relative tolerance.")
  var rtol = 1e-3

  @Option(help: "Absolute tolerance.")
  var atol = 1e-5

  @OptionGroup var dataOptions: DataOptions
  @OptionGroup var modelOptions: ModelOptions
  @OptionGroup var common: CommonOptions

  func validate() throws {
    if data == nil, let flag = dataOptions.given { throw ValidationError("\(flag) goes with --data DATA.") }
    guard rtol >= 0, atol >= 0 else { throw ValidationError("--rtol and --atol must not be negative.") }
  }

  func run() throws {
    try Terminal.exitStatus {
      guard let data else { return try checkContract() }
      let verification = Verification(
        model: model, data: try dataOptions.request(data), relativeTolerance: rtol, absoluteTolerance: atol,
        threads: common.threadCount)
      let result = try verification.run(options: try modelOptions.compileOptions(for: model))
      for note in result.notes { common.note(note) }
      if common.json {
        Terminal.json(result.json)
      } else {
        for line in result.lines where !common.quiet || !result.passed { print(line) }
      }
      if !result.passed { throw ExitCode(ExitStatus.missedBar.rawValue) }
    }
  }

  private func checkContract() throws {
    let result = try ContractCheck.run(model, threads: common.threadCount)
    if common.json {
      Terminal.json(result.json)
    } else {
      for line in result.lines where !common.quiet || !result.passed { print(line) }
    }
    if !result.passed { throw ExitCode(ExitStatus.missedBar.rawValue) }
  }
}
