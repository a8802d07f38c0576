import ArgumentParser
import DLCCompiler
import DLCReport

/// `dlc compile`: the main job.
struct Compile: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Compiles an ONNX model to a plan.",
    discussion: """
      \(DataOptions.discussion)

      Examples: dlc compile model.onnx -o model.plan --dim N=1
                dlc compile model.onnx -o model.plan --quantize int8 --calibrate photos --preprocess imagenet
      """)

  @Argument(help: "The .onnx file.")
  var model: String

  @Option(name: [.customShort("o"), .customLong("output")], help: "The plan to write.")
  var output: String

  @Option(help: "Refuse a plan of more bytes than this.")
  var maxPlanBytes: Int?

  @Option(help: "Refuse a plan whose arena needs more bytes than this.")
  var maxArenaBytes: Int?

  @Option(help: ArgumentHelp("Write the graph after every pass into this folder.", valueName: "DIR"))
  var dumpGraph: String?

  @Option(help: "The processor the plan is for: native or portable (one plan fits all in this version).")
  var target = "native"

  @Option(help: "What to write: plan, or onnx (the model with its fusions made, for other runtimes).")
  var emit = "plan"

  @OptionGroup(title: "Quantization")
  var quantizationOptions: QuantizationArguments

  @Option(help: .hidden) var report: String?

  @OptionGroup var shapeOptions: ShapeOptions
  @OptionGroup var modelOptions: ModelOptions
  @OptionGroup var common: CommonOptions

  func validate() throws {
    func later(_ flag: String) -> ValidationError { ValidationError("\(flag) is not available in this version.") }
    if emit == "c" { throw later("--emit \(emit)") }
    guard emit == "plan" || emit == "onnx" else {
      throw ValidationError("--emit must be plan or onnx, found '\(emit)'.")
    }
    if emit == "onnx", maxPlanBytes != nil || maxArenaBytes != nil {
      throw ValidationError("--max-plan-bytes and --max-arena-bytes are about plans; --emit onnx writes none.")
    }
    if report != nil { throw later("--report") }
    let targets = ["native", "portable", "x86-64-v3", "x86-64-v4", "aarch64", "aarch64-dotprod", "armv7", "riscv64"]
    guard targets.contains(target) else {
      throw ValidationError("--target must be one of \(targets.joined(separator: ", ")), found '\(target)'.")
    }
    for (flag, value) in [("--max-plan-bytes", maxPlanBytes), ("--max-arena-bytes", maxArenaBytes)] {
      if let value, value < 1 { throw ValidationError("\(flag) must be positive, found \(value).") }
    }
  }

  func run() throws {
    try Terminal.exitStatus {
      var options = try modelOptions.compileOptions(shapes: shapeOptions.shapes)
      options.maxPlanBytes = maxPlanBytes
      options.maxArenaBytes = maxArenaBytes
      options.dumpFolder = dumpGraph
      options.preprocessing = try quantizationOptions.storedPreprocessing()
      let bar = ProgressLine(isShown: !common.quiet, what: "samples")
      let request = try quantizationOptions.request(maxPlanBytes: maxPlanBytes, threads: common.threadCount, bar)
      defer { bar.end() }
      if emit == "onnx" {
        let result = try Engine.export(model, to: output, options: options, quantization: request)
        bar.end()
        for note in result.notes { common.note(note) }
        if common.json { return Terminal.json(result.json) }
        if !common.quiet { print(result.text) }
        return
      }
      let result = try Engine.compile(model, to: output, options: options, quantization: request)
      bar.end()
      for note in result.notes { common.note(note) }
      if common.json { return Terminal.json(result.json) }
      if !common.quiet { print(result.text) }
    }
  }
}
