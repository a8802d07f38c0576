import DLCGraph
import DLCTensor

/// Takes `counts[i]` elements from `starts[i]` on, `steps[i]` apart (steps may be negative), along every axis: x -> y.
package struct Slice: Sendable, Hashable {
  package var starts: [Int]
  package var counts: [Int]
  package var steps: [Int]

  package init(starts: [Int], counts: [Int], steps: [Int]) {
    self.starts = starts
    self.counts = counts
    self.steps = steps
  }
}

extension Slice: Operator {
  package var mnemonic: String { "slice" }

  package var attributes: [OperatorAttribute] {
    [
      OperatorAttribute("starts", list: starts), OperatorAttribute("counts", list: counts),
      OperatorAttribute("steps", list: steps),
    ]
  }

  package func infer(_ inputs: [TensorType]) throws(OperatorError) -> [TensorType] {
    try OperatorError.require(inputs, named: "x")
    let x = inputs[0]
    try Movement.require("starts", starts.count, for: x)
    try Movement.require("counts", counts.count, for: x)
    try Movement.require("steps", steps.count, for: x)
    let shape = try Shape(result: counts)
    for axis in 0..<x.rank where counts[axis] > 0 {
      guard steps[axis] != 0 else { throw OperatorError("expected a step other than 0 along axis \(axis), found 0") }
      let reach = try (counts[axis] - 1).times(steps[axis])
      let last = try starts[axis].plus(reach)
      let range = 0..<x.shape[axis]
      guard range.contains(starts[axis]), range.contains(last) else {
        throw OperatorError(
          "expected a slice within the \(x.shape[axis]) elements along axis \(axis), found \(starts[axis])...\(last)")
      }
    }
    return [TensorType(x.element, shape)]
  }

  package func evaluate(_ inputs: [Tensor]) throws(OperatorError) -> [Tensor] {
    [inputs[0].moved(move(of: inputs[0].shape), to: Shape(counts))]
  }

  private func move(of shape: Shape) -> StridedMove {
    if counts.contains(0) { return StridedMove(extents: counts, sourceStrides: shape.strides) }
    let strides = shape.strides
    return StridedMove(
      extents: counts,
      sourceStrides: counts.indices.map { counts[$0] == 1 ? strides[$0] : strides[$0] * steps[$0] },
      sourceOffset: zip(starts, strides).reduce(0) { $0 + $1.0 * $1.1 })
  }

  /// Whether neighbours of the output are neighbours of the input along every axis.
  private var isContiguous: Bool { zip(counts, steps).allSatisfy { $0 <= 1 || $1 == 1 } }

  package var gradient: GradientRule {
    .rule { request, patch throws(OperatorError) in
      guard let gradient = request.outputGradients[0] else { return [nil] }
      return [try scattered(gradient, into: patch.type(of: request.inputs[0]), &patch)]
    }
  }

  /// The gradient with zeros where the slice took nothing: reversed where steps are negative, spread out where they are
  /// larger than 1, then padded.
  private func scattered(
    _ gradient: ValueID, into type: TensorType, _ patch: inout GraphPatch
  ) throws(OperatorError) -> ValueID {
    if counts.contains(0) { return try patch.expand(patch.scalar(0, like: gradient), to: type.shape) }
    let axes = Array(counts.indices)
    let steps = axes.map { counts[$0] == 1 ? 1 : self.steps[$0] }
    let zeros = axes.map { _ in 0 }
    var value = gradient
    if steps.contains(where: { $0 < 0 }) {
      let reversal = Slice(
        starts: axes.map { steps[$0] < 0 ? counts[$0] - 1 : 0 }, counts: counts, steps: steps.map { $0 < 0 ? -1 : 1 })
      value = try patch.emit(reversal, value)
    }
    let strides = steps.map(abs)
    if strides.contains(where: { $0 > 1 }) {
      value = try patch.emit(Reshape(shape: Shape(counts.flatMap { [$0, 1] })), value)
      value = try patch.emit(
        Pad(.constant, before: zeros + zeros, after: strides.flatMap { [0, $0 - 1] }), value)
      value = try patch.emit(Reshape(shape: Shape(axes.map { counts[$0] * strides[$0] })), value)
    }
    let first = axes.map { steps[$0] < 0 ? starts[$0] + (counts[$0] - 1) * steps[$0] : starts[$0] }
    let after = axes.map { type.shape[$0] - first[$0] - counts[$0] * strides[$0] }
    if first == zeros, after == zeros { return value }
    return try patch.emit(Pad(.constant, before: first, after: after), value)
  }

  package var quantization: QuantizationRule { .sharedScale(inputs: [0]) }

  package func lower(_ request: LoweringRequest) throws(OperatorError) -> Lowering {
    let (x, y) = (request.inputs[0], request.outputs[0])
    let move = move(of: x.shape)
    if isContiguous, x == y { return .alias }
    guard isContiguous, !y.shape.isEmpty,
      let copy = Movement.copyCall(move, from: .input(0), x, to: .output(0), y)
    else { return Movement.lowerCopy(move, request) }
    return .slice(starts: starts, copy: copy)
  }

  package func permuted(by permutation: [Int], inputs: [TensorType]) -> PermutedOperator? {
    guard permutation.count == starts.count else { return nil }
    let op = Slice(
      starts: Movement.permuted(starts, by: permutation), counts: Movement.permuted(counts, by: permutation),
      steps: Movement.permuted(steps, by: permutation))
    return PermutedOperator(op, outputPermutations: [permutation])
  }
}
