import DLCGraph

/// One rewriting of a graph that keeps its meaning.
package struct Pass: Sendable {
  /// The name users see and give: `fold-constants`.
  package let name: String
  /// What it does, in one line.
  package let summary: String
  /// 0: the plan writer needs it, always runs; 1: makes the graph smaller or faster; 2: looks for whole patterns.
  package let level: Int
  /// What an earlier pass of the pipeline must have established.
  package let requires: Set<GraphProperty>
  /// What holds after the pass.
  package let establishes: Set<GraphProperty>
  package let body: Body

  /// How a pass looks at the graph.
  package enum Body: Sendable {
    /// Looks at one node; the runner visits nodes in topological order and again where something changed.
    case node(@Sendable (Graph, NodeID) throws(OperatorError) -> GraphPatch?)
    /// Looks at the whole graph; the runner asks again until there is nothing to do.
    case graph(@Sendable (Graph) throws(OperatorError) -> GraphPatch?)
  }

  package init(
    _ name: String, _ summary: String, level: Int, requires: Set<GraphProperty> = [],
    establishes: Set<GraphProperty> = [], _ body: Body
  ) {
    self.name = name
    self.summary = summary
    self.level = level
    self.requires = requires
    self.establishes = establishes
    self.body = body
  }
}

/// What passes rely on; data that a test holds the pipeline's order to.
package enum GraphProperty: String, Sendable, Hashable, CaseIterable {
  /// No node computes in f16 or bf16.
  case wideFloats
  /// Identities are gone and equivalent spellings of an operation are one.
  case canonical
  /// What depends on constants alone is a constant.
  case constantsFolded
  /// Functions spelled as several nodes are one `Unary`.
  case functionsRecognized
  /// Batch normalizations after contractions are in their weights.
  case batchNormalizationsFused
  /// No batch normalization is left.
  case noBatchNormalization
  /// Scaling and shifting by constants is in the weights.
  case affineFolded
  /// No activation is stored as i8 within the graph.
  case unsignedActivations
  /// What can be computed in integers between `Dequantize` and `Quantize` is an integer operator.
  case integersFormed
  /// Spatial operators are channels-last.
  case channelsLast
  /// Operands of elementwise operators have the rank of the result.
  case alignedRanks
  /// Each axis order was chosen for the whole graph.
  case layoutChosen
}
