import DLCOnnx

/// A model that was read and cannot be compiled, with every reason.
package struct UncompilableModel: Error {
  package var file: String
  package var problems: [ImportProblem]

  /// As an error of a command: the first reason, and where the others are.
  package var failure: Failure {
    Failure(.badData, ImportError.problems(file: file, problems).description)
  }
}
