import DLCTensor

/// What a user says about a model's open dimensions and inputs.
package struct ImportOptions: Sendable {
  /// Extents by input name (`--input NAME=1,3,224,224`).
  package var inputShapes: [String: [Int]] = [:]
  /// Extents by symbolic dimension (`--dim N=1`).
  package var dimensions: [String: Int] = [:]
  /// Inputs fixed to a value when the model is compiled; they are no inputs of the plan.
  package var constants: [String: Tensor] = [:]

  package init() {}
}
