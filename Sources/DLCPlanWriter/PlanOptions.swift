/// What a plan records of its making, and what it keeps.
package struct PlanOptions: Sendable {
  /// The model's file name, without its folder.
  package var source = ""
  /// A digest of the model's file.
  package var sourceHash = ""
  /// The options that shaped the plan, as text.
  package var options = ""
  /// Name and version of the compiler.
  package var compiler = ""
  /// Whether every value that a node computes is an output too, for comparing layer by layer.
  package var keepIntermediates = false
  /// What was measured of the plan's accuracy.
  package var contract: PlanContract?
  /// From pixels to inputs, as canonical JSON text.
  package var preprocessing: String?
  /// What channels of values are divided by compared with the model, by the name of the value or of the node that computes it:
  /// integers with a scale get one for each channel, so that they stand for the model's real numbers.
  package var channelScales: [String: [Float]] = [:]

  package init() {}
}

/// Why a graph has no plan.
package enum PlanError: Error, Hashable, CustomStringConvertible {
  /// No kernel does what the node asks, or it cannot be lowered.
  case unsupported(node: String, op: String, reason: String)
  /// More weights than a plan may carry, in bytes.
  case weightsTooLarge(bytes: Int, limit: Int)
  /// More of something than the format counts.
  case tooLarge(String)
  /// The file could not be written; `code` is an errno number.
  case cannotWrite(path: String, code: Int32)
  /// The graph has a cycle or a broken reference.
  case malformed(String)

  package var description: String {
    switch self {
    case .unsupported(let node, let op, let reason): "\(op) '\(node)' cannot stand in a plan: \(reason)"
    case .weightsTooLarge(let bytes, let limit):
      "the weights take \(bytes) bytes and a plan carries at most \(limit); quantize the model or split it"
    case .tooLarge(let what): "the plan is too large: \(what)"
    case .cannotWrite(let path, let code): "cannot write '\(path)': errno \(code)"
    case .malformed(let reason): "the graph cannot be planned: \(reason)"
    }
  }
}
