import DLCGraph
import DLCTensor

/// A window contraction of integers: x u8 or i16, weights i8, bias? i32, residual? as x -> y as x or f32; shapes as the base
/// has them.
///
/// Sums of `(x - zero) * w` and bias in 32 bits (exact for i16), where cells outside x count nothing, then requantized:
/// `dlc_requantize`.
/// The bias is at scale `s_x s_w[c]` and knows nothing of x's zero point.
protocol QuantizedWindowOperator: SpatialOperator, IntegerOperator {
  associatedtype Base: WindowContraction
  /// The contraction that this one stands for; its function clamps.
  var base: Base { get set }
  var scheme: ContractionScheme { get }
  /// The types of x that kernels take.
  static var inputElements: [ElementType] { get }
}

extension QuantizedWindowOperator {
  package var attributes: [OperatorAttribute] { base.attributes + scheme.attributes }

  package var channels: ChannelPlacement {
    get { base.channels }
    set { base.channels = newValue }
  }

  package func infer(_ inputs: [TensorType]) throws(OperatorError) -> [TensorType] {
    let y = try base.infer(try scheme.floatTypes(inputs, base.epilogue))[0]
    try OperatorError.require(inputs[0], "x", in: Self.inputElements)
    try OperatorError.require(inputs[1], "weights", in: [.int8])
    let filters = inputs[1].shape
    try scheme.requireSound(
      base.epilogue, channels: y.shape[base.channels.axis(rank: y.rank)], depth: filters.count / max(filters[0], 1))
    return [TensorType(scheme.resultElement, y.shape)]
  }

  package func evaluate(_ inputs: [Tensor]) throws(OperatorError) -> [Tensor] {
    let y = try infer(inputs.map(\.type))[0]
    let (x, weights) = (base.channels.channelsLast(inputs[0]), base.channels.channelsLast(inputs[1].asWeights))
    let shape = base.channelsLastShape(y.shape)
    let zero = Double(scheme.input.zeroPoint)
    // Doubles hold these sums exactly.
    let sums = base.sums(x.doubles().map { $0 - zero }, weights.doubles(), input: x.shape, output: shape)
    let positions = base.epilogue.positions
    let result = scheme.result(
      sums.map { Int64($0) }, base.epilogue, bias: positions.bias.map { inputs[$0] },
      residual: positions.residual.map { base.channels.channelsLast(inputs[$0]) }, shape: shape,
      channels: max(shape[shape.rank - 1], 1))
    return [base.channels.stored(result)]
  }

  package var gradient: GradientRule { .undefined("its inputs are not real numbers") }

  package var quantization: QuantizationRule { .float("it computes in integers already") }

  package func quantization(ofInput index: Int) -> QuantizationParameters? {
    scheme.parameters(ofInput: index, base.epilogue)
  }
  package func quantization(ofOutput index: Int) -> QuantizationParameters? { scheme.output }
  package var isConversion: Bool { false }

  package func permuted(by permutation: [Int], inputs: [TensorType]) -> PermutedOperator? { nil }

  package func channelsLastPermutation(input index: Int, type: TensorType) -> [Int]? {
    base.channelsLastPermutation(input: index, type: type)
  }

  package func channelsLastPermutation(output index: Int, type: TensorType) -> [Int]? {
    base.channelsLastPermutation(output: index, type: type)
  }
}
