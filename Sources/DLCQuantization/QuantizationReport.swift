import DLCTensor

/// What the quantizer did, for people.
package struct QuantizationReport: Sendable {
  /// One activation.
  package struct TensorEntry: Sendable, Hashable {
    package var name: String
    package var method: String
    /// The smallest and largest element seen.
    package var minimum: Double
    package var maximum: Double
    package var parameters: QuantizationParameters
    /// Signal to quantization noise expected from the histogram, in dB.
    package var expectedDecibels: Double
  }

  /// One operator that can compute in integers.
  package struct LayerEntry: Sendable, Hashable {
    package var name: String
    package var mnemonic: String
    /// `int8`, `float`, `int4-weights`.
    package var precision: String
    /// Improvements kept: `equalized`, `rounding optimized`, `bias corrected`.
    package var applied: [String]
    /// Signal to noise of the weights in dB.
    package var weightDecibels: Double?
    /// Signal to noise of the network's outputs with only this operator quantized, in dB, where it was measured.
    package var sensitivity: Double?
  }

  /// A measured step.
  package struct Step: Sendable, Hashable {
    package var name: String
    /// Signal to noise of the outputs before and after, in dB.
    package var before: Double
    package var after: Double
    package var kept: Bool
  }

  package var tensors: [TensorEntry] = []
  package var layers: [LayerEntry] = []
  package var steps: [Step] = []
  /// Signal to noise of the network's outputs on calibration data, in dB.
  package var outputDecibels = Double.infinity
  /// The metric's drop, where a search measured it.
  package var drop: Double?
  /// Why a bound does not hold, and the best point that was found.
  package var unreached: String?
  /// Estimated bytes of weights and biases in a plan.
  package var weightBytes = 0
  /// Sentences for the user.
  package var warnings: [String] = []

  package init() {}
}

extension QuantizationReport.TensorEntry {
  /// Whether a loaded or hand-made entry's range was cut: the stored range is smaller than what was seen.
  package var isClipped: Bool {
    let range = parameters.realRange()
    let step = Double(parameters.scale)
    return minimum < range.lowerBound - step || maximum > range.upperBound + step
  }
}
