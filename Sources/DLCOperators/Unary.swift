import CDLCKernels
import DLCGraph
import DLCTensor

/// Applies a function to every element. x -> y of the same type (bool for `isNaN` and `isInfinite`).
package struct Unary: Sendable, Hashable {
  package var function: Function

  package init(_ function: Function) { self.function = function }
}

extension Unary: Operator {
  package var mnemonic: String { function.name }

  package var attributes: [OperatorAttribute] { function.attributes }

  package func infer(_ inputs: [TensorType]) throws(OperatorError) -> [TensorType] {
    try OperatorError.require(inputs, named: "x")
    try OperatorError.require(inputs[0], "x", in: function.elements)
    return [TensorType(function.isTest ? .bool : inputs[0].element, inputs[0].shape)]
  }

  package func evaluate(_ inputs: [Tensor]) throws(OperatorError) -> [Tensor] {
    let type = try infer(inputs.map(\.type))[0]
    let x = inputs[0]
    if function == .identity { return [x] }
    if let integer = x.element.integerType { return [function.evaluate(x, as: integer)] }
    return [Tensor(doubles: x.doubles().map { function($0) }, type: type)]
  }

  package var gradient: GradientRule {
    if let obstacle = function.gradientObstacle { return .undefined(obstacle) }
    return .rule { (request, patch) throws(OperatorError) in
      guard let g = request.outputGradients[0] else { return [nil] }
      return [try function.gradient(&patch, x: request.inputs[0], y: request.outputs[0], g: g)]
    }
  }

  package var quantization: QuantizationRule {
    switch function {
    case .identity: .sharedScale(inputs: [0])
    case .sigmoid, .hardSigmoid: .fixedOutput(scale: 1.0 / 256, zeroPoint: -128)
    case .tanh: .fixedOutput(scale: 1.0 / 128, zeroPoint: 0)
    case .not, .bitwiseNot, .isNaN, .isInfinite: .float("\(function.name) is no function of real numbers")
    default: .lookupTable
    }
  }

  package func lower(_ request: LoweringRequest) throws(OperatorError) -> Lowering {
    if function == .identity { return .alias }
    if let limit = request.limit { return .undefined(limit) }
    let call = KernelCall(
      DLC_KERNEL_unary, function.unaryParameters,
      operands: [request.input(0, acceptsPitch: true), request.output(acceptsPitch: true)],
      inPlace: function.isTest ? [] : [InPlacePair(input: 0, output: 1)])
    return .kernels([call])
  }

  package func permuted(by permutation: [Int], inputs: [TensorType]) -> PermutedOperator? {
    permutedElementwise(self, by: permutation, inputs: inputs)
  }
}
