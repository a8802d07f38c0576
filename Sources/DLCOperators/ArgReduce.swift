import CDLCKernels
import DLCGraph
import DLCTensor

/// The position (i64) of the largest or smallest element along an axis: x -> y.
package struct ArgReduce: Sendable, Hashable {
  package enum Kind: String, Sendable, Hashable { case maximum, minimum }

  package var kind: Kind
  package var axis: Int
  package var keepsAxis: Bool
  /// Of equal elements take the last rather than the first.
  package var selectsLast: Bool

  package init(_ kind: Kind, axis: Int, keepsAxis: Bool, selectsLast: Bool) {
    self.kind = kind
    self.axis = axis
    self.keepsAxis = keepsAxis
    self.selectsLast = selectsLast
  }
}

extension ArgReduce: Operator {
  package var mnemonic: String { kind == .maximum ? "arg_max" : "arg_min" }

  package var attributes: [OperatorAttribute] {
    [OperatorAttribute("axis", axis), OperatorAttribute("keep", keepsAxis)]
      + (selectsLast ? [OperatorAttribute("selects", "last")] : [])
  }

  package func infer(_ inputs: [TensorType]) throws(OperatorError) -> [TensorType] {
    try OperatorError.require(inputs, named: "x")
    let x = inputs[0]
    try OperatorError.require(x, "x", in: ElementType.numbers)
    try OperatorError.require(axis: axis, rank: x.rank)
    var extents = x.shape.dimensions
    if keepsAxis { extents[axis] = 1 } else { extents.remove(at: axis) }
    let shape = Shape(extents)
    try OperatorError.require(x.shape[axis] > 0 || shape.isEmpty, "expected elements along axis \(axis), found \(x)")
    return [TensorType(.int64, shape)]
  }

  package func evaluate(_ inputs: [Tensor]) throws(OperatorError) -> [Tensor] {
    let type = try infer(inputs.map(\.type))[0]
    let x = inputs[0]
    let indices: [Int64] =
      if let integer = x.element.integerType { best(integers: x, as: integer) } else { best(x.doubles(), x.shape) }
    return [Tensor(indices, shape: type.shape)]
  }

  private func best<T: FixedWidthInteger & TensorElement>(integers x: Tensor, as _: T.Type) -> [Int64] {
    best(x.elements(as: T.self), x.shape)
  }

  /// NaN (the only value that is not itself) beats every number.
  private func best<T: Comparable>(_ values: [T], _ shape: Shape) -> [Int64] {
    let (outer, extent, inner) = shape.split(at: axis)
    var result: [Int64] = []
    result.reserveCapacity(outer * inner)
    for o in 0..<outer {
      for i in 0..<inner {
        var index = 0
        for k in stride(from: 1, to: extent, by: 1) {
          let (value, champion) = (values[(o * extent + k) * inner + i], values[(o * extent + index) * inner + i])
          let wins: Bool
          if champion != champion {
            wins = selectsLast && value != value
          } else {
            wins =
              value != value || (kind == .maximum ? value > champion : value < champion)
              || (selectsLast && value == champion)
          }
          if wins { index = k }
        }
        result.append(Int64(index))
      }
    }
    return result
  }

  package var gradient: GradientRule { .undefined("positions are integers") }

  package var quantization: QuantizationRule { .float("the output is a position") }

  package func lower(_ request: LoweringRequest) throws(OperatorError) -> Lowering {
    if let limit = request.limit { return .undefined(limit) }
    let parameters = dlc_arg_reduce_params(
      op: kind == .maximum ? 0 : 1, axis: Int32(axis), select_last: selectsLast ? 1 : 0)
    return .kernels([KernelCall(DLC_KERNEL_arg_reduce, parameters, operands: [request.input(0), request.output()])])
  }

  package func permuted(by permutation: [Int], inputs: [TensorType]) -> PermutedOperator? {
    var op = self
    op.axis = permutation[axis]
    return PermutedOperator(
      op, outputPermutations: [keepsAxis ? permutation : DLCOperators.permutation(permutation, without: [axis])])
  }
}
