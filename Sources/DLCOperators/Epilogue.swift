/// What a contraction does to its result before storing it: y = function(result + bias + residual).
///
/// Bias and residual are the operator's last inputs, in this order, when present.
package struct Epilogue: Sendable, Hashable {
  /// A vector over output channels.
  package var bias: Bool
  /// A tensor of the output's shape.
  package var residual: Bool
  package var function: Function?

  package init(bias: Bool = false, residual: Bool = false, function: Function? = nil) {
    self.bias = bias
    self.residual = residual
    self.function = function
  }

  /// Nothing to do.
  package static let none = Epilogue()
}
