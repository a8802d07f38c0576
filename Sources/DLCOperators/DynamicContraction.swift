import DLCGraph
import DLCTensor

/// A convolution or matrix product whose activations are quantized to u8 when run, by the range that they have then: x f32,
/// weights i8 (in [-127, 127]), scales f32 (one for each output channel), bias? f32 -> y f32.
///
/// Rows of a matrix have ranges of their own, asymmetric ones; an image has one, symmetric: padding is its zero point.
///
///     y = function(Float(sum of (q - zero) w) * (scale(x) * scale(w)) + bias)
package struct DynamicContraction: Sendable, Hashable {
  /// The contraction that this one stands for: a convolution, or a product with one matrix; no residual.
  package var base: Contraction

  package init(_ base: Contraction) { self.base = base }
}

extension DynamicContraction: IntegerOperator {
  package var mnemonic: String { "dynamic_\(base.op.mnemonic)" }

  package var attributes: [OperatorAttribute] { base.op.attributes }

  package func infer(_ inputs: [TensorType]) throws(OperatorError) -> [TensorType] {
    try OperatorError.require(inputs.count >= 3, "expected x, weights and scales, found \(inputs.count) inputs")
    try OperatorError.require(inputs[0], "x", in: [.float32])
    try OperatorError.require(inputs[1], "weights", in: [.int8])
    try OperatorError.require(!base.epilogue.residual, "expected no residual")
    let real = TensorType(.float32, inputs[1].shape)
    let y = try base.op.infer([inputs[0], real] + inputs.dropFirst(3))[0]
    switch base {
    case .transposed: throw OperatorError("expected a convolution or matrix product")
    case .matrix(let op):
      try OperatorError.require(!op.transposeA && real.rank == 2, "expected rows times one matrix, found \(real)")
    case .convolution(let op):
      try OperatorError.require(op.channels == .last, "expected channels last")
    }
    try OperatorError.require(inputs[2], "scales", is: TensorType(.float32, Shape([y.shape[y.rank - 1]])))
    return [y]
  }

  package func evaluate(_ inputs: [Tensor]) throws(OperatorError) -> [Tensor] {
    let y = try infer(inputs.map(\.type))[0]
    var bare = base
    bare.epilogue = .none
    let x = inputs[0].elements(as: Float.self)
    var row = max(x.count, 1)
    if case .matrix = base { row = max(inputs[0].shape.dimensions.last ?? 1, 1) }
    // Integers without zero point, exact as doubles.
    var integers: [Double] = []
    var steps: [Float] = []
    for start in stride(from: 0, to: x.count, by: row) {
      let values = x[start..<min(start + row, x.count)]
      let range = range(of: values)
      steps.append(range.scale)
      for value in values { integers.append(Double(range.quantize(value) - range.zeroPoint)) }
    }
    let sums = try bare.op.evaluate([
      Tensor(integers, shape: inputs[0].shape), Tensor(inputs[1].doubles(), shape: inputs[1].shape),
    ])[0].doubles()
    let scales = inputs[2].elements(as: Float.self)
    let bias = base.epilogue.bias ? inputs[3].elements(as: Float.self) : []
    let isMatrix = steps.count > 1
    let result = sums.indices.map { k in
      let channel = k % scales.count
      let step = isMatrix ? steps[k / scales.count] : steps[0]
      var value = Float(sums[k]) * (step * scales[channel])
      if !bias.isEmpty { value += bias[channel] }
      return base.epilogue.function.map { $0(Double(value)) } ?? Double(value)
    }
    return [Tensor(doubles: result, type: y)]
  }

  /// The parameters that `dynamic_range` gives.
  private func range(of values: ArraySlice<Float>) -> QuantizationParameters {
    guard case .convolution = base else { return QuantizationParameters(dynamicallyOf: values) }
    let most = values.reduce(Float(0)) { max($0, $1.magnitude) }
    return QuantizationParameters(.uint8, scale: most > 0 ? most / 127 : 1, zeroPoint: 128)
  }

  package var gradient: GradientRule { .undefined("rounding is constant almost everywhere") }

  package var quantization: QuantizationRule { .float("it quantizes its input when run") }

  package func quantization(ofInput index: Int) -> QuantizationParameters? { nil }
  package func quantization(ofOutput index: Int) -> QuantizationParameters? { nil }
  package var isConversion: Bool { false }

  package func permuted(by permutation: [Int], inputs: [TensorType]) -> PermutedOperator? { nil }
}
