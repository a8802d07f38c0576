import DLCGraph
import DLCTensor

/// Joins inputs along an axis: x0, x1, ... -> y.
package struct Concatenate: Sendable, Hashable {
  package var axis: Int

  package init(axis: Int) {
    self.axis = axis
  }
}

extension Concatenate: Operator {
  package var mnemonic: String { "concat" }

  package var attributes: [OperatorAttribute] { [OperatorAttribute("axis", axis)] }

  package func infer(_ inputs: [TensorType]) throws(OperatorError) -> [TensorType] {
    guard let first = inputs.first else { throw OperatorError("expected one input or more, found 0") }
    try OperatorError.require(axis: axis, rank: first.rank)
    var result = first.shape.dimensions
    for (k, input) in inputs.enumerated().dropFirst() {
      var expected = first
      if input.rank == first.rank { expected.shape[axis] = input.shape[axis] }
      guard input == expected else {
        throw OperatorError("expected input \(k) to equal \(first) except along axis \(axis), found \(input)")
      }
      result[axis] = try result[axis].plus(input.shape[axis])
    }
    return [TensorType(first.element, try Shape(result: result))]
  }

  package func evaluate(_ inputs: [Tensor]) throws(OperatorError) -> [Tensor] {
    let type = try infer(inputs.map(\.type))[0]
    let moves = moves(inputs.map(\.shape), to: type.shape)
    return [
      Tensor(type) { target in
        for (input, move) in zip(inputs, moves) {
          input.withBytes { move.run(from: $0, to: target, size: type.element.size) }
        }
      }
    ]
  }

  /// How each input comes to its place in an output of `shape`.
  private func moves(_ inputs: [Shape], to shape: Shape) -> [StridedMove] {
    let strides = shape.strides
    var start = 0
    return inputs.map { input in
      defer { start += input[axis] }
      return StridedMove(
        extents: input.dimensions, sourceStrides: input.strides, targetStrides: strides,
        targetOffset: start * strides[axis])
    }
  }

  package var gradient: GradientRule {
    .rule { request, patch throws(OperatorError) in
      var gradients: [ValueID?] = []
      var start = 0
      for input in request.inputs {
        let shape = patch.type(of: input).shape
        var starts = [Int](repeating: 0, count: shape.rank)
        starts[axis] = start
        start += shape[axis]
        guard let gradient = request.outputGradients[0] else {
          gradients.append(nil)
          continue
        }
        let part = Slice(starts: starts, counts: shape.dimensions, steps: starts.map { _ in 1 })
        gradients.append(try patch.emit(part, gradient))
      }
      return gradients
    }
  }

  /// The number of inputs is the node's: no input listed stands for all of them.
  package var quantization: QuantizationRule { .sharedScale(inputs: []) }

  package func lower(_ request: LoweringRequest) throws(OperatorError) -> Lowering {
    if request.inputs.count == 1 { return .alias }
    let y = request.outputs[0]
    var copies: [KernelCall] = []
    for (k, move) in moves(request.inputs.map(\.shape), to: y.shape).enumerated() {
      guard let copy = Movement.copyCall(move, from: .input(k), request.inputs[k], to: .output(0), y) else {
        return Movement.copyLimit(request.inputs[k], y)
      }
      copies.append(copy)
    }
    return .concatenate(axis: axis, copies: copies)
  }

  package func permuted(by permutation: [Int], inputs: [TensorType]) -> PermutedOperator? {
    guard inputs.allSatisfy({ $0.rank == permutation.count }), axis < permutation.count else { return nil }
    return PermutedOperator(Concatenate(axis: permutation[axis]), outputPermutations: [permutation])
  }
}
