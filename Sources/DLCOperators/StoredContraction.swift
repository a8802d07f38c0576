import DLCGraph
import DLCTensor

/// A contraction in f32 whose constant weights lie in the plan as integers: x, integers i8 (shape of the weights), scales f32
/// `[S]`, places i32 (for each weight the index of its scale), bias?, residual? -> y.
///
/// A weight is `Float(integer) * scale`, rounded once: the answers are those of the contraction over such weights.
package struct StoredContraction: Sendable, Hashable {
  /// The contraction that this one stands for.
  package var base: Contraction

  package init(_ base: Contraction) { self.base = base }
}

extension StoredContraction: Operator {
  package var mnemonic: String { "stored_\(base.op.mnemonic)" }

  package var attributes: [OperatorAttribute] { base.op.attributes }

  /// Inputs that stand for one of the contraction's: its weights.
  static let weightInputs = 3

  /// `values` as the contraction has them, `weights` in place of what stands for them.
  static func contractionInputs<T>(_ values: [T], weights: T) -> [T] {
    [values[0], weights] + values.dropFirst(1 + weightInputs)
  }

  package func infer(_ inputs: [TensorType]) throws(OperatorError) -> [TensorType] {
    try OperatorError.require(inputs.count > Self.weightInputs, "expected x and weights, found \(inputs.count) inputs")
    try OperatorError.require(inputs[0], "x", in: [.float32])
    try OperatorError.require(inputs[1], "integers", in: [.int8])
    try OperatorError.require(inputs[2].element == .float32 && inputs[2].rank == 1, "expected a list of scales in f32")
    try OperatorError.require(inputs[3], "places", is: TensorType(.int32, inputs[1].shape))
    return try base.op.infer(Self.contractionInputs(inputs, weights: TensorType(.float32, inputs[1].shape)))
  }

  package func evaluate(_ inputs: [Tensor]) throws(OperatorError) -> [Tensor] {
    _ = try infer(inputs.map(\.type))
    return try base.op.evaluate(Self.contractionInputs(inputs, weights: try Self.weights(inputs)))
  }

  /// The real weights of a node with these inputs.
  static func weights(_ inputs: [Tensor]) throws(OperatorError) -> Tensor {
    let scales = inputs[2].elements(as: Float.self)
    let places = inputs[3].elements(as: Int32.self)
    try OperatorError.require(
      places.allSatisfy { scales.indices.contains(Int($0)) }, "expected places of \(scales.count) scales")
    let values = zip(inputs[1].elements(as: Int8.self), places).map { Float($0) * scales[Int($1)] }
    return Tensor(values, shape: inputs[1].shape)
  }

  package var gradient: GradientRule { .undefined("its weights are integers") }

  package var quantization: QuantizationRule { .float("its weights are integers already") }

  package func permuted(by permutation: [Int], inputs: [TensorType]) -> PermutedOperator? { nil }
}
