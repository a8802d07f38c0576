import CDLCKernels
import DLCGraph
import DLCTensor

/// Takes slices of x along `axis` at `indices` (i32 or i64; negative count from the end): x, indices -> y.
package struct Gather: Sendable, Hashable {
  package var axis: Int

  package init(axis: Int) {
    self.axis = axis
  }
}

extension Gather: Operator {
  package var mnemonic: String { "gather" }

  package var attributes: [OperatorAttribute] { [OperatorAttribute("axis", axis)] }

  package func infer(_ inputs: [TensorType]) throws(OperatorError) -> [TensorType] {
    try OperatorError.require(inputs, named: "x", "indices")
    let (x, indices) = (inputs[0], inputs[1])
    try OperatorError.require(axis: axis, rank: x.rank)
    try Movement.require(indices: indices)
    let extents = x.shape.dimensions[..<axis] + indices.shape.dimensions + x.shape.dimensions[(axis + 1)...]
    return [TensorType(x.element, try Shape(result: Array(extents)))]
  }

  package func evaluate(_ inputs: [Tensor]) throws(OperatorError) -> [Tensor] {
    let x = inputs[0]
    let type = try infer(inputs.map(\.type))[0]
    let (outer, extent, inner) = x.shape.split(at: axis)
    let indices = try Movement.indices(inputs[1], extent: extent)
    let flat = x.reshaped(to: [outer, extent, inner])
    let tables = [Array(0..<outer), indices, Array(0..<inner)]
    return [flat.selected(tables, to: [outer, indices.count, inner]).reshaped(to: type.shape)]
  }

  package var gradient: GradientRule {
    .rule { request, patch throws(OperatorError) in
      guard let gradient = request.outputGradients[0] else { return [nil, nil] }
      let x = patch.type(of: request.inputs[0])
      let (outer, extent, inner) = x.shape.split(at: axis)
      let count = patch.type(of: request.inputs[1]).shape.count
      let indices = try patch.reshape(request.inputs[1], to: [count, 1])
      var updates = try patch.reshape(gradient, to: [outer, count, inner])
      // Slices are scattered along the first axis; one outer slice is there already.
      updates = try outer == 1 ? patch.reshape(updates, to: [count, 1, inner]) : patch.transpose(updates, [1, 0, 2])
      let zeros = try patch.expand(patch.scalar(0, like: gradient), to: [extent, outer, inner])
      var sum = try patch.emit(ScatterND(reduction: .add), zeros, indices, updates)
      // Reshaping does the same while one outer slice is there.
      if outer != 1 { sum = try patch.transpose(sum, [1, 0, 2]) }
      return [try patch.reshape(sum, to: x.shape), nil]
    }
  }

  package var quantization: QuantizationRule { .sharedScale(inputs: [0]) }

  package func lower(_ request: LoweringRequest) throws(OperatorError) -> Lowering {
    let (outer, extent, inner) = request.inputs[0].shape.split(at: axis)
    let count = request.inputs[1].shape.count
    // Three axes are enough whatever the ranks are.
    let operands = [
      request.input(0, as: [outer, extent, inner]), request.input(1, as: [count]),
      request.output(0, as: [outer, count, inner]),
    ]
    if let reason = Movement.limit(operands.map(\.type)) { return .undefined(reason) }
    let parameters = dlc_gather_params(axis: 1)
    return .kernels([KernelCall(DLC_KERNEL_gather, parameters, operands: operands)])
  }

  package func permuted(by permutation: [Int], inputs: [TensorType]) -> PermutedOperator? {
    guard inputs.count == 2, inputs[0].rank == permutation.count, axis < permutation.count else { return nil }
    let place = permutation[axis]
    let added = inputs[1].rank
    let moved = permutation.map { $0 < place ? $0 : $0 + added - 1 }
    let output = moved[..<axis] + (0..<added).map { place + $0 } + moved[(axis + 1)...]
    return PermutedOperator(Gather(axis: place), outputPermutations: [Array(output)], unchangedInputs: [1])
  }
}
