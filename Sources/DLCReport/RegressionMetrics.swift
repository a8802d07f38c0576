/// Errors of predicted values over samples.
package struct RegressionMetrics: Sendable {
  package private(set) var samples = 0
  private var absolute = 0.0
  private var squared = 0.0
  private var count = 0
  /// For each value of a sample: mean and sum of squared deviations of the truth (Welford, 1962), and squared errors.
  private var means: [Double] = []
  private var deviations: [Double] = []
  private var errors: [Double] = []

  package init() {}

  /// Counts one sample; both have the same number of values in every call.
  package mutating func add(predicted: some Collection<Double>, true truth: [Double]) {
    samples += 1
    if means.isEmpty {
      means = [Double](repeating: 0, count: truth.count)
      (deviations, errors) = (means, means)
    }
    for (k, (found, wanted)) in zip(predicted, truth).enumerated() {
      let error = found - wanted
      absolute += abs(error)
      squared += error * error
      errors[k] += error * error
      let delta = wanted - means[k]
      means[k] += delta / Double(samples)
      deviations[k] += delta * (wanted - means[k])
      count += 1
    }
  }

  /// Mean absolute error.
  package var meanAbsolute: Double { count > 0 ? absolute / Double(count) : .nan }

  /// Mean squared error.
  package var meanSquared: Double { count > 0 ? squared / Double(count) : .nan }

  /// Share of the truth's variance that is explained, 1 - errors / deviations, averaged over the values that vary; nil when none does.
  package var determination: Double? {
    let varying = deviations.indices.filter { deviations[$0] > 0 }
    guard !varying.isEmpty else { return nil }
    return varying.reduce(0) { $0 + 1 - errors[$1] / deviations[$1] } / Double(varying.count)
  }
}
