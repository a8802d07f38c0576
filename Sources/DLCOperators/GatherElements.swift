import CDLCKernels
import DLCGraph
import DLCTensor

/// y[i,j,k] = x[indices[i,j,k],j,k] for axis 0, and so on: x, indices -> y [as indices].
package struct GatherElements: Sendable, Hashable {
  package var axis: Int

  package init(axis: Int) {
    self.axis = axis
  }
}

extension GatherElements: Operator {
  package var mnemonic: String { "gather_elements" }

  package var attributes: [OperatorAttribute] { [OperatorAttribute("axis", axis)] }

  package func infer(_ inputs: [TensorType]) throws(OperatorError) -> [TensorType] {
    try OperatorError.require(inputs, named: "x", "indices")
    try Movement.requireAligned(inputs[1], with: inputs[0], axis: axis)
    return [TensorType(inputs[0].element, inputs[1].shape)]
  }

  package func evaluate(_ inputs: [Tensor]) throws(OperatorError) -> [Tensor] {
    let x = inputs[0]
    let places = try Movement.places(inputs[1], in: x.shape, axis: axis)
    let size = x.element.size
    return [
      Tensor(TensorType(x.element, inputs[1].shape)) { target in
        x.withBytes { source in
          switch size {
          case 1: Movement.pick(source, places, target, of: UInt8.self)
          case 2: Movement.pick(source, places, target, of: UInt16.self)
          case 4: Movement.pick(source, places, target, of: UInt32.self)
          default: Movement.pick(source, places, target, of: UInt64.self)
          }
        }
      }
    ]
  }

  package var gradient: GradientRule {
    .rule { request, patch throws(OperatorError) in
      guard let gradient = request.outputGradients[0] else { return [nil, nil] }
      let zeros = try patch.filled(0, like: request.inputs[0])
      let scatter = ScatterElements(axis: axis, reduction: .add)
      return [try patch.emit(scatter, zeros, request.inputs[1], gradient), nil]
    }
  }

  package var quantization: QuantizationRule { .sharedScale(inputs: [0]) }

  package func lower(_ request: LoweringRequest) throws(OperatorError) -> Lowering {
    if let reason = request.limit { return .undefined(reason) }
    let parameters = dlc_gather_elements_params(axis: try Int32(parameter: axis))
    let operands = [request.input(0), request.input(1), request.output()]
    return .kernels([KernelCall(DLC_KERNEL_gather_elements, parameters, operands: operands)])
  }

  /// The indices are stored in the other order too.
  package func permuted(by permutation: [Int], inputs: [TensorType]) -> PermutedOperator? {
    guard inputs.allSatisfy({ $0.rank == permutation.count }), axis < permutation.count else { return nil }
    return PermutedOperator(GatherElements(axis: permutation[axis]), outputPermutations: [permutation])
  }
}
