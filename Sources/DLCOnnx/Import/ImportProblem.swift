/// One thing that stops a model from being compiled.
package struct ImportProblem: Error, Sendable, Hashable {
  /// The node's name, or what stands for it: `output 'y'`.
  package var node: String
  /// ONNX operator, with its domain when that is not the standard one; empty when no node is concerned.
  package var op: String
  /// The opset version that the model declares for the operator's domain.
  package var opset: Int
  /// The element type concerned, or empty.
  package var type: String
  /// What was expected and what was found.
  package var reason: String
  /// A way out.
  package var advice: String
  /// Graph inputs whose values would have to be known when the model is compiled.
  package var neededConstants: [String]

  package init(
    node: String, op: String, opset: Int, type: String, reason: String, advice: String, neededConstants: [String] = []
  ) {
    self.node = node
    self.op = op
    self.opset = opset
    self.type = type
    self.reason = reason
    self.advice = advice
    self.neededConstants = neededConstants
  }
}

extension ImportProblem: CustomStringConvertible {
  package var description: String {
    let version = opset == 0 ? "" : " (opset \(opset))"
    let place = op.isEmpty ? node : "\(op) '\(node)'\(version)"
    let text = place.isEmpty ? reason : "\(place): \(reason)"
    return advice.isEmpty ? text + "." : "\(text). \(advice)"
  }
}

/// Why a model cannot be imported.
package enum ImportError: Error, Sendable {
  /// The file cannot be read as ONNX.
  case file(OnnxError)
  /// The model cannot be compiled; every reason found.
  case problems(file: String, [ImportProblem])
}

extension ImportError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .file(let error): error.description
    case .problems(let file, let problems):
      problems.count == 1
        ? "\(file): \(problems[0])"
        : "\(file): \(problems.count) things stop it; the first: \(problems[0]) Run 'dlc check \(file)' for all of them."
    }
  }
}
