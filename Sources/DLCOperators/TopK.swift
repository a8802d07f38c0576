import CDLCKernels
import DLCGraph
import DLCTensor

/// The k largest or smallest elements along an axis and their positions (i64): x -> values, indices.
package struct TopK: Sendable, Hashable {
  package var count: Int
  package var axis: Int
  package var largest: Bool
  package var sorted: Bool

  package init(count: Int, axis: Int, largest: Bool, sorted: Bool) {
    self.count = count
    self.axis = axis
    self.largest = largest
    self.sorted = sorted
  }
}

extension TopK: Operator {
  package var mnemonic: String { "top_k" }

  package var attributes: [OperatorAttribute] {
    [
      OperatorAttribute("count", count), OperatorAttribute("axis", axis), OperatorAttribute("largest", largest),
      OperatorAttribute("sorted", sorted),
    ]
  }

  package func infer(_ inputs: [TensorType]) throws(OperatorError) -> [TensorType] {
    try OperatorError.require(inputs, named: "x")
    let x = inputs[0]
    try OperatorError.require(x, "x to order", in: ElementType.numbers)
    try OperatorError.require(axis: axis, rank: x.rank)
    try OperatorError.require(
      count >= 0 && count <= x.shape[axis],
      "expected a count of 0...\(x.shape[axis]) along axis \(axis), found \(count)")
    var shape = x.shape
    shape[axis] = count
    return [TensorType(x.element, shape), TensorType(.int64, shape)]
  }

  /// Greater ranks first, among equal ones the lower index; what `sorted` leaves open is sorted too.
  package func evaluate(_ inputs: [Tensor]) throws(OperatorError) -> [Tensor] {
    let types = try infer([inputs[0].type])
    let (outer, extent, inner) = inputs[0].shape.split(at: axis)
    let ranks = TopK.ranks(inputs[0])
    var indices = [Int64](repeating: 0, count: types[1].shape.count)
    for lane in 0..<outer * inner {
      let first = lane / inner * extent * inner + lane % inner
      let order = (0..<extent).sorted { a, b in
        let (left, right) = (ranks[first + a * inner], ranks[first + b * inner])
        return left != right ? (left > right) == largest : a < b
      }
      let target = lane / inner * count * inner + lane % inner
      for k in 0..<count { indices[target + k * inner] = Int64(order[k]) }
    }
    let positions = Tensor(indices, shape: types[1].shape)
    return [try GatherElements(axis: axis).evaluate([inputs[0], positions])[0], positions]
  }

  /// Integers in the order of the elements: -0 as +0, every NaN above infinity.
  private static func ranks(_ x: Tensor) -> [UInt64] {
    let sign = UInt64(1) << 63
    if x.element.isFloat {
      return x.doubles().map { value in
        if value.isNaN { return .max }
        let bits = (value == 0 ? 0 : value).bitPattern
        return bits & sign != 0 ? ~bits : bits | sign
      }
    }
    if x.element == .uint64 { return x.elements(as: UInt64.self) }
    return (x.integers() ?? []).map { UInt64(bitPattern: Int64($0)) ^ sign }
  }

  package var gradient: GradientRule {
    .rule { request, patch throws(OperatorError) in
      guard let gradient = request.outputGradients[0] else { return [nil] }
      let zeros = try patch.filled(0, like: request.inputs[0])
      let scatter = ScatterElements(axis: axis, reduction: .replace)
      return [try patch.emit(scatter, zeros, request.outputs[1], gradient)]
    }
  }

  package var quantization: QuantizationRule { .sharedScale(inputs: [0]) }

  package func lower(_ request: LoweringRequest) throws(OperatorError) -> Lowering {
    if let reason = request.limit { return .undefined(reason) }
    switch request.inputs[0].element {
    case .float32, .float64, .float16, .int32, .int64, .uint8, .int8: break
    case .uint16, .int16, .bool, .uint32, .uint64, .bfloat16:
      return .undefined("the top-k kernel orders no elements of \(request.inputs[0].element)")
    }
    let parameters = dlc_top_k_params(
      axis: try Int32(parameter: axis), largest: largest ? 1 : 0, sorted: sorted ? 1 : 0)
    let operands = [request.input(0), request.output(0), request.output(1)]
    return .kernels([KernelCall(DLC_KERNEL_top_k, parameters, operands: operands)])
  }

  package func permuted(by permutation: [Int], inputs: [TensorType]) -> PermutedOperator? {
    guard inputs.first?.rank == permutation.count, axis < permutation.count else { return nil }
    var op = self
    op.axis = permutation[axis]
    return PermutedOperator(op, outputPermutations: [permutation, permutation])
  }
}
