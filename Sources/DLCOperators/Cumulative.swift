import CDLCKernels
import DLCGraph
import DLCTensor

/// Running sum or product along an axis: x -> y of the same type.
package struct Cumulative: Sendable, Hashable {
  package enum Kind: String, Sendable, Hashable { case sum, product }

  package var kind: Kind
  package var axis: Int
  /// Leaves the element itself out.
  package var exclusive: Bool
  /// Runs from the end.
  package var reverse: Bool

  package init(_ kind: Kind, axis: Int, exclusive: Bool, reverse: Bool) {
    self.kind = kind
    self.axis = axis
    self.exclusive = exclusive
    self.reverse = reverse
  }
}

extension Cumulative: Operator {
  package var mnemonic: String { "cumulative." + kind.rawValue }

  package var attributes: [OperatorAttribute] {
    [OperatorAttribute("axis", axis)] + (exclusive ? [OperatorAttribute("exclusive", true)] : [])
      + (reverse ? [OperatorAttribute("reverse", true)] : [])
  }

  package func infer(_ inputs: [TensorType]) throws(OperatorError) -> [TensorType] {
    try OperatorError.require(inputs, named: "x")
    try OperatorError.require(inputs[0], "x", in: ElementType.numbers)
    try OperatorError.require(axis: axis, rank: inputs[0].rank)
    return inputs
  }

  package func evaluate(_ inputs: [Tensor]) throws(OperatorError) -> [Tensor] {
    let x = inputs[0]
    _ = try infer([x.type])
    if let integer = x.element.integerType { return [integers(x, as: integer)] }
    let sums = kind == .sum
    let values = running(x.doubles(), x.shape, from: sums ? 0 : 1) { sums ? $0 + $1 : $0 * $1 }
    return [Tensor(doubles: values, type: x.type)]
  }

  private func integers<T: FixedWidthInteger & TensorElement>(_ x: Tensor, as _: T.Type) -> Tensor {
    let sums = kind == .sum
    return Tensor(
      running(x.elements(as: T.self), x.shape, from: sums ? 0 : 1) { sums ? $0 &+ $1 : $0 &* $1 }, shape: x.shape)
  }

  private func running<T>(_ values: [T], _ shape: Shape, from start: T, _ operation: (T, T) -> T) -> [T] {
    let (outer, extent, inner) = shape.split(at: axis)
    var result = values
    for o in 0..<outer {
      for i in 0..<inner {
        var sum = start
        for step in 0..<extent {
          let at = (o * extent + (reverse ? extent - 1 - step : step)) * inner + i
          if exclusive { result[at] = sum }
          sum = operation(sum, values[at])
          if !exclusive { result[at] = sum }
        }
      }
    }
    return result
  }

  /// A running product's gradient divides by x: elements that are 0 get NaN.
  package var gradient: GradientRule {
    .rule { (request, patch) throws(OperatorError) in
      guard let g = request.outputGradients[0] else { return [nil] }
      let back = Cumulative(.sum, axis: axis, exclusive: exclusive, reverse: !reverse)
      switch kind {
      case .sum: return [try patch.emit(back, g)]
      case .product:
        let sums = try patch.emit(back, patch.multiply(g, request.outputs[0]))
        return [try patch.divide(sums, request.inputs[0])]
      }
    }
  }

  package var quantization: QuantizationRule { .float("running sums have no integer kernel") }

  package func lower(_ request: LoweringRequest) throws(OperatorError) -> Lowering {
    if let limit = request.limit { return .undefined(limit) }
    let parameters = dlc_cumulative_params(
      op: kind == .sum ? 0 : 1, axis: Int32(axis), exclusive: exclusive ? 1 : 0, reverse: reverse ? 1 : 0)
    return .kernels([KernelCall(DLC_KERNEL_cumulative, parameters, operands: [request.input(0), request.output()])])
  }

  package func permuted(by permutation: [Int], inputs: [TensorType]) -> PermutedOperator? {
    var op = self
    op.axis = permutation[axis]
    return PermutedOperator(op, outputPermutations: [permutation])
  }
}
