import DLCTensor

/// What the compiler knows of one operator: everything in one place, beside its typed attributes.
///
/// There are no default implementations: what an operator does not have is said as a value with a reason.
/// Inputs are positional and all present; an optional input is an attribute saying that it is there.
package protocol Operator: Sendable, Hashable {
  /// The name in printed graphs and reports, lower case: `conv`, `relu`, `reduce.mean`.
  var mnemonic: String { get }

  /// Attributes as printed, in a fixed order; together with the mnemonic they identify the operator's meaning.
  var attributes: [OperatorAttribute] { get }

  /// The types of the outputs; throws when the inputs do not fit: count, element types, ranks, extents.
  func infer(_ inputs: [TensorType]) throws(OperatorError) -> [TensorType]

  /// Reference evaluation, written for clarity: the oracle for kernels and the engine of constant folding.
  /// Inputs have the types that `infer` accepted.
  func evaluate(_ inputs: [Tensor]) throws(OperatorError) -> [Tensor]

  /// How gradients flow from the outputs back to the inputs.
  var gradient: GradientRule { get }

  /// How the operator takes part in an integer network.
  var quantization: QuantizationRule { get }

  /// What stands in the plan for a node of this operator.
  func lower(_ request: LoweringRequest) throws(OperatorError) -> Lowering

  /// The operator that does the same when every data input's axes are stored in another order, or nil when there is none.
  ///
  /// Given `x = transpose(x', permutation)` for each data input x (axis i of x is axis `permutation[i]` of x'),
  /// Result: `op(x) = transpose(op'(x'), outputPermutation)`. Inputs that are not data (indices, per-channel vectors)
  /// are listed as unchanged. For elementwise operators inputs of lower rank are brought to full rank by the pass first.
  func permuted(by permutation: [Int], inputs: [TensorType]) -> PermutedOperator?
}

/// One printed attribute.
package struct OperatorAttribute: Sendable, Hashable {
  package let name: String
  package let value: String

  package init(_ name: String, _ value: some CustomStringConvertible) {
    self.name = name
    self.value = value.description
  }
}

/// See `Operator.permuted(by:inputs:)`.
package struct PermutedOperator: Sendable {
  package var op: any Operator
  /// For each output: axis i of the original output is axis `outputPermutations[k][i]` of the new one.
  package var outputPermutations: [[Int]]
  /// Inputs that keep their axis order.
  package var unchangedInputs: Set<Int>

  package init(_ op: any Operator, outputPermutations: [[Int]], unchangedInputs: Set<Int> = []) {
    self.op = op
    self.outputPermutations = outputPermutations
    self.unchangedInputs = unchangedInputs
  }
}

/// Where channels stand among the axes of an image: `[N, C, spatial...]` or `[N, spatial..., C]`.
package enum ChannelPlacement: String, Sendable, Hashable {
  case first
  case last
}

/// An operator over images whose kernels exist for channels-last only: the layout pass turns `.first` into `.last`.
package protocol SpatialOperator: Operator {
  var channels: ChannelPlacement { get set }

  /// The order of input `index`'s axes when `channels` is `.last`, as a permutation of its order when `.first`; nil: unchanged.
  func channelsLastPermutation(input index: Int, type: TensorType) -> [Int]?
  /// Likewise for output `index`.
  func channelsLastPermutation(output index: Int, type: TensorType) -> [Int]?
}

/// An operator that computes with integers that stand for real numbers.
package protocol IntegerOperator: Operator {
  /// What the integers of input `index` stand for; nil when they are no activations or not quantized.
  func quantization(ofInput index: Int) -> QuantizationParameters?
  /// Likewise for output `index`.
  func quantization(ofOutput index: Int) -> QuantizationParameters?
  /// Whether it only turns real numbers into integers, or integers into real numbers.
  var isConversion: Bool { get }
}

/// Why an operator cannot be built, typed or evaluated.
package struct OperatorError: Error, Hashable, CustomStringConvertible {
  /// What was expected and what was found, as one clause without the node's name.
  package let reason: String

  package init(_ reason: String) { self.reason = reason }

  package var description: String { reason }
}
