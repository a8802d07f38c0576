import DLCGraph
import DLCTensor

/// The i32 sums of a dynamically quantized x with integer weights, beside what computes them in general: x f32, weights i8 or u8,
/// zero points of the weights, sums i32 -> sums.
///
/// An importer marks with it what ONNX writes as DynamicQuantizeLinear and MatMulInteger or ConvInteger, so that a pass sees
/// the product whole. What no pass takes is its last input.
package struct IntegerSums: Sendable, Hashable {
  /// The product, without epilogue, channels first.
  package var base: Contraction

  package init(_ base: Contraction) { self.base = base }
}

extension IntegerSums: Operator {
  package var mnemonic: String { "integer_sums.\(base.op.mnemonic)" }

  package var attributes: [OperatorAttribute] { base.op.attributes }

  package func infer(_ inputs: [TensorType]) throws(OperatorError) -> [TensorType] {
    try OperatorError.require(inputs, named: "x", "weights", "zeros", "sums")
    try OperatorError.require(inputs[3], "sums", in: [.int32])
    return [inputs[3]]
  }

  package func evaluate(_ inputs: [Tensor]) throws(OperatorError) -> [Tensor] {
    _ = try infer(inputs.map(\.type))
    return [inputs[3]]
  }

  package var gradient: GradientRule { .undefined("integer output") }

  package var quantization: QuantizationRule { .float("its integers are sums") }

  package func lower(_ request: LoweringRequest) throws(OperatorError) -> Lowering {
    .undefined("it is a mark that a pass takes away")
  }

  package func permuted(by permutation: [Int], inputs: [TensorType]) -> PermutedOperator? { nil }
}
