import CDLCKernels
import DLCGraph
import DLCTensor

/// Real numbers to integers: `q = clamp(round-half-even(x / scale) + zeroPoint)` (ONNX QuantizeLinear), x f32.
package struct Quantize: Sendable, Hashable {
  package var parameters: QuantizationParameters

  package init(_ parameters: QuantizationParameters) { self.parameters = parameters }
}

/// Integers to real numbers: `y = (q - zeroPoint) * scale` (ONNX DequantizeLinear), y f32.
package struct Dequantize: Sendable, Hashable {
  package var parameters: QuantizationParameters

  package init(_ parameters: QuantizationParameters) { self.parameters = parameters }
}

extension Quantize: IntegerOperator {
  package var mnemonic: String { "quantize" }

  package var attributes: [OperatorAttribute] { parameters.attributes }

  package func infer(_ inputs: [TensorType]) throws(OperatorError) -> [TensorType] {
    try OperatorError.require(inputs, named: "x")
    try OperatorError.require(inputs[0], "x", in: [.float32])
    try parameters.requireFit(inputs[0].shape)
    return [TensorType(parameters.element, inputs[0].shape)]
  }

  package func evaluate(_ inputs: [Tensor]) throws(OperatorError) -> [Tensor] {
    let y = try infer(inputs.map(\.type))[0]
    let indices = parameters.indices(of: y.shape)
    let values = inputs[0].elements(as: Float.self).enumerated().map { position, value in
      Double(parameters.quantize(value, at: indices(position)))
    }
    return [Tensor(doubles: values, type: y)]
  }

  package var gradient: GradientRule { .undefined("rounding is constant almost everywhere") }

  package var quantization: QuantizationRule { .float("it is where integers begin") }

  package func quantization(ofInput index: Int) -> QuantizationParameters? { nil }
  package func quantization(ofOutput index: Int) -> QuantizationParameters? { parameters }
  package var isConversion: Bool { true }

  package func lower(_ request: LoweringRequest) throws(OperatorError) -> Lowering {
    let parameters = dlc_quantize_params(
      axis: try parameters.kernelAxis(), scale: parameters.kernelScale, zero: parameters.kernelZero)
    return try conversion(request, DLC_KERNEL_quantize, parameters, self.parameters)
  }

  package func permuted(by permutation: [Int], inputs: [TensorType]) -> PermutedOperator? {
    parameters.permuted(by: permutation).flatMap {
      permutedElementwise(Quantize($0), by: permutation, inputs: inputs)
    }
  }
}

extension Dequantize: IntegerOperator {
  package var mnemonic: String { "dequantize" }

  package var attributes: [OperatorAttribute] { parameters.attributes }

  package func infer(_ inputs: [TensorType]) throws(OperatorError) -> [TensorType] {
    try OperatorError.require(inputs, named: "q")
    try OperatorError.require(inputs[0], "q", in: [parameters.element])
    try parameters.requireFit(inputs[0].shape)
    return [TensorType(.float32, inputs[0].shape)]
  }

  package func evaluate(_ inputs: [Tensor]) throws(OperatorError) -> [Tensor] {
    let y = try infer(inputs.map(\.type))[0]
    let indices = parameters.indices(of: y.shape)
    let values = inputs[0].doubles().enumerated().map { position, value in
      parameters.dequantize(Int32(value), at: indices(position))
    }
    return [Tensor(values, shape: y.shape)]
  }

  package var gradient: GradientRule { .undefined("its input is not a real number") }

  package var quantization: QuantizationRule { .float("it is where integers end") }

  package func quantization(ofInput index: Int) -> QuantizationParameters? { parameters }
  package func quantization(ofOutput index: Int) -> QuantizationParameters? { nil }
  package var isConversion: Bool { true }

  package func lower(_ request: LoweringRequest) throws(OperatorError) -> Lowering {
    let parameters = dlc_dequantize_params(
      axis: try parameters.kernelAxis(), scale: parameters.kernelScale, zero: parameters.kernelZero)
    return try conversion(request, DLC_KERNEL_dequantize, parameters, self.parameters)
  }

  package func permuted(by permutation: [Int], inputs: [TensorType]) -> PermutedOperator? {
    parameters.permuted(by: permutation).flatMap {
      permutedElementwise(Dequantize($0), by: permutation, inputs: inputs)
    }
  }
}

/// The step of Quantize or Dequantize: x, scale?, zero?, y.
private func conversion<P: BitwiseCopyable>(
  _ request: LoweringRequest, _ kernel: dlc_kernel_id, _ fields: P, _ parameters: QuantizationParameters
) throws(OperatorError) -> Lowering {
  if let limit = request.limit { return .undefined(limit) }
  var scale = Operand.absent
  var zero = Operand.absent
  if !parameters.isPerTensor {
    let vector = Shape([parameters.scales.count])
    scale = .constant(Tensor(parameters.scales, shape: vector))
    zero = .constant(
      Tensor(doubles: parameters.zeroPoints.map(Double.init), type: TensorType(parameters.element, vector)))
  }
  return try .checked([
    KernelCall(
      kernel, fields,
      operands: [request.input(0, acceptsPitch: true), scale, zero, request.output(acceptsPitch: true)])
  ])
}

extension QuantizationParameters {
  /// As printed.
  var attributes: [OperatorAttribute] {
    let head = [OperatorAttribute("type", element)]
    guard let axis else {
      return head + [OperatorAttribute("scale", scale), OperatorAttribute("zero", zeroPoint)]
    }
    return head + [
      OperatorAttribute("axis", axis), OperatorAttribute("scales", scales.map(\.description).joined(separator: "|")),
    ]
      + (zeroPoints.allSatisfy { $0 == 0 }
        ? [] : [OperatorAttribute("zeros", zeroPoints.map(\.description).joined(separator: "|"))])
  }

  /// Throws unless the parameters are sound and fit a tensor of `shape`.
  func requireFit(_ shape: Shape) throws(OperatorError) {
    let types: [ElementType] = [.uint8, .int8, .uint16, .int16, .int32]
    try OperatorError.require(types.contains(element), "expected integers of 8, 16 or 32 bits, found \(element)")
    try OperatorError.require(
      scales.count == zeroPoints.count && scales.allSatisfy { $0.isFinite && $0 > 0 },
      "expected positive scales and as many zero points")
    let (low, high) = (range.lowerBound, range.upperBound)
    try OperatorError.require(
      zeroPoints.allSatisfy { $0 >= low && $0 <= high }, "expected zero points of \(element)")
    guard let axis else { return try OperatorError.require(scales.count == 1, "expected one scale for the tensor") }
    try OperatorError.require(axis: axis, rank: shape.rank)
    try OperatorError.require(
      scales.count == shape[axis], "expected \(shape[axis]) scales along axis \(axis), found \(scales.count)")
  }

  /// For each element's position in row-major order, the index of its scale.
  func indices(of shape: Shape) -> (Int) -> Int {
    guard let axis else { return { _ in 0 } }
    let inner = shape.dimensions[(axis + 1)...].reduce(1, *)
    let extent = shape[axis]
    return { $0 / inner % extent }
  }

  /// The parameters of the tensor whose axis i is this one's axis `permutation[i]`.
  func permuted(by permutation: [Int]) -> QuantizationParameters? {
    guard let axis else { return self }
    guard let moved = permutation.firstIndex(of: axis) else { return nil }
    return QuantizationParameters(element, scales: scales, zeroPoints: zeroPoints, axis: moved)
  }

  /// The kernels' fields: -1 and the scale and zero point of the tensor, or the axis.
  func kernelAxis() throws(OperatorError) -> Int32 { try Int32(parameter: axis ?? -1) }
  var kernelScale: Float { isPerTensor ? scale : 1 }
  var kernelZero: Int32 { isPerTensor ? zeroPoint : 0 }
}
