import DLCGraph

/// Why a network was not quantized.
package enum QuantizationError: Error, Sendable, Hashable {
  /// The runner could not lower or run a graph, for the reason given.
  case execution(String)
  /// The samples cannot be read or do not fit the network's inputs.
  case samples(String)
  /// A stored calibration is damaged or of another graph, other data or other options.
  case checkpoint(String)
  /// The file of calibration's state cannot be written.
  case unwritable(String)
  /// A bound on accuracy or size cannot be kept: a sentence with the best point that was found.
  case unreached(String)
  /// The caller stopped the work from its progress callback.
  case stopped
  /// A broken invariant of ours.
  case internalFault(String)

  /// What an operator refused while a graph was built.
  init(_ error: OperatorError) { self = .internalFault(error.reason) }
}

extension QuantizationError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .execution(let reason): "The network cannot be run for calibration: \(reason)."
    case .samples(let reason): "The calibration data cannot be used: \(reason)."
    case .checkpoint(let reason): "The stored calibration cannot be continued: \(reason). Delete it to begin anew."
    case .unwritable(let path):
      "cannot write '\(path)', calibration's state. Check the folder, its permissions and its space."
    case .unreached(let sentence): sentence
    case .stopped: "Quantization was stopped."
    case .internalFault(let reason): "internal fault in quantization: \(reason). Please report it with the model."
    }
  }
}
