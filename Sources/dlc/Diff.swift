import ArgumentParser
import DLCCompiler
import DLCReport

/// `dlc diff`: how far two models' answers lie apart.
struct Diff: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measures the difference between two models' outputs on the same inputs.",
    discussion: """
      Bars that are missed are printed and give exit status 1.

      \(DataOptions.discussion)
      """)

  @Argument(help: "The model that is right: an .onnx file or a plan.")
  var reference: String

  @Argument(help: "The model to judge.")
  var candidate: String

  @Option(help: ArgumentHelp("Inputs; labels and answers are not needed.", valueName: "DATA"))
  var data: String?

  @Option(help: ArgumentHelp("Use this many random samples instead of data.", valueName: "N"))
  var random: Int?

  @Option(help: "Seed of the random samples.")
  var seed: UInt64 = 1

  @Option(help: "Bar: largest absolute error.") var maxAbs: Double?
  @Option(help: "Bar: cosine similarity of each output.") var minCosine: Double?
  @Option(help: "Bar: signal to noise of each output in dB.") var minSqnr: Double?
  @Option(help: "Bar: share of samples whose best class agrees, 0 to 1.") var minTop1: Double?
  @Flag(help: "Trace the error to the layers where it arises, with cause and remedy; REFERENCE is an .onnx file then.")
  var perLayer = false

  @OptionGroup var dataOptions: DataOptions
  @OptionGroup var shapeOptions: ShapeOptions
  @OptionGroup var modelOptions: ModelOptions
  @OptionGroup var common: CommonOptions

  func validate() throws {
    guard (data == nil) != (random == nil) else { throw ValidationError("Give either --data DATA or --random N.") }
    if data == nil, let flag = dataOptions.given { throw ValidationError("\(flag) goes with --data DATA.") }
    if let random, random < 1 { throw ValidationError("--random must be positive, found \(random).") }
  }

  func run() throws {
    try Terminal.exitStatus {
      let comparison = ModelComparison(
        reference: reference, candidate: candidate, data: try data.map { try dataOptions.request($0) },
        randomSamples: random, seed: seed,
        threads: common.threadCount,
        bars: .init(maxAbsolute: maxAbs, minCosine: minCosine, minSQNR: minSqnr, minTop1: minTop1),
        perLayer: perLayer)
      let result = try comparison.run(
        options: try modelOptions.compileOptions(
          for: reference, candidate, shapes: shapeOptions.shapes))
      for note in result.notes { common.note(note) }
      if common.json {
        Terminal.json(result.json)
      } else {
        for line in result.lines { print(line) }
      }
      if !result.passed { throw ExitCode(ExitStatus.missedBar.rawValue) }
    }
  }
}
