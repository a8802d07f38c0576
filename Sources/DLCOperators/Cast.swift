import CDLCKernels
import DLCGraph
import DLCTensor

/// Converts elements to another type: float to integer truncates and saturates, to bool tests for not zero.
package struct Cast: Sendable, Hashable {
  package var element: ElementType

  package init(to element: ElementType) { self.element = element }
}

extension Cast: Operator {
  package var mnemonic: String { "cast" }

  package var attributes: [OperatorAttribute] { [OperatorAttribute("to", element)] }

  package func infer(_ inputs: [TensorType]) throws(OperatorError) -> [TensorType] {
    try OperatorError.require(inputs, named: "x")
    return [TensorType(element, inputs[0].shape)]
  }

  package func evaluate(_ inputs: [Tensor]) throws(OperatorError) -> [Tensor] {
    _ = try infer(inputs.map(\.type))
    return [inputs[0].cast(to: element)]
  }

  package var gradient: GradientRule {
    guard element.isFloat else { return .undefined("a cast to \(element) is constant almost everywhere") }
    return .rule { (request, patch) throws(OperatorError) in
      let from = patch.type(of: request.inputs[0]).element
      guard let g = request.outputGradients[0], from.isFloat else { return [nil] }
      return [from == element ? g : try patch.emit(Cast(to: from), g)]
    }
  }

  package var quantization: QuantizationRule { .float("the element type is the model's own choice") }

  package func lower(_ request: LoweringRequest) throws(OperatorError) -> Lowering {
    if request.inputs[0] == request.outputs[0] { return .alias }
    if let limit = request.limit { return .undefined(limit) }
    return .kernels([
      KernelCall(
        DLC_KERNEL_cast, dlc_cast_params(reserved: 0),
        operands: [request.input(0, acceptsPitch: true), request.output(acceptsPitch: true)])
    ])
  }

  package func permuted(by permutation: [Int], inputs: [TensorType]) -> PermutedOperator? {
    permutedElementwise(self, by: permutation, inputs: inputs)
  }
}
