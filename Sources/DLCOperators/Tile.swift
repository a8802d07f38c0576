import DLCGraph
import DLCTensor

/// Repeats the whole tensor along each axis: x -> y.
package struct Tile: Sendable, Hashable {
  package var repeats: [Int]

  package init(repeats: [Int]) {
    self.repeats = repeats
  }
}

extension Tile: Operator {
  package var mnemonic: String { "tile" }

  package var attributes: [OperatorAttribute] { [OperatorAttribute("repeats", list: repeats)] }

  package func infer(_ inputs: [TensorType]) throws(OperatorError) -> [TensorType] {
    try OperatorError.require(inputs, named: "x")
    try Movement.require("repeats", repeats.count, for: inputs[0])
    var extents: [Int] = []
    for (axis, count) in repeats.enumerated() {
      guard count >= 0 else { throw OperatorError("expected repeats of 0 or more, found \(count) along axis \(axis)") }
      extents.append(try inputs[0].shape[axis].times(count))
    }
    return [TensorType(inputs[0].element, try Shape(result: extents))]
  }

  package func evaluate(_ inputs: [Tensor]) throws(OperatorError) -> [Tensor] {
    let x = inputs[0].shape
    return [inputs[0].moved(move(of: x), to: Shape(zip(x.dimensions, repeats).map { $0 * $1 }))]
  }

  /// Output index r * n + i along an axis of n: the axes [r, n], the first of which does not move in the input.
  private func move(of x: Shape) -> StridedMove {
    let strides = x.strides
    return StridedMove(
      extents: (0..<x.rank).flatMap { [repeats[$0], x[$0]] }, sourceStrides: strides.flatMap { [0, $0] })
  }

  package var gradient: GradientRule {
    .rule { request, patch throws(OperatorError) in
      guard let gradient = request.outputGradients[0] else { return [nil] }
      let x = patch.type(of: request.inputs[0]).shape
      var extents: [Int] = []
      var repeated: [Int] = []
      for axis in 0..<x.rank {
        if repeats[axis] != 1 {
          repeated.append(extents.count)
          extents.append(repeats[axis])
        }
        extents.append(x[axis])
      }
      if repeated.isEmpty { return [gradient] }
      let split = try patch.emit(Reshape(shape: Shape(extents)), gradient)
      return [try patch.emit(Reduce(.sum, axes: repeated, keepsAxes: false), split)]
    }
  }

  package var quantization: QuantizationRule { .sharedScale(inputs: [0]) }

  package func lower(_ request: LoweringRequest) throws(OperatorError) -> Lowering {
    if request.inputs[0] == request.outputs[0] { return .alias }
    return Movement.lowerCopy(move(of: request.inputs[0].shape), request)
  }

  package func permuted(by permutation: [Int], inputs: [TensorType]) -> PermutedOperator? {
    guard permutation.count == repeats.count else { return nil }
    return PermutedOperator(
      Tile(repeats: Movement.permuted(repeats, by: permutation)), outputPermutations: [permutation])
  }
}
