import ArgumentParser
import DLCCompiler
import DLCReport
import Foundation

/// `dlc evaluate`: how well a model answers labelled data.
struct Evaluate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measures a model on labelled data.",
    discussion: """
      Classes: accuracy, top-5, precision, recall (sensitivity), F1, specificity and ROC-AUC of each class, confusion matrix. \
      True values: MAE, MSE, R2. The first output is judged; a single value is the probability of class 1.

      \(DataOptions.discussion)

      Example: dlc evaluate model.onnx --data photos --preprocess imagenet
      """)

  @Argument(help: "An .onnx file or a plan.")
  var model: String

  @Option(help: ArgumentHelp("Labelled data.", valueName: "DATA"))
  var data: String

  @Option(help: "Bar: share of samples whose best class is right, 0 to 1.")
  var minAccuracy: Double?

  @OptionGroup var dataOptions: DataOptions
  @OptionGroup var shapeOptions: ShapeOptions
  @OptionGroup var modelOptions: ModelOptions
  @OptionGroup var common: CommonOptions

  func validate() throws {
    if let minAccuracy, !(0...1).contains(minAccuracy) {
      throw ValidationError("--min-accuracy must be between 0 and 1, found \(minAccuracy).")
    }
  }

  func run() throws {
    try Terminal.exitStatus {
      var evaluation = Evaluation(model: model, data: try dataOptions.request(data), threads: common.threadCount)
      evaluation.minAccuracy = minAccuracy
      let bar = ProgressLine(isShown: !common.quiet, what: "samples")
      evaluation.progress = { bar.show($0) }
      let options = try modelOptions.compileOptions(for: model, shapes: shapeOptions.shapes)
      defer { bar.end() }
      let outcome = try evaluation.run(options: options)
      bar.end()
      for note in outcome.notes { common.note(note) }
      if common.json {
        Terminal.json(outcome.json)
      } else {
        for line in outcome.lines { print(line) }
      }
      if !outcome.passed { throw ExitCode(ExitStatus.missedBar.rawValue) }
    }
  }
}
