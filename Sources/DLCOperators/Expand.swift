import DLCGraph
import DLCTensor

/// Repeats axes of extent 1 (and adds leading axes) to reach `shape`, as numpy broadcasting does: x -> y.
package struct Expand: Sendable, Hashable {
  package var shape: Shape

  package init(shape: Shape) {
    self.shape = shape
  }
}

extension Expand: Operator {
  package var mnemonic: String { "expand" }

  package var attributes: [OperatorAttribute] { [OperatorAttribute("shape", shape)] }

  package func infer(_ inputs: [TensorType]) throws(OperatorError) -> [TensorType] {
    try OperatorError.require(inputs, named: "x")
    let shape = try Shape(result: shape.dimensions)
    guard inputs[0].shape.broadcast(with: shape) == shape else {
      throw OperatorError("expected a shape that \(shape) broadcasts from, found \(inputs[0])")
    }
    return [TensorType(inputs[0].element, shape)]
  }

  package func evaluate(_ inputs: [Tensor]) throws(OperatorError) -> [Tensor] {
    [inputs[0].moved(move(of: inputs[0].shape), to: shape)]
  }

  private func move(of x: Shape) -> StridedMove {
    StridedMove(extents: shape.dimensions, sourceStrides: x.broadcastStrides(to: shape))
  }

  package var gradient: GradientRule {
    .rule { request, patch throws(OperatorError) in
      guard let gradient = request.outputGradients[0] else { return [nil] }
      return [try patch.sum(gradient, to: patch.type(of: request.inputs[0]).shape)]
    }
  }

  package var quantization: QuantizationRule { .sharedScale(inputs: [0]) }

  package func lower(_ request: LoweringRequest) throws(OperatorError) -> Lowering {
    if request.inputs[0].shape.count == shape.count { return .alias }
    return Movement.lowerCopy(move(of: request.inputs[0].shape), request)
  }

  package func permuted(by permutation: [Int], inputs: [TensorType]) -> PermutedOperator? {
    guard inputs.first?.rank == shape.rank, permutation.count == shape.rank else { return nil }
    let op = Expand(shape: Shape(Movement.permuted(shape.dimensions, by: permutation)))
    return PermutedOperator(op, outputPermutations: [permutation])
  }
}
