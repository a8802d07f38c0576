import CDLCKernels
import DLCGraph
import DLCTensor

/// Sums or averages integers along axes: x u8 or i16 -> y as x or f32; shapes as `Reduce`. The arithmetic is `dlc_qreduce_params`'s.
package struct QuantizedReduce: Sendable, Hashable {
  /// The sum or mean that this one stands for.
  package var base: Reduce
  /// u8 with one scale, or i16 with one scale and zero point 0.
  package var input: QuantizationParameters
  /// As x; nil: the result is f32.
  package var output: QuantizationParameters?

  package init(_ base: Reduce, input: QuantizationParameters, output: QuantizationParameters?) {
    self.base = base
    self.input = input
    self.output = output
  }
}

extension QuantizedReduce: IntegerOperator {
  package var mnemonic: String { "q" + base.mnemonic }

  package var attributes: [OperatorAttribute] {
    base.attributes + [OperatorAttribute("x", input)] + (output.map { [OperatorAttribute("y", $0)] } ?? [])
  }

  /// Elements that one result of x of `shape` is made of.
  private func count(_ shape: Shape) -> Int { base.axes.reduce(1) { $0 * shape[$1] } }

  /// What a step of a sum over x of `shape` is in steps of y.
  private func scale(_ shape: Shape) -> Float {
    let own = Double(input.scale) / Double(output?.scale ?? 1)
    return Float(base.kind == .mean ? own / Double(max(count(shape), 1)) : own)
  }

  package func infer(_ inputs: [TensorType]) throws(OperatorError) -> [TensorType] {
    try OperatorError.require(inputs, named: "x")
    try OperatorError.require(inputs[0], "x", in: [input.element])
    try OperatorError.require(base.kind == .sum || base.kind == .mean, "\(base.mnemonic) has no integer kernel")
    try input.requireActivation("x")
    try output?.requireActivation("y", as: input.element)
    let y = try base.infer([TensorType(.float32, inputs[0].shape)])[0]
    try OperatorError.require(scale(inputs[0].shape).isFinite, "expected quotients of scales within f32's range")
    return [TensorType(output?.element ?? .float32, y.shape)]
  }

  package func evaluate(_ inputs: [Tensor]) throws(OperatorError) -> [Tensor] {
    let y = try infer(inputs.map(\.type))[0]
    let x = inputs[0]
    let centered = Tensor((x.integers() ?? []).map { Int64($0) - Int64(input.zeroPoint) }, shape: x.shape)
    let sums = try Reduce(.sum, axes: base.axes, keepsAxes: base.keepsAxes).evaluate([centered])[0]
    let scale = scale(x.shape)
    let (low, high) = Function?.none.steps(of: output)
    let real = sums.elements(as: Int64.self).map { (Float($0) * scale).bounded(low, high) }
    return [output?.rounded(real, through: nil, shape: y.shape) ?? Tensor(real, shape: y.shape)]
  }

  package var gradient: GradientRule { .undefined("its input is not a real number") }

  package var quantization: QuantizationRule { .float("it computes in integers already") }

  package func quantization(ofInput index: Int) -> QuantizationParameters? { input }
  package func quantization(ofOutput index: Int) -> QuantizationParameters? { output }
  package var isConversion: Bool { false }

  package func lower(_ request: LoweringRequest) throws(OperatorError) -> Lowering {
    if let limit = request.limit { return .undefined(limit) }
    let mask = base.axes.reduce(0) { $0 | 1 << $1 }
    let parameters = dlc_qreduce_params(
      axes: try Int32(parameter: mask), x_zero: input.zeroPoint, zero: output?.zeroPoint ?? 0,
      scale: scale(request.inputs[0].shape))
    return try .checked([
      KernelCall(
        DLC_KERNEL_qreduce, parameters,
        operands: [request.input(0, acceptsPitch: true), request.output(acceptsPitch: true)])
    ])
  }

  package func permuted(by permutation: [Int], inputs: [TensorType]) -> PermutedOperator? {
    guard let moved = base.permuted(by: permutation, inputs: inputs), let reduce = moved.op as? Reduce else {
      return nil
    }
    return PermutedOperator(
      QuantizedReduce(reduce, input: input, output: output), outputPermutations: moved.outputPermutations)
  }
}
