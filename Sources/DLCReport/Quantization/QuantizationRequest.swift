import DLCQuantization

/// How a model is to be quantized while it is compiled.
package struct QuantizationRequest {
  package var options: QuantizationOptions
  /// Calibration data; nil: made-up inputs.
  package var data: DataRequest?
  /// Where calibration keeps its state, so that a stopped run goes on.
  package var stateFile: String?
  package var threads: Int
  /// Told what is going on, from the calling thread.
  package var progress: ((QuantizationProgress) -> Void)?

  package init(_ options: QuantizationOptions, data: DataRequest?, threads: Int) {
    self.options = options
    self.data = data
    self.threads = threads
  }

  /// Samples used when nothing else was asked for.
  package static let defaultSamples = 500
  /// Made-up samples used without data.
  static let syntheticSamples = 64

  /// The flags that shape the plan, for its provenance.
  func provenance(dataDigest: UInt64) -> String {
    var words = ["--quantize \(options.mode.rawValue)"]
    if data != nil { words.append("--samples \(options.samples)") }
    if options.rangeMethod != .automatic { words.append("--ranges \(options.rangeMethod)") }
    if let drop = options.maxDrop { words.append("--max-drop \(drop)") }
    let hexadecimal = String(dataDigest, radix: 16)
    let padding = String(repeating: "0", count: 16 - hexadecimal.count)
    return words.joined(separator: " ") + " calibration=" + (data == nil ? "synthetic" : padding + hexadecimal)
  }
}
