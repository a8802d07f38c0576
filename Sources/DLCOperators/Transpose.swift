import DLCGraph
import DLCTensor

/// Reorders axes: axis i of y is axis `permutation[i]` of x. x -> y.
package struct Transpose: Sendable, Hashable {
  package var permutation: [Int]

  package init(permutation: [Int]) {
    self.permutation = permutation
  }
}

extension Transpose: Operator {
  package var mnemonic: String { "transpose" }

  package var attributes: [OperatorAttribute] { [OperatorAttribute("permutation", list: permutation)] }

  package func infer(_ inputs: [TensorType]) throws(OperatorError) -> [TensorType] {
    try OperatorError.require(inputs, named: "x")
    guard Movement.isPermutation(permutation, of: inputs[0].rank) else {
      throw OperatorError("expected a permutation of the \(inputs[0].rank) axes of \(inputs[0]), found \(permutation)")
    }
    return [TensorType(inputs[0].element, inputs[0].shape.permuted(by: permutation))]
  }

  package func evaluate(_ inputs: [Tensor]) throws(OperatorError) -> [Tensor] {
    let shape = inputs[0].shape.permuted(by: permutation)
    let strides = inputs[0].shape.strides
    return [
      inputs[0].moved(StridedMove(extents: shape.dimensions, sourceStrides: permutation.map { strides[$0] }), to: shape)
    ]
  }

  package var gradient: GradientRule {
    .rule { request, patch throws(OperatorError) in
      guard let gradient = request.outputGradients[0] else { return [nil] }
      return [try patch.emit(inverse, gradient)]
    }
  }

  /// The transpose that undoes this one.
  package var inverse: Transpose {
    Transpose(permutation: Movement.permuted(Array(permutation.indices), by: permutation))
  }

  package var quantization: QuantizationRule { .sharedScale(inputs: [0]) }

  package func lower(_ request: LoweringRequest) throws(OperatorError) -> Lowering {
    let (x, y) = (request.inputs[0], request.outputs[0])
    let (extents, order) = collapsed(x.shape)
    if order == Array(order.indices) || x.shape.isEmpty { return .alias }
    let from = TensorType(x.element, Shape(extents))
    let to = TensorType(x.element, Shape(order.map { extents[$0] }))
    if let reason = Movement.limit([from, to]) { return .undefined(reason) }
    // Merged axes are fine for a pitched operand as long as its rows are the same rows.
    let operands = [
      Operand(.input(0), from, acceptsPitch: from.shape.dimensions.last == x.shape.dimensions.last),
      Operand(.output(0), to, acceptsPitch: to.shape.dimensions.last == y.shape.dimensions.last),
    ]
    return .kernels([try KernelCall.transpose(operands[0], to: operands[1], permutation: order)])
  }

  /// The same movement without axes of extent 1 and with those merged that stay together: input extents and order.
  func collapsed(_ shape: Shape) -> (extents: [Int], order: [Int]) {
    let kept = permutation.filter { shape[$0] != 1 }
    // Runs of input axes that follow each other in the output too, each named by its first axis.
    let ranks = Dictionary(uniqueKeysWithValues: kept.sorted().enumerated().map { ($1, $0) })
    var runs: [(first: Int, extent: Int)] = []
    var previous: Int?
    for axis in kept {
      if let previous, let before = ranks[previous], ranks[axis] == before + 1 {
        runs[runs.count - 1].extent *= shape[axis]
      } else {
        runs.append((axis, shape[axis]))
      }
      previous = axis
    }
    let sorted = runs.indices.sorted { runs[$0].first < runs[$1].first }
    var order = [Int](repeating: 0, count: runs.count)
    for (place, run) in sorted.enumerated() { order[run] = place }
    return (sorted.map { runs[$0].extent }, order)
  }

  package func permuted(by permutation: [Int], inputs: [TensorType]) -> PermutedOperator? {
    guard permutation.count == self.permutation.count else { return nil }
    return PermutedOperator(
      Transpose(permutation: self.permutation.map { permutation[$0] }),
      outputPermutations: [Array(permutation.indices)])
  }
}
