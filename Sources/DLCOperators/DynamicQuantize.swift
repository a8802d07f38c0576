import CDLCKernels
import DLCGraph
import DLCTensor

/// Real numbers to u8 by the range that they have when run (ONNX DynamicQuantizeLinear): x f32 -> q u8, scale f32 (a scalar),
/// zero u8 (a scalar).
///
///     q = clamp(round-half-even(x / scale) + zero), where 0 and the elements of x lie within 256 steps
package struct DynamicQuantize: Sendable, Hashable {
  package init() {}
}

/// The real numbers that `DynamicQuantize` leaves of x: `(q - zero) * scale`, x and y f32.
package struct DynamicRounding: Sendable, Hashable {
  package init() {}
}

extension DynamicQuantize: IntegerOperator {
  package var mnemonic: String { "dynamic_quantize" }

  package var attributes: [OperatorAttribute] { [] }

  package func infer(_ inputs: [TensorType]) throws(OperatorError) -> [TensorType] {
    try OperatorError.require(inputs, named: "x")
    try OperatorError.require(inputs[0], "x", in: [.float32])
    try OperatorError.require(!inputs[0].shape.isEmpty, "x is empty: it has no range")
    return [
      TensorType(.uint8, inputs[0].shape), TensorType(.float32, .scalar), TensorType(.uint8, .scalar),
    ]
  }

  package func evaluate(_ inputs: [Tensor]) throws(OperatorError) -> [Tensor] {
    let types = try infer(inputs.map(\.type))
    let values = inputs[0].elements(as: Float.self)
    let parameters = QuantizationParameters(dynamicallyOf: values[...])
    return [
      Tensor(doubles: values.map { Double(parameters.quantize($0)) }, type: types[0]),
      Tensor([parameters.scale], shape: .scalar), Tensor([UInt8(parameters.zeroPoint)], shape: .scalar),
    ]
  }

  package var gradient: GradientRule { .undefined("rounding is constant almost everywhere") }

  package var quantization: QuantizationRule { .float("it is where integers begin") }

  package func quantization(ofInput index: Int) -> QuantizationParameters? { nil }
  package func quantization(ofOutput index: Int) -> QuantizationParameters? { nil }
  package var isConversion: Bool { true }

  package func lower(_ request: LoweringRequest) throws(OperatorError) -> Lowering {
    if let limit = request.limit { return .undefined(limit) }
    let (scale, zero) = (request.output(1), request.output(2))
    return try .checked(
      DynamicQuantize.calls(request.input(0, acceptsPitch: true), scale, zero, request.output(0)))
  }

  package func permuted(by permutation: [Int], inputs: [TensorType]) -> PermutedOperator? { nil }

  /// The steps that find the range of x and quantize by it.
  fileprivate static func calls(
    _ x: Operand, _ scale: Operand, _ zero: Operand, _ q: Operand
  ) throws(OperatorError) -> [KernelCall] {
    [
      KernelCall(
        DLC_KERNEL_dynamic_range, dlc_dynamic_range_params(per_row: 0, symmetric: 0), operands: [x, scale, zero]),
      KernelCall(
        DLC_KERNEL_quantize, dlc_quantize_params(axis: -1, scale: 1, zero: 0), operands: [x, scale, zero, q]),
    ]
  }
}

extension DynamicRounding: Operator {
  package var mnemonic: String { "dynamic_rounding" }

  package var attributes: [OperatorAttribute] { [] }

  package func infer(_ inputs: [TensorType]) throws(OperatorError) -> [TensorType] {
    _ = try DynamicQuantize().infer(inputs)
    return inputs
  }

  package func evaluate(_ inputs: [Tensor]) throws(OperatorError) -> [Tensor] {
    let y = try infer(inputs.map(\.type))[0]
    let values = inputs[0].elements(as: Float.self)
    let parameters = QuantizationParameters(dynamicallyOf: values[...])
    return [Tensor(values.map { parameters.dequantize(parameters.quantize($0)) }, shape: y.shape)]
  }

  package var gradient: GradientRule { .undefined("rounding is constant almost everywhere") }

  package var quantization: QuantizationRule { .float("it quantizes its input when run") }

  package func lower(_ request: LoweringRequest) throws(OperatorError) -> Lowering {
    if let limit = request.limit { return .undefined(limit) }
    let scale = Operand(.temporary(0), TensorType(.float32, .scalar))
    let zero = Operand(.temporary(1), TensorType(.uint8, .scalar))
    let quantized = Operand(.temporary(2), TensorType(.uint8, request.inputs[0].shape))
    let back = KernelCall(
      DLC_KERNEL_dequantize, dlc_dequantize_params(axis: -1, scale: 1, zero: 0),
      operands: [quantized, scale, zero, request.output(acceptsPitch: true)])
    return try .checked(
      DynamicQuantize.calls(request.input(0, acceptsPitch: true), scale, zero, quantized) + [back],
      temporaries: [scale.type, zero.type, quantized.type])
  }

  package func permuted(by permutation: [Int], inputs: [TensorType]) -> PermutedOperator? {
    permutedElementwise(self, by: permutation, inputs: inputs)
  }
}

extension QuantizationParameters {
  /// The smallest range that holds 0 and `values` in 256 steps; scale 1 where all are 0.
  init(dynamicallyOf values: ArraySlice<Float>) {
    let (low, high) = values.reduce((Float(0), Float(0))) { ($1 < $0.0 ? $1 : $0.0, $1 > $0.1 ? $1 : $0.1) }
    let scale = high > low ? (high - low) / 255 : 1
    let zero = min(max((0 - low) / scale, 0), 255).rounded(.toNearestOrEven)
    self.init(.uint8, scale: scale, zeroPoint: Int32(zero))
  }
}
