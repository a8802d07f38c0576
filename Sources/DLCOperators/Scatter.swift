import CDLCKernels
import DLCGraph
import DLCTensor

/// How an update meets what stands at its place.
package enum ScatterReduction: String, Sendable, Hashable, CaseIterable {
  case replace, add, multiply, maximum, minimum
}

/// y = data, then y[indices[i,j,k],j,k] <- updates[i,j,k] for axis 0, and so on: data, indices, updates -> y.
package struct ScatterElements: Sendable, Hashable {
  package var axis: Int
  package var reduction: ScatterReduction

  package init(axis: Int, reduction: ScatterReduction) {
    self.axis = axis
    self.reduction = reduction
  }
}

extension ScatterElements: Operator {
  package var mnemonic: String { "scatter_elements" }

  package var attributes: [OperatorAttribute] {
    [OperatorAttribute("axis", axis), OperatorAttribute("reduction", reduction.rawValue)]
  }

  package func infer(_ inputs: [TensorType]) throws(OperatorError) -> [TensorType] {
    try OperatorError.require(inputs, named: "data", "indices", "updates")
    try Movement.requireAligned(inputs[1], with: inputs[0], axis: axis)
    let updates = TensorType(inputs[0].element, inputs[1].shape)
    try OperatorError.require(inputs[2], "updates", is: updates)
    try reduction.require(inputs[0])
    return [inputs[0]]
  }

  package func evaluate(_ inputs: [Tensor]) throws(OperatorError) -> [Tensor] {
    let places = try Movement.places(inputs[1], in: inputs[0].shape, axis: axis)
    return [reduction.scatter(inputs[2], onto: inputs[0], at: places)]
  }

  package var gradient: GradientRule {
    reduction.gradient(scatter: { ScatterElements(axis: axis, reduction: $0) }, gather: GatherElements(axis: axis))
  }

  package var quantization: QuantizationRule { reduction.quantization }

  package func lower(_ request: LoweringRequest) throws(OperatorError) -> Lowering {
    if let reason = request.limit ?? reduction.limit(request.inputs[0].element) { return .undefined(reason) }
    let parameters = dlc_scatter_elements_params(axis: try Int32(parameter: axis), reduction: reduction.code)
    return .kernels([
      KernelCall(
        DLC_KERNEL_scatter_elements, parameters,
        operands: [request.input(0), request.input(1), request.input(2), request.output()],
        inPlace: [InPlacePair(input: 0, output: 3)])
    ])
  }

  /// Data, indices and updates are all stored in the other order.
  package func permuted(by permutation: [Int], inputs: [TensorType]) -> PermutedOperator? {
    guard inputs.allSatisfy({ $0.rank == permutation.count }), axis < permutation.count else { return nil }
    return PermutedOperator(
      ScatterElements(axis: permutation[axis], reduction: reduction), outputPermutations: [permutation])
  }
}
