import ArgumentParser
import DLCCompiler
import DLCReport

/// `dlc inspect`: what a model holds.
struct Inspect: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Shows a model's inputs, outputs, operators, parameters, multiply-accumulates and memory plan.")

  @Argument(help: "An .onnx file or a plan.")
  var model: String

  @Flag(help: "Print the compiled graph for Graphviz instead (ONNX models only).")
  var dot = false

  @OptionGroup var shapeOptions: ShapeOptions
  @OptionGroup var modelOptions: ModelOptions
  @OptionGroup var common: CommonOptions

  func validate() throws {
    if dot, common.json { throw ValidationError("--dot and --json exclude each other.") }
  }

  func run() throws {
    try Terminal.exitStatus {
      let options = try modelOptions.compileOptions(for: model, shapes: shapeOptions.shapes)
      if dot { return print(try Inspection.dot(model, options: options)) }
      let result = try Inspection.run(model, options: options)
      for note in result.notes { common.note(note) }
      if common.json { return Terminal.json(result.json) }
      for line in result.lines { print(line) }
    }
  }
}
