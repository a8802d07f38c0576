import DLCQuantization
import Foundation

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

  /// The flags that shape the plan, for its provenance.
  func provenance(dataDigest: UInt64) -> String {
    var words = ["--quantize \(options.mode.rawValue)"]
    if data != nil { words.append("--samples \(options.samples)") }
    if options.rangeMethod != .automatic { words.append("--ranges \(options.rangeMethod)") }
    if let drop = options.maxDrop { words.append("--max-drop \(drop)") }
    return words.joined(separator: " ") + " calibration=" + (data == nil ? "synthetic" : hexadecimal(dataDigest))
  }

  /// What the samples were, in words; without the folder they lie in, which differs from machine to machine.
  func dataDescription(count: Int?) -> String {
    let number = count.map { "\($0) " } ?? ""
    guard let data else { return "\(number)made-up samples" }
    return "\(number)samples of '\(URL(fileURLWithPath: data.path).lastPathComponent)'"
  }
}

/// A digest as 16 digits.
func hexadecimal(_ digest: UInt64) -> String {
  let digits = String(digest, radix: 16)
  return String(repeating: "0", count: 16 - digits.count) + digits
}
