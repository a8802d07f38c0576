/// What a plan promises of its accuracy: figures measured when it was made, and a run that any machine can repeat.
package struct PlanContract: Sendable, Hashable {
  /// A figure and how much worse another machine may find it on the same data.
  package struct Metric: Sendable, Hashable {
    package var name: String
    package var value: Double
    package var tolerance: Double

    package init(_ name: String, _ value: Double, tolerance: Double) {
      self.name = name
      self.value = value
      self.tolerance = tolerance
    }
  }

  /// A run on inputs made by a generator, with some of its answers; formats/plan.md says how.
  package struct Witness: Sendable, Hashable {
    package var seed: UInt64
    /// Least and greatest value of each input, in pairs.
    package var ranges: [Float]
    /// At most 64 elements of each output.
    package var expected: [Float]
    /// Relative to the greatest expected magnitude of an output; 0: equal.
    package var tolerance: Float

    package init(seed: UInt64, ranges: [Float], expected: [Float], tolerance: Float) {
      self.seed = seed
      self.ranges = ranges
      self.expected = expected
      self.tolerance = tolerance
    }
  }

  package var metrics: [Metric]
  /// Samples that the metrics were measured on.
  package var samples: Int
  /// What they were, in words.
  package var data: String
  /// A digest of the samples that quantization saw.
  package var dataHash: String
  package var witness: Witness?

  package init(metrics: [Metric], samples: Int, data: String, dataHash: String, witness: Witness? = nil) {
    self.metrics = metrics
    self.samples = samples
    self.data = data
    self.dataHash = dataHash
    self.witness = witness
  }
}
