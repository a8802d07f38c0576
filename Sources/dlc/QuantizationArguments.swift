import ArgumentParser
import DLCData
import DLCQuantization
import DLCReport

/// How a model is quantized while it is compiled.
struct QuantizationArguments: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "none, int8, int16x8 (activations in 16 bits, weights in 8), dynamic (activations are quantized when run), int8-weights or int4-weights (activations stay floats).",
      valueName: "MODE"))
  var quantize = "none"

  @Option(help: ArgumentHelp("Real inputs to choose ranges by; some hundred do.", valueName: "DATA"))
  var calibrate: String?

  @Option(
    help: ArgumentHelp(
      "Samples of the calibration data to use (default \(QuantizationRequest.defaultSamples)).", valueName: "N"))
  var samples: Int?

  @Option(
    help: ArgumentHelp(
      "Return the most sensitive operators to floats until accuracy drops by this many percentage points at most.",
      valueName: "POINTS"))
  var maxDrop: Double?

  @Option(
    help: ArgumentHelp(
      "How ranges are chosen: auto, min-max, moving-average, entropy, mse, or percentile:99.99.", valueName: "METHOD"))
  var ranges = "auto"

  @Option(
    help: ArgumentHelp("Keep calibration's state in this file: a stopped compile goes on from it.", valueName: "FILE"))
  var calibrationState: String?

  @Option(
    help: ArgumentHelp(
      "How pictures become values, for calibration and kept in the plan: a JSON file, or one of \(Preprocessing.presets.joined(separator: ", ")).",
      valueName: "FILE.json"))
  var preprocess: String?

  @Flag(help: "Leave out calibration samples that cannot be read, count and list them.")
  var skipBad = false

  func validate() throws {
    let mode = QuantizationMode(rawValue: quantize)
    guard mode != nil || quantize == "none" else {
      throw ValidationError(
        "--quantize must be none, \(QuantizationMode.allCases.map(\.rawValue).joined(separator: ", ")), found '\(quantize)'."
      )
    }
    if mode == nil {
      let given = [
        ("--calibrate", calibrate != nil), ("--max-drop", maxDrop != nil), ("--ranges", ranges != "auto"),
        ("--calibration-state", calibrationState != nil),
      ]
      if let (flag, _) = given.first(where: \.1) {
        throw ValidationError("\(flag) needs --quantize int8 or another mode.")
      }
    }
    if let samples, samples < 1 { throw ValidationError("--samples must be positive, found \(samples).") }
    if samples != nil, calibrate == nil { throw ValidationError("--samples needs --calibrate DATA.") }
    if skipBad, calibrate == nil { throw ValidationError("--skip-bad needs --calibrate DATA.") }
    if let maxDrop, !(maxDrop >= 0) { throw ValidationError("--max-drop must not be negative, found \(maxDrop).") }
    _ = try rangeMethod()
  }

  private func rangeMethod() throws -> RangeMethod {
    switch ranges {
    case "auto": return .automatic
    case "min-max": return .minMax
    case "moving-average": return .movingAverage
    case "entropy": return .entropy
    case "mse": return .meanSquare
    default:
      let parts = ranges.split(separator: ":")
      guard parts.count == 2, parts[0] == "percentile", let share = Double(parts[1]), share > 50, share <= 100 else {
        throw ValidationError(
          "--ranges must be auto, min-max, moving-average, entropy, mse or percentile:P with P of 50 to 100, found '\(ranges)'."
        )
      }
      return .percentile(share)
    }
  }

  /// The preprocessing as the plan keeps it. Throws `DataError` for a file that is wrong.
  func storedPreprocessing() throws -> String? { try preprocess.map { try Preprocessing.load($0).text } }

  /// What was asked for, or nil for a float plan. Throws `DataError` for a preprocessing file that is wrong.
  func request(maxPlanBytes: Int?, threads: Int, _ bar: ProgressLine) throws -> QuantizationRequest? {
    guard let mode = QuantizationMode(rawValue: quantize) else { return nil }
    var options = QuantizationOptions()
    options.mode = mode
    options.rangeMethod = try rangeMethod()
    options.samples = samples ?? QuantizationRequest.defaultSamples
    options.maxDrop = maxDrop
    options.maxPlanBytes = maxPlanBytes
    var data: DataRequest?
    if let calibrate {
      data = DataRequest(calibrate)
      if let preprocess { data?.preprocessing = try Preprocessing.load(preprocess) }
      data?.skipsBad = skipBad
    }
    var request = QuantizationRequest(options, data: data, threads: threads)
    request.stateFile = calibrationState
    request.progress = { bar.show($0.done) }
    return request
  }
}
