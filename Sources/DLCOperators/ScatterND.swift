import CDLCKernels
import DLCGraph
import DLCTensor

/// y = data, then y[indices[..., :]] <- updates[...]: data, indices `[..., k]`, updates -> y.
package struct ScatterND: Sendable, Hashable {
  package var reduction: ScatterReduction

  package init(reduction: ScatterReduction) { self.reduction = reduction }
}

extension ScatterND: Operator {
  package var mnemonic: String { "scatter_nd" }

  package var attributes: [OperatorAttribute] { [OperatorAttribute("reduction", reduction.rawValue)] }

  package func infer(_ inputs: [TensorType]) throws(OperatorError) -> [TensorType] {
    try OperatorError.require(inputs, named: "data", "indices", "updates")
    let (data, indices) = (inputs[0], inputs[1])
    let length = try Movement.requireTuples(indices, of: data, batch: 0)
    let extents = indices.shape.dimensions.dropLast() + data.shape.dimensions[length...]
    try OperatorError.require(
      inputs[2], "updates", is: TensorType(data.element, try Shape(result: Array(extents))))
    try reduction.require(data)
    return [data]
  }

  package func evaluate(_ inputs: [Tensor]) throws(OperatorError) -> [Tensor] {
    let places = try Movement.tuplePlaces(inputs[1], in: inputs[0].shape, batch: 0)
    return [reduction.scatter(inputs[2], onto: inputs[0], at: places)]
  }

  package var gradient: GradientRule {
    reduction.gradient(scatter: { ScatterND(reduction: $0) }, gather: GatherND(batchDimensions: 0))
  }

  package var quantization: QuantizationRule { reduction.quantization }

  package func lower(_ request: LoweringRequest) throws(OperatorError) -> Lowering {
    if let reason = request.limit ?? reduction.limit(request.inputs[0].element) { return .undefined(reason) }
    let parameters = dlc_scatter_nd_params(reduction: reduction.code)
    return .kernels([
      KernelCall(
        DLC_KERNEL_scatter_nd, parameters,
        operands: [request.input(0), request.input(1), request.input(2), request.output()],
        inPlace: [InPlacePair(input: 0, output: 3)])
    ])
  }

  /// Tuples name axes by their order.
  package func permuted(by permutation: [Int], inputs: [TensorType]) -> PermutedOperator? { nil }
}
