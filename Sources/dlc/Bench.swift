import ArgumentParser
import DLCCompiler
import DLCReport

/// `dlc bench`: how fast a model runs here.
struct Bench: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Times a model on random inputs.",
    discussion: "Times are of one run from filled inputs to outputs; --profile adds a table of steps.")

  @Argument(help: "An .onnx file or a plan.")
  var model: String

  @Option(help: "How long to measure.")
  var seconds = 2.0

  @Flag(help: "Time every step: ms, MACs, GFLOP/s, share of this machine's measured peak.")
  var profile = false

  @OptionGroup var shapeOptions: ShapeOptions
  @OptionGroup var modelOptions: ModelOptions
  @OptionGroup var common: CommonOptions

  func validate() throws {
    guard seconds > 0, seconds <= 3600 else { throw ValidationError("--seconds must be above 0 and at most 3600.") }
  }

  func run() throws {
    try Terminal.exitStatus {
      let benchmark = Benchmark(model: model, seconds: seconds, threads: common.threadCount, profiles: profile)
      let result = try benchmark.run(options: try modelOptions.compileOptions(for: model, shapes: shapeOptions.shapes))
      for note in result.notes { common.note(note) }
      if common.json { return Terminal.json(result.json) }
      for line in result.lines { print(line) }
    }
  }
}
