import DLCGraph
import DLCTensor
// Scaffolding while the families are being written: each conformance moves to its operator's file.

extension ArgReduce: Operator {
  package var mnemonic: String { fatalError() }
  package var attributes: [OperatorAttribute] { fatalError() }
  package func infer(_ inputs: [TensorType]) throws(OperatorError) -> [TensorType] { fatalError() }
  package func evaluate(_ inputs: [Tensor]) throws(OperatorError) -> [Tensor] { fatalError() }
  package var gradient: GradientRule { fatalError() }
  package var quantization: QuantizationRule { fatalError() }
  package func lower(_ request: LoweringRequest) throws(OperatorError) -> Lowering { fatalError() }
  package func permuted(by permutation: [Int], inputs: [TensorType]) -> PermutedOperator? { fatalError() }
}

extension Convolution: SpatialOperator {
  package var mnemonic: String { fatalError() }
  package var attributes: [OperatorAttribute] { fatalError() }
  package func infer(_ inputs: [TensorType]) throws(OperatorError) -> [TensorType] { fatalError() }
  package func evaluate(_ inputs: [Tensor]) throws(OperatorError) -> [Tensor] { fatalError() }
  package var gradient: GradientRule { fatalError() }
  package var quantization: QuantizationRule { fatalError() }
  package func lower(_ request: LoweringRequest) throws(OperatorError) -> Lowering { fatalError() }
  package func permuted(by permutation: [Int], inputs: [TensorType]) -> PermutedOperator? { fatalError() }
  package func channelsLastPermutation(input index: Int, type: TensorType) -> [Int]? { fatalError() }
  package func channelsLastPermutation(output index: Int, type: TensorType) -> [Int]? { fatalError() }
}

extension ConvolutionTranspose: SpatialOperator {
  package var mnemonic: String { fatalError() }
  package var attributes: [OperatorAttribute] { fatalError() }
  package func infer(_ inputs: [TensorType]) throws(OperatorError) -> [TensorType] { fatalError() }
  package func evaluate(_ inputs: [Tensor]) throws(OperatorError) -> [Tensor] { fatalError() }
  package var gradient: GradientRule { fatalError() }
  package var quantization: QuantizationRule { fatalError() }
  package func lower(_ request: LoweringRequest) throws(OperatorError) -> Lowering { fatalError() }
  package func permuted(by permutation: [Int], inputs: [TensorType]) -> PermutedOperator? { fatalError() }
  package func channelsLastPermutation(input index: Int, type: TensorType) -> [Int]? { fatalError() }
  package func channelsLastPermutation(output index: Int, type: TensorType) -> [Int]? { fatalError() }
}

extension Cumulative: Operator {
  package var mnemonic: String { fatalError() }
  package var attributes: [OperatorAttribute] { fatalError() }
  package func infer(_ inputs: [TensorType]) throws(OperatorError) -> [TensorType] { fatalError() }
  package func evaluate(_ inputs: [Tensor]) throws(OperatorError) -> [Tensor] { fatalError() }
  package var gradient: GradientRule { fatalError() }
  package var quantization: QuantizationRule { fatalError() }
  package func lower(_ request: LoweringRequest) throws(OperatorError) -> Lowering { fatalError() }
  package func permuted(by permutation: [Int], inputs: [TensorType]) -> PermutedOperator? { fatalError() }
}

extension MatMul: Operator {
  package var mnemonic: String { fatalError() }
  package var attributes: [OperatorAttribute] { fatalError() }
  package func infer(_ inputs: [TensorType]) throws(OperatorError) -> [TensorType] { fatalError() }
  package func evaluate(_ inputs: [Tensor]) throws(OperatorError) -> [Tensor] { fatalError() }
  package var gradient: GradientRule { fatalError() }
  package var quantization: QuantizationRule { fatalError() }
  package func lower(_ request: LoweringRequest) throws(OperatorError) -> Lowering { fatalError() }
  package func permuted(by permutation: [Int], inputs: [TensorType]) -> PermutedOperator? { fatalError() }
}

extension LayerNormalization: Operator {
  package var mnemonic: String { fatalError() }
  package var attributes: [OperatorAttribute] { fatalError() }
  package func infer(_ inputs: [TensorType]) throws(OperatorError) -> [TensorType] { fatalError() }
  package func evaluate(_ inputs: [Tensor]) throws(OperatorError) -> [Tensor] { fatalError() }
  package var gradient: GradientRule { fatalError() }
  package var quantization: QuantizationRule { fatalError() }
  package func lower(_ request: LoweringRequest) throws(OperatorError) -> Lowering { fatalError() }
  package func permuted(by permutation: [Int], inputs: [TensorType]) -> PermutedOperator? { fatalError() }
}

extension InstanceNormalization: SpatialOperator {
  package var mnemonic: String { fatalError() }
  package var attributes: [OperatorAttribute] { fatalError() }
  package func infer(_ inputs: [TensorType]) throws(OperatorError) -> [TensorType] { fatalError() }
  package func evaluate(_ inputs: [Tensor]) throws(OperatorError) -> [Tensor] { fatalError() }
  package var gradient: GradientRule { fatalError() }
  package var quantization: QuantizationRule { fatalError() }
  package func lower(_ request: LoweringRequest) throws(OperatorError) -> Lowering { fatalError() }
  package func permuted(by permutation: [Int], inputs: [TensorType]) -> PermutedOperator? { fatalError() }
  package func channelsLastPermutation(input index: Int, type: TensorType) -> [Int]? { fatalError() }
  package func channelsLastPermutation(output index: Int, type: TensorType) -> [Int]? { fatalError() }
}

extension BatchNormalization: SpatialOperator {
  package var mnemonic: String { fatalError() }
  package var attributes: [OperatorAttribute] { fatalError() }
  package func infer(_ inputs: [TensorType]) throws(OperatorError) -> [TensorType] { fatalError() }
  package func evaluate(_ inputs: [Tensor]) throws(OperatorError) -> [Tensor] { fatalError() }
  package var gradient: GradientRule { fatalError() }
  package var quantization: QuantizationRule { fatalError() }
  package func lower(_ request: LoweringRequest) throws(OperatorError) -> Lowering { fatalError() }
  package func permuted(by permutation: [Int], inputs: [TensorType]) -> PermutedOperator? { fatalError() }
  package func channelsLastPermutation(input index: Int, type: TensorType) -> [Int]? { fatalError() }
  package func channelsLastPermutation(output index: Int, type: TensorType) -> [Int]? { fatalError() }
}

extension LocalResponseNormalization: SpatialOperator {
  package var mnemonic: String { fatalError() }
  package var attributes: [OperatorAttribute] { fatalError() }
  package func infer(_ inputs: [TensorType]) throws(OperatorError) -> [TensorType] { fatalError() }
  package func evaluate(_ inputs: [Tensor]) throws(OperatorError) -> [Tensor] { fatalError() }
  package var gradient: GradientRule { fatalError() }
  package var quantization: QuantizationRule { fatalError() }
  package func lower(_ request: LoweringRequest) throws(OperatorError) -> Lowering { fatalError() }
  package func permuted(by permutation: [Int], inputs: [TensorType]) -> PermutedOperator? { fatalError() }
  package func channelsLastPermutation(input index: Int, type: TensorType) -> [Int]? { fatalError() }
  package func channelsLastPermutation(output index: Int, type: TensorType) -> [Int]? { fatalError() }
}

extension Pool: SpatialOperator {
  package var mnemonic: String { fatalError() }
  package var attributes: [OperatorAttribute] { fatalError() }
  package func infer(_ inputs: [TensorType]) throws(OperatorError) -> [TensorType] { fatalError() }
  package func evaluate(_ inputs: [Tensor]) throws(OperatorError) -> [Tensor] { fatalError() }
  package var gradient: GradientRule { fatalError() }
  package var quantization: QuantizationRule { fatalError() }
  package func lower(_ request: LoweringRequest) throws(OperatorError) -> Lowering { fatalError() }
  package func permuted(by permutation: [Int], inputs: [TensorType]) -> PermutedOperator? { fatalError() }
  package func channelsLastPermutation(input index: Int, type: TensorType) -> [Int]? { fatalError() }
  package func channelsLastPermutation(output index: Int, type: TensorType) -> [Int]? { fatalError() }
}

extension Reduce: Operator {
  package var mnemonic: String { fatalError() }
  package var attributes: [OperatorAttribute] { fatalError() }
  package func infer(_ inputs: [TensorType]) throws(OperatorError) -> [TensorType] { fatalError() }
  package func evaluate(_ inputs: [Tensor]) throws(OperatorError) -> [Tensor] { fatalError() }
  package var gradient: GradientRule { fatalError() }
  package var quantization: QuantizationRule { fatalError() }
  package func lower(_ request: LoweringRequest) throws(OperatorError) -> Lowering { fatalError() }
  package func permuted(by permutation: [Int], inputs: [TensorType]) -> PermutedOperator? { fatalError() }
}

extension Softmax: Operator {
  package var mnemonic: String { fatalError() }
  package var attributes: [OperatorAttribute] { fatalError() }
  package func infer(_ inputs: [TensorType]) throws(OperatorError) -> [TensorType] { fatalError() }
  package func evaluate(_ inputs: [Tensor]) throws(OperatorError) -> [Tensor] { fatalError() }
  package var gradient: GradientRule { fatalError() }
  package var quantization: QuantizationRule { fatalError() }
  package func lower(_ request: LoweringRequest) throws(OperatorError) -> Lowering { fatalError() }
  package func permuted(by permutation: [Int], inputs: [TensorType]) -> PermutedOperator? { fatalError() }
}

