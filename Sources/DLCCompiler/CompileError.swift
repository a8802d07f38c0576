import DLCOnnx

/// Why a model was not compiled.
package enum CompileError: Error, Sendable {
  /// The model cannot be imported.
  case importing(ImportError)
  /// No kernel does what a node needs.
  case problems(file: String, [ImportProblem])
  /// A limit that the caller set is passed.
  case limit(String)
  /// The plan cannot be written.
  case unwritable(String)
  /// A pass or the plan writer broke an invariant: a fault of ours.
  case internalFault(String)
}

extension CompileError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .importing(let error): error.description
    case .problems(let file, let problems): ImportError.problems(file: file, problems).description
    case .limit(let text), .unwritable(let text): text
    case .internalFault(let text):
      "internal fault: \(text). Please report it with the model; -O 0 may avoid it."
    }
  }
}
