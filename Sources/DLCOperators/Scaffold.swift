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

extension Concatenate: Operator {
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

extension Expand: Operator {
  package var mnemonic: String { fatalError() }
  package var attributes: [OperatorAttribute] { fatalError() }
  package func infer(_ inputs: [TensorType]) throws(OperatorError) -> [TensorType] { fatalError() }
  package func evaluate(_ inputs: [Tensor]) throws(OperatorError) -> [Tensor] { fatalError() }
  package var gradient: GradientRule { fatalError() }
  package var quantization: QuantizationRule { fatalError() }
  package func lower(_ request: LoweringRequest) throws(OperatorError) -> Lowering { fatalError() }
  package func permuted(by permutation: [Int], inputs: [TensorType]) -> PermutedOperator? { fatalError() }
}

extension Gather: Operator {
  package var mnemonic: String { fatalError() }
  package var attributes: [OperatorAttribute] { fatalError() }
  package func infer(_ inputs: [TensorType]) throws(OperatorError) -> [TensorType] { fatalError() }
  package func evaluate(_ inputs: [Tensor]) throws(OperatorError) -> [Tensor] { fatalError() }
  package var gradient: GradientRule { fatalError() }
  package var quantization: QuantizationRule { fatalError() }
  package func lower(_ request: LoweringRequest) throws(OperatorError) -> Lowering { fatalError() }
  package func permuted(by permutation: [Int], inputs: [TensorType]) -> PermutedOperator? { fatalError() }
}

extension GatherElements: Operator {
  package var mnemonic: String { fatalError() }
  package var attributes: [OperatorAttribute] { fatalError() }
  package func infer(_ inputs: [TensorType]) throws(OperatorError) -> [TensorType] { fatalError() }
  package func evaluate(_ inputs: [Tensor]) throws(OperatorError) -> [Tensor] { fatalError() }
  package var gradient: GradientRule { fatalError() }
  package var quantization: QuantizationRule { fatalError() }
  package func lower(_ request: LoweringRequest) throws(OperatorError) -> Lowering { fatalError() }
  package func permuted(by permutation: [Int], inputs: [TensorType]) -> PermutedOperator? { fatalError() }
}

extension GatherND: Operator {
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

extension OneHot: Operator {
  package var mnemonic: String { fatalError() }
  package var attributes: [OperatorAttribute] { fatalError() }
  package func infer(_ inputs: [TensorType]) throws(OperatorError) -> [TensorType] { fatalError() }
  package func evaluate(_ inputs: [Tensor]) throws(OperatorError) -> [Tensor] { fatalError() }
  package var gradient: GradientRule { fatalError() }
  package var quantization: QuantizationRule { fatalError() }
  package func lower(_ request: LoweringRequest) throws(OperatorError) -> Lowering { fatalError() }
  package func permuted(by permutation: [Int], inputs: [TensorType]) -> PermutedOperator? { fatalError() }
}

extension Pad: Operator {
  package var mnemonic: String { fatalError() }
  package var attributes: [OperatorAttribute] { fatalError() }
  package func infer(_ inputs: [TensorType]) throws(OperatorError) -> [TensorType] { fatalError() }
  package func evaluate(_ inputs: [Tensor]) throws(OperatorError) -> [Tensor] { fatalError() }
  package var gradient: GradientRule { fatalError() }
  package var quantization: QuantizationRule { fatalError() }
  package func lower(_ request: LoweringRequest) throws(OperatorError) -> Lowering { fatalError() }
  package func permuted(by permutation: [Int], inputs: [TensorType]) -> PermutedOperator? { fatalError() }
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

extension Reshape: Operator {
  package var mnemonic: String { fatalError() }
  package var attributes: [OperatorAttribute] { fatalError() }
  package func infer(_ inputs: [TensorType]) throws(OperatorError) -> [TensorType] { fatalError() }
  package func evaluate(_ inputs: [Tensor]) throws(OperatorError) -> [Tensor] { fatalError() }
  package var gradient: GradientRule { fatalError() }
  package var quantization: QuantizationRule { fatalError() }
  package func lower(_ request: LoweringRequest) throws(OperatorError) -> Lowering { fatalError() }
  package func permuted(by permutation: [Int], inputs: [TensorType]) -> PermutedOperator? { fatalError() }
}

extension Resize: Operator {
  package var mnemonic: String { fatalError() }
  package var attributes: [OperatorAttribute] { fatalError() }
  package func infer(_ inputs: [TensorType]) throws(OperatorError) -> [TensorType] { fatalError() }
  package func evaluate(_ inputs: [Tensor]) throws(OperatorError) -> [Tensor] { fatalError() }
  package var gradient: GradientRule { fatalError() }
  package var quantization: QuantizationRule { fatalError() }
  package func lower(_ request: LoweringRequest) throws(OperatorError) -> Lowering { fatalError() }
  package func permuted(by permutation: [Int], inputs: [TensorType]) -> PermutedOperator? { fatalError() }
}

extension ReverseSequence: Operator {
  package var mnemonic: String { fatalError() }
  package var attributes: [OperatorAttribute] { fatalError() }
  package func infer(_ inputs: [TensorType]) throws(OperatorError) -> [TensorType] { fatalError() }
  package func evaluate(_ inputs: [Tensor]) throws(OperatorError) -> [Tensor] { fatalError() }
  package var gradient: GradientRule { fatalError() }
  package var quantization: QuantizationRule { fatalError() }
  package func lower(_ request: LoweringRequest) throws(OperatorError) -> Lowering { fatalError() }
  package func permuted(by permutation: [Int], inputs: [TensorType]) -> PermutedOperator? { fatalError() }
}

extension ScatterElements: Operator {
  package var mnemonic: String { fatalError() }
  package var attributes: [OperatorAttribute] { fatalError() }
  package func infer(_ inputs: [TensorType]) throws(OperatorError) -> [TensorType] { fatalError() }
  package func evaluate(_ inputs: [Tensor]) throws(OperatorError) -> [Tensor] { fatalError() }
  package var gradient: GradientRule { fatalError() }
  package var quantization: QuantizationRule { fatalError() }
  package func lower(_ request: LoweringRequest) throws(OperatorError) -> Lowering { fatalError() }
  package func permuted(by permutation: [Int], inputs: [TensorType]) -> PermutedOperator? { fatalError() }
}

extension ScatterND: Operator {
  package var mnemonic: String { fatalError() }
  package var attributes: [OperatorAttribute] { fatalError() }
  package func infer(_ inputs: [TensorType]) throws(OperatorError) -> [TensorType] { fatalError() }
  package func evaluate(_ inputs: [Tensor]) throws(OperatorError) -> [Tensor] { fatalError() }
  package var gradient: GradientRule { fatalError() }
  package var quantization: QuantizationRule { fatalError() }
  package func lower(_ request: LoweringRequest) throws(OperatorError) -> Lowering { fatalError() }
  package func permuted(by permutation: [Int], inputs: [TensorType]) -> PermutedOperator? { fatalError() }
}

extension Slice: Operator {
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

extension Tile: Operator {
  package var mnemonic: String { fatalError() }
  package var attributes: [OperatorAttribute] { fatalError() }
  package func infer(_ inputs: [TensorType]) throws(OperatorError) -> [TensorType] { fatalError() }
  package func evaluate(_ inputs: [Tensor]) throws(OperatorError) -> [Tensor] { fatalError() }
  package var gradient: GradientRule { fatalError() }
  package var quantization: QuantizationRule { fatalError() }
  package func lower(_ request: LoweringRequest) throws(OperatorError) -> Lowering { fatalError() }
  package func permuted(by permutation: [Int], inputs: [TensorType]) -> PermutedOperator? { fatalError() }
}

extension TopK: Operator {
  package var mnemonic: String { fatalError() }
  package var attributes: [OperatorAttribute] { fatalError() }
  package func infer(_ inputs: [TensorType]) throws(OperatorError) -> [TensorType] { fatalError() }
  package func evaluate(_ inputs: [Tensor]) throws(OperatorError) -> [Tensor] { fatalError() }
  package var gradient: GradientRule { fatalError() }
  package var quantization: QuantizationRule { fatalError() }
  package func lower(_ request: LoweringRequest) throws(OperatorError) -> Lowering { fatalError() }
  package func permuted(by permutation: [Int], inputs: [TensorType]) -> PermutedOperator? { fatalError() }
}

extension Transpose: Operator {
  package var mnemonic: String { fatalError() }
  package var attributes: [OperatorAttribute] { fatalError() }
  package func infer(_ inputs: [TensorType]) throws(OperatorError) -> [TensorType] { fatalError() }
  package func evaluate(_ inputs: [Tensor]) throws(OperatorError) -> [Tensor] { fatalError() }
  package var gradient: GradientRule { fatalError() }
  package var quantization: QuantizationRule { fatalError() }
  package func lower(_ request: LoweringRequest) throws(OperatorError) -> Lowering { fatalError() }
  package func permuted(by permutation: [Int], inputs: [TensorType]) -> PermutedOperator? { fatalError() }
}

extension Trilu: Operator {
  package var mnemonic: String { fatalError() }
  package var attributes: [OperatorAttribute] { fatalError() }
  package func infer(_ inputs: [TensorType]) throws(OperatorError) -> [TensorType] { fatalError() }
  package func evaluate(_ inputs: [Tensor]) throws(OperatorError) -> [Tensor] { fatalError() }
  package var gradient: GradientRule { fatalError() }
  package var quantization: QuantizationRule { fatalError() }
  package func lower(_ request: LoweringRequest) throws(OperatorError) -> Lowering { fatalError() }
  package func permuted(by permutation: [Int], inputs: [TensorType]) -> PermutedOperator? { fatalError() }
}
