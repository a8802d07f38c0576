import CDLCKernels
import DLCGraph
import DLCTensor

/// A convolution or matrix product of integers whose scale and zero point are known when run, as `DynamicQuantize` gives them:
/// q u8, scale f32 and zero u8 (scalars), weights i8 (in [-127, 127]), scales f32 (one for each output channel), bias? f32
/// -> y f32.
///
///     y = function(Float(sum of (q - zero) w) * (scale * scales) + bias)
///
/// A convolution is channels-last and has no padding: its zero point is known too late for that.
package struct DynamicProduct: Sendable, Hashable {
  /// The contraction that this one stands for; no residual.
  package var base: Contraction

  package init(_ base: Contraction) { self.base = base }
}

extension DynamicProduct: IntegerOperator {
  package var mnemonic: String { "dynamic_product.\(base.op.mnemonic)" }

  package var attributes: [OperatorAttribute] { base.op.attributes }

  package func infer(_ inputs: [TensorType]) throws(OperatorError) -> [TensorType] {
    try OperatorError.require(
      inputs.count >= 5, "expected q, scale, zero, weights and scales, found \(inputs.count) inputs")
    try OperatorError.require(inputs[0], "q", in: [.uint8])
    try OperatorError.require(inputs[1], "scale", is: TensorType(.float32, .scalar))
    try OperatorError.require(inputs[2], "zero", is: TensorType(.uint8, .scalar))
    try OperatorError.require(inputs[3], "weights", in: [.int8])
    try OperatorError.require(!base.epilogue.residual, "expected no residual")
    let x = TensorType(.float32, inputs[0].shape)
    let real = TensorType(.float32, inputs[3].shape)
    let y = try base.op.infer([x, real] + inputs.dropFirst(5))[0]
    switch base {
    case .transposed: throw OperatorError("expected a convolution or matrix product")
    case .matrix(let op):
      try OperatorError.require(!op.transposeA && real.rank == 2, "expected rows times one matrix, found \(real)")
    case .convolution(let op):
      try OperatorError.require(op.channels == .last, "expected channels last")
      try OperatorError.require(
        (op.window.padBegin + op.window.padEnd).allSatisfy { $0 == 0 }, "expected no padding")
    }
    try OperatorError.require(inputs[4], "scales", is: TensorType(.float32, Shape([y.shape[y.rank - 1]])))
    return [y]
  }

  package func evaluate(_ inputs: [Tensor]) throws(OperatorError) -> [Tensor] {
    let y = try infer(inputs.map(\.type))[0]
    var bare = base
    bare.epilogue = .none
    let zero = inputs[2].doubles()[0]
    // Integers without zero point, exact as doubles.
    let sums = try bare.op.evaluate([
      Tensor(inputs[0].doubles().map { $0 - zero }, shape: inputs[0].shape),
      Tensor(inputs[3].doubles(), shape: inputs[3].shape),
    ])[0].doubles()
    let step = inputs[1].elements(as: Float.self)[0]
    let scales = inputs[4].elements(as: Float.self)
    let bias = base.epilogue.bias ? inputs[5].elements(as: Float.self) : []
    let result = sums.indices.map { k in
      let channel = k % scales.count
      var value = Float(sums[k]) * (step * scales[channel])
      if !bias.isEmpty { value += bias[channel] }
      return base.epilogue.function.map { $0(Double(value)) } ?? Double(value)
    }
    return [Tensor(doubles: result, type: y)]
  }

  package var gradient: GradientRule { .undefined("rounding is constant almost everywhere") }

  package var quantization: QuantizationRule { .float("its input was quantized when run") }

  package func quantization(ofInput index: Int) -> QuantizationParameters? { nil }
  package func quantization(ofOutput index: Int) -> QuantizationParameters? { nil }
  package var isConversion: Bool { false }

  package func permuted(by permutation: [Int], inputs: [TensorType]) -> PermutedOperator? { nil }

  /// The product in integers, and its sums to real numbers.
  package func lower(_ request: LoweringRequest) throws(OperatorError) -> Lowering {
    guard let weights = request.constants[3] else { return .undefined("its weights are no constant") }
    var call: KernelCall
    switch try base.integerCall(request, weights, zeroPoint: 0) {
    case .call(let only): call = only
    case .undefined(let reason): return .undefined(reason)
    }
    let channels = request.outputs[0].shape.dimensions.last ?? 1
    let sums = Operand(.temporary(0), TensorType(.int32, call.operands[6].type.shape))
    let shape = call.operands[0].type.shape
    call.becomeSums(of: request.input(0, as: shape), in: sums)
    let list = Shape([channels])
    let scaling = KernelCall(
      DLC_KERNEL_scale_accumulator,
      dlc_scale_accumulator_params(epilogue: try base.epilogue.function.epilogue()),
      operands: [
        sums, .constant(Tensor(base.channelSums(of: weights, channels), shape: list)), request.input(4),
        base.epilogue.bias ? request.input(5) : .absent, request.input(1), request.input(2),
        request.output(as: sums.type.shape, acceptsPitch: true),
      ])
    return try .checked([call, scaling], temporaries: [sums.type])
  }
}
