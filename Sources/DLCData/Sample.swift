import DLCTensor

/// One observation, fitted to a model's inputs.
package struct Sample: Sendable {
  /// Values by input name; each of the input's type, with a leading axis of 1 where the model takes a batch.
  package var inputs: [String: Tensor]
  /// The class, counted from 0.
  package var label: Int?
  /// The true values of a regression.
  package var target: [Double]?
  /// Expected outputs by name, where the data holds them.
  package var expected: [String: Tensor]
  /// Where it comes from, for messages: a file, or `file:index`.
  package var origin: String

  package init(
    inputs: [String: Tensor], label: Int? = nil, target: [Double]? = nil, expected: [String: Tensor] = [:],
    origin: String
  ) {
    self.inputs = inputs
    self.label = label
    self.target = target
    self.expected = expected
    self.origin = origin
  }
}

extension Sample {
  /// Throws when an input holds NaN.
  func requireNumbers() throws(DataError) {
    for (name, tensor) in inputs.sorted(by: { $0.key < $1.key }) where tensor.element.isFloat && tensor.containsNaN {
      throw .malformed(path: origin, reason: "holds NaN for input '\(name)'; repair it or leave it out with --skip-bad")
    }
  }
}

extension Tensor {
  /// Whether an element is not a number.
  fileprivate var containsNaN: Bool {
    if element == .float32 { return withElements(as: Float.self) { $0.contains(where: \.isNaN) } }
    return doubles().contains(where: \.isNaN)
  }
}

/// The inputs of one run: one observation, or as many as the model's batch holds.
package struct Batch: Sendable {
  /// Exactly the types of the model's inputs.
  package var inputs: [String: Tensor]
  /// The observations in order of their rows; fewer than rows in a last batch that is not full.
  package var samples: [Sample]
  /// Rows of the batch; those beyond `samples` repeat the last one and mean nothing.
  package var rows: Int
  /// Counts batches from 0, in the data's order.
  package var index: Int

  /// Whether some rows only fill up the batch.
  package var isPartial: Bool { samples.count < rows }
}

/// A sample that could not be read and was left out.
package struct SkippedSample: Sendable, Equatable {
  package var origin: String
  package var reason: String
}
