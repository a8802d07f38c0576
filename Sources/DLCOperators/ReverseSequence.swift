import CDLCKernels
import DLCGraph
import DLCTensor

/// Reverses the first `lengths[b]` elements along `timeAxis` for each b of `batchAxis`: x, lengths (i64) -> y.
package struct ReverseSequence: Sendable, Hashable {
  package var timeAxis: Int
  package var batchAxis: Int

  package init(timeAxis: Int, batchAxis: Int) {
    self.timeAxis = timeAxis
    self.batchAxis = batchAxis
  }
}

extension ReverseSequence: Operator {
  package var mnemonic: String { "reverse_sequence" }

  package var attributes: [OperatorAttribute] {
    [OperatorAttribute("time", timeAxis), OperatorAttribute("batch", batchAxis)]
  }

  package func infer(_ inputs: [TensorType]) throws(OperatorError) -> [TensorType] {
    try OperatorError.require(inputs, named: "x", "lengths")
    let x = inputs[0]
    try OperatorError.require(axis: timeAxis, rank: x.rank)
    try OperatorError.require(axis: batchAxis, rank: x.rank)
    try OperatorError.require(timeAxis != batchAxis, "expected two different axes, found \(timeAxis) twice")
    try OperatorError.require(inputs[1], "lengths", is: TensorType(.int64, [x.shape[batchAxis]]))
    return [x]
  }

  package func evaluate(_ inputs: [Tensor]) throws(OperatorError) -> [Tensor] {
    let x = inputs[0]
    let steps = x.shape[timeAxis]
    let lengths = inputs[1].elements(as: Int64.self)
    for length in lengths where length < 0 || length > Int64(steps) {
      throw OperatorError("expected lengths of 0...\(steps), found \(length)")
    }
    let strides = x.shape.strides
    let size = x.element.size
    return [
      Tensor(x.type) { target in
        x.withBytes { source in
          target.copyMemory(from: source)
          for (batch, length) in lengths.enumerated() {
            // One batch entry and its sequence's beginning, backwards.
            var extents = x.shape.dimensions
            extents[batchAxis] = 1
            extents[timeAxis] = Int(length)
            var reversed = strides
            reversed[timeAxis] = -strides[timeAxis]
            let start = batch * strides[batchAxis]
            StridedMove(
              extents: extents, sourceStrides: reversed, targetStrides: strides,
              sourceOffset: start + max(Int(length) - 1, 0) * strides[timeAxis], targetOffset: start
            ).run(from: source, to: target, size: size)
          }
        }
      }
    ]
  }

  package var gradient: GradientRule {
    .rule { request, patch throws(OperatorError) in
      guard let gradient = request.outputGradients[0] else { return [nil, nil] }
      return [try patch.emit(self, gradient, request.inputs[1]), nil]
    }
  }

  package var quantization: QuantizationRule { .sharedScale(inputs: [0]) }

  package func lower(_ request: LoweringRequest) throws(OperatorError) -> Lowering {
    if let reason = request.limit { return .undefined(reason) }
    let parameters = dlc_reverse_sequence_params(
      time_axis: try Int32(parameter: timeAxis), batch_axis: try Int32(parameter: batchAxis))
    let operands = [request.input(0), request.input(1), request.output()]
    return .kernels([KernelCall(DLC_KERNEL_reverse_sequence, parameters, operands: operands)])
  }

  package func permuted(by permutation: [Int], inputs: [TensorType]) -> PermutedOperator? {
    guard inputs.first?.rank == permutation.count, max(timeAxis, batchAxis) < permutation.count else { return nil }
    let op = ReverseSequence(timeAxis: permutation[timeAxis], batchAxis: permutation[batchAxis])
    return PermutedOperator(op, outputPermutations: [permutation], unchangedInputs: [1])
  }
}
