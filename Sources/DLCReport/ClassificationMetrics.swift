import DLCTensor

/// Counts and scores of a classifier over labelled samples.
package struct ClassificationMetrics: Sendable {
  /// Number of classes: scores of one sample.
  package let classes: Int
  /// Samples by true class (row) and predicted class (column), row by row.
  package private(set) var confusion: [Int]
  package private(set) var samples = 0
  private var rightInFive = 0
  /// Scores of all samples, for the ranks; given up where they would fill memory.
  private var scores: [Float]? = []
  private var labels: [Int32] = []

  /// Bytes of scores that are kept at most.
  private static let mostScoreBytes = 1 << 30

  package init(classes: Int) {
    self.classes = classes
    confusion = [Int](repeating: 0, count: classes * classes)
  }

  /// Counts one sample; `label` is below `classes`, which is the number of `row`'s entries. The first of equal scores wins.
  package mutating func add(_ row: ArraySlice<Double>, label: Int) {
    samples += 1
    confusion[label * classes + largest(row)] += 1
    let own = row[row.startIndex + label]
    var ahead = 0
    for (k, score) in row.enumerated() where score > own || (score == own && k < label) || (own.isNaN && !score.isNaN) {
      ahead += 1
    }
    if ahead < 5 { rightInFive += 1 }
    labels.append(Int32(label))
    if labels.count * classes * MemoryLayout<Float>.size > Self.mostScoreBytes {
      scores = nil
    } else {
      scores?.append(contentsOf: row.lazy.map { Float($0) })
    }
  }

  /// Share of samples whose best class is the true one.
  package var accuracy: Double { share((0..<classes).reduce(0) { $0 + confusion[$1 * classes + $1] }, samples) ?? 0 }

  /// Share of samples whose true class is among the five best; nil with five classes or fewer.
  package var topFive: Double? { classes > 5 ? share(rightInFive, samples) : nil }

  /// What one class comes to; nil where there is nothing to divide by.
  package struct ClassResult: Sendable {
    package var number: Int
    /// Samples of this class.
    package var support: Int
    /// Right among those predicted as this class.
    package var precision: Double?
    /// Found among those of this class: the sensitivity.
    package var recall: Double?
    /// Rejected among those of other classes.
    package var specificity: Double?
    /// Harmonic mean of precision and recall.
    package var f1: Double?
    /// Area under the receiver operating curve of this class's score against all others.
    package var auc: Double?
  }

  /// All classes in order.
  package func results() -> [ClassResult] {
    var predicted = [Int](repeating: 0, count: classes), support = predicted
    for row in 0..<classes {
      for column in 0..<classes {
        support[row] += confusion[row * classes + column]
        predicted[column] += confusion[row * classes + column]
      }
    }
    return (0..<classes).map { k in
      let right = confusion[k * classes + k]
      let wronglyFound = predicted[k] - right
      let negatives = samples - support[k]
      return ClassResult(
        number: k, support: support[k], precision: share(right, predicted[k]), recall: share(right, support[k]),
        specificity: share(negatives - wronglyFound, negatives), f1: share(2 * right, predicted[k] + support[k]),
        auc: areaUnderCurve(k))
    }
  }

  /// The chance that a sample of class `k` scores higher for it than one of another class, ties counted half: the exact area
  /// by ranks (Mann and Whitney, 1947). Nil without samples on both sides, or when the scores were too many to keep.
  private func areaUnderCurve(_ k: Int) -> Double? {
    guard let scores else { return nil }
    // What is no number ranks last.
    func score(_ sample: Int) -> Float {
      let value = scores[sample * classes + k]
      return value.isNaN ? -.infinity : value
    }
    let positives = labels.indices.filter { labels[$0] == k }.map(score).sorted()
    let negatives = labels.count - positives.count
    guard !positives.isEmpty, negatives > 0 else { return nil }
    // Halves, so that the sum is exact.
    var halves = 0
    for sample in labels.indices where labels[sample] != k {
      let value = score(sample)
      let below = firstIndex(positives) { $0 >= value }
      let notAbove = firstIndex(positives) { $0 > value }
      halves += 2 * (positives.count - notAbove) + (notAbove - below)
    }
    return Double(halves) / (2 * Double(positives.count) * Double(negatives))
  }

  /// The first place in sorted `values` where `isPast` holds.
  private func firstIndex(_ values: [Float], _ isPast: (Float) -> Bool) -> Int {
    var (low, high) = (0, values.count)
    while low < high {
      let middle = (low + high) / 2
      if isPast(values[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }

  private func share(_ part: Int, _ whole: Int) -> Double? { whole > 0 ? Double(part) / Double(whole) : nil }
}
