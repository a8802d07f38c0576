import ArgumentParser
import DLCCompiler
import DLCReport

/// `dlc check`: everything that would stop a compile, at once.
struct Check: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Lists everything that would stop a model from being compiled, with a way out for each.",
    discussion: "Exit status 0 when the model compiles, 65 when it does not.")

  @Argument(help: "The .onnx file.")
  var model: String

  @OptionGroup var shapeOptions: ShapeOptions
  @OptionGroup var modelOptions: ModelOptions
  @OptionGroup var common: CommonOptions

  func run() throws {
    try Terminal.exitStatus {
      let result = try ModelCheck.run(model, options: try modelOptions.compileOptions(shapes: shapeOptions.shapes))
      for note in result.notes { common.note(note) }
      if common.json {
        Terminal.json(result.json)
      } else {
        for line in result.lines { print(line) }
      }
      if !result.compiles { throw ExitCode(ExitStatus.badData.rawValue) }
    }
  }
}
