import DLCTensor

/// How gradients flow back through an operator.
package enum GradientRule: Sendable {
  /// Emits the gradients of the inputs as IR into the patch, one per input; nil for an input that has none (indices, shapes).
  case rule(@Sendable (GradientRequest, inout GraphPatch) throws(OperatorError) -> [ValueID?])
  /// The derivative is zero almost everywhere or the outputs are not real numbers.
  case undefined(String)
}

/// What a gradient rule starts from.
package struct GradientRequest: Sendable {
  /// The node's inputs and outputs in the graph that the patch extends.
  package var inputs: [ValueID]
  package var outputs: [ValueID]
  /// The gradient of the loss with respect to each output, of the output's type; nil where nothing depends on it.
  package var outputGradients: [ValueID?]

  package init(inputs: [ValueID], outputs: [ValueID], outputGradients: [ValueID?]) {
    self.inputs = inputs
    self.outputs = outputs
    self.outputGradients = outputGradients
  }
}

/// How an operator takes part in an integer network.
package enum QuantizationRule: Sendable, Hashable {
  /// Inputs and output have scales of their own; `weights` names the input quantized per output channel along `axis`.
  case integer(weights: Int?, axis: Int)
  /// The listed inputs and the output share one scale and zero point: data movement, max pooling, concatenation.
  case sharedScale(inputs: [Int])
  /// The output's range is known beforehand: `real = (q - zeroPoint) * scale`.
  case fixedOutput(scale: Double, zeroPoint: Int)
  /// A function of one 8-bit argument: 256 answers computed at compile time.
  case lookupTable
  /// Stays in floating point, for the reason given.
  case float(String)
}
