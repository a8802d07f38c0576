import DLCGraph
import DLCTensor

/// Matrix product of integers: a u8 and b i8 or u8, or a i16 and b i8, bias? i32, residual? as a -> y as a or f32; shapes
/// as `MatMul`.
///
/// Sums of `(a - zero) * b` and bias in 32 bits (exact for i16), then requantized: `dlc_requantize`. The bias is at scale `s_a s_b[n]`
/// and knows nothing of zero points. b may be computed at run time when there is no bias. Codes of b in u8 are cut to 255
/// different ones, at the end that is farther from their zero point.
package struct QuantizedMatMul: Sendable, Hashable {
  /// The product that this one stands for; its function clamps.
  package var base: MatMul
  package var scheme: ContractionScheme

  package init(_ base: MatMul, _ scheme: ContractionScheme) {
    self.base = base
    self.scheme = scheme
  }
}

extension QuantizedMatMul: IntegerOperator {
  package var mnemonic: String { "qmatmul" }

  package var attributes: [OperatorAttribute] { base.attributes + scheme.attributes }

  package func infer(_ inputs: [TensorType]) throws(OperatorError) -> [TensorType] {
    let y = try base.infer(try scheme.floatTypes(inputs, base.epilogue))[0]
    let a = inputs[0].shape
    try scheme.requireSound(
      base.epilogue, channels: y.shape[y.rank - 1], depth: a[a.rank - (base.transposeA ? 2 : 1)])
    return [TensorType(scheme.resultElement, y.shape)]
  }

  package func evaluate(_ inputs: [Tensor]) throws(OperatorError) -> [Tensor] {
    let y = try infer(inputs.map(\.type))[0]
    let a = Tensor(inputs[0].doubles().map { Int64($0) - Int64(scheme.input.zeroPoint) }, shape: inputs[0].shape)
    let zero = inputs[1].element == .int8 ? 0 : Int64(scheme.weightZeroPoint)
    let b = Tensor(inputs[1].asWeights.doubles().map { Int64($0) - zero }, shape: inputs[1].shape)
    let sums = try MatMul(transposeA: base.transposeA, transposeB: base.transposeB).evaluate([a, b])[0]
    let positions = base.epilogue.positions
    return [
      scheme.result(
        sums.elements(as: Int64.self), base.epilogue, bias: positions.bias.map { inputs[$0] },
        residual: positions.residual.map { inputs[$0] }, shape: y.shape, channels: max(y.shape[y.rank - 1], 1))
    ]
  }

  package var gradient: GradientRule { .undefined("its inputs are not real numbers") }

  package var quantization: QuantizationRule { .float("it computes in integers already") }

  package func quantization(ofInput index: Int) -> QuantizationParameters? {
    scheme.parameters(ofInput: index, base.epilogue)
  }
  package func quantization(ofOutput index: Int) -> QuantizationParameters? { scheme.output }
  package var isConversion: Bool { false }

  package func permuted(by permutation: [Int], inputs: [TensorType]) -> PermutedOperator? { nil }
}
