import DLCGraph
import DLCTensor

/// What becomes integers.
package enum QuantizationMode: String, Sendable, Hashable, CaseIterable {
  /// Activations u8, weights i8.
  case int8
  /// Weights i8 per output channel; activations stay f32.
  case int8Weights = "int8-weights"
  /// Weights of 4 bits, a scale for each 32 along the depth; activations stay f32.
  case int4Weights = "int4-weights"
  /// Activations i16 symmetric, weights i8.
  case int16x8
  /// Weights i8; activations are quantized when run, by ranges found then.
  case dynamic

  /// Whether activations get parameters from calibration.
  package var quantizesActivations: Bool { self == .int8 || self == .int16x8 }
}

/// How an activation's range is chosen from what was observed.
package enum RangeMethod: Sendable, Hashable {
  /// Everything seen.
  case minMax
  /// Exponential averages of each sample's smallest and largest element.
  case movingAverage
  /// The given share of elements, in percent, cut equally on both sides.
  case percentile(Double)
  /// Least Kullback-Leibler divergence between the histogram and its quantized form.
  case entropy
  /// Least mean square error, low and high end searched separately.
  case meanSquare
  /// For each tensor the one of these that has the least expected error, everything where clipping is a risk.
  case automatic
}

extension RangeMethod: CustomStringConvertible {
  package var description: String {
    switch self {
    case .minMax: "min-max"
    case .movingAverage: "moving-average"
    case .percentile(let share): "percentile \(share)"
    case .entropy: "entropy"
    case .meanSquare: "mse"
    case .automatic: "automatic"
    }
  }
}

/// How a network is quantized.
package struct QuantizationOptions: Sendable {
  package var mode = QuantizationMode.int8
  package var rangeMethod = RangeMethod.automatic
  /// Most samples used; passes that measure use fewer.
  package var samples = 500
  /// Most bytes of observed values held at once.
  package var observedBytes = 128 << 20
  /// Improvements that are tried, and kept where the measured error is lower.
  package var equalizes = true
  package var balancesNormalizations = true
  package var clipsWeights = true
  package var optimizesRounding = true
  package var correctsBias = true
  /// Names of nodes that stay in floating point.
  package var floatNodes: Set<String> = []
  /// Largest drop of the metric that is accepted; operators return to floating point until it holds.
  package var maxDrop: Double?
  /// Largest size of the plan, in bytes.
  package var maxPlanBytes: Int?
  package var costModel = QuantizationCostModel.standard

  package init() {}
}

/// What a caller is told while it waits.
package struct QuantizationProgress: Sendable, Hashable {
  package enum Stage: String, Sendable, Hashable {
    case observing, balancing, rounding, correcting, measuring, searching
  }

  package var stage: Stage
  /// Steps done and, where known, in all.
  package var done: Int
  package var total: Int?
}

/// Called after every step; throws `QuantizationError.stopped` to stop.
package typealias QuantizationProgressHandler = (QuantizationProgress) throws(QuantizationError) -> Void
