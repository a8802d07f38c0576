import Testing

@testable import DLCReport

@Suite struct ClassificationMetricsTests {
  private func metrics(_ rows: [([Double], Int)]) -> ClassificationMetrics {
    var metrics = ClassificationMetrics(classes: rows[0].0.count)
    for (scores, label) in rows { metrics.add(scores[...], label: label) }
    return metrics
  }

  @Test func figuresOfEachClass() {
    // Predicted 0, 1, 1, 1, 2 for the true classes 0, 0, 1, 1, 1; class 3 neither occurs nor is predicted.
    let found = metrics([
      ([9, 0, 0, 0], 0), ([1, 9, 0, 0], 0), ([0, 9, 0, 0], 1), ([0, 9, 1, 0], 1), ([0, 0, 9, 0], 1),
    ])
    #expect(found.accuracy == 3.0 / 5 && found.topFive == nil && found.samples == 5)
    #expect(found.confusion == [1, 1, 0, 0, 0, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0])
    let results = found.results()
    #expect(results.map(\.support) == [2, 3, 0, 0])
    #expect(results.map(\.precision) == [1, 2.0 / 3, 0, nil])
    #expect(results.map(\.recall) == [0.5, 2.0 / 3, nil, nil])
    #expect(results.map(\.specificity) == [1, 0.5, 0.8, 1])
    #expect(results.map(\.f1) == [2.0 / 3, 4.0 / 6, 0, nil])
    // Class 0: scores 9, 1 against 0, 0, 0. Class 1: 9, 9, 0 against 0, 9 (ties count half).
    #expect(results.map(\.auc) == [1, (0.5 + 1 + 0.5 + 1 + 0 + 0.5) / 6, nil, nil])
  }

  /// Beside counting all pairs.
  @Test func areasAreExact() {
    var state: UInt32 = 1
    func next(_ bound: UInt32) -> Int {
      state = state &* 1_664_525 &+ 1_013_904_223
      return Int((state >> 16) % bound)
    }
    let rows = (0..<90).map { _ in ((0..<3).map { _ in Double(next(7)) }, next(3)) }
    let results = metrics(rows).results()
    for k in 0..<3 {
      var sum = 0.0, pairs = 0.0
      for (a, labelA) in rows where labelA == k {
        for (b, labelB) in rows where labelB != k {
          sum += a[k] > b[k] ? 1 : a[k] == b[k] ? 0.5 : 0
          pairs += 1
        }
      }
      #expect(results[k].auc == sum / pairs)
    }
  }

  @Test func topFiveCountsEqualScoresInOrder() {
    let found = metrics([
      ([1, 1, 1, 1, 1, 1, 1], 4), ([1, 1, 1, 1, 1, 1, 1], 5), ([0, 1, 2, 3, 4, 5, 6], 2), ([0, 1, 2, 3, 4, 5, 6], 1),
    ])
    #expect(found.topFive == 0.5)
  }

  @Test func whatIsNoNumberIsNeverRight() {
    let found = metrics([([.nan, 1, 2, 3, 4, 5], 0), ([.nan, 1, 2, 3, 4, 5], 5)])
    #expect(found.accuracy == 0.5 && found.topFive == 0.5)
    #expect(found.results()[0].auc == 0.5)
  }
}

@Suite struct RegressionMetricsTests {
  @Test func errorsAndDetermination() {
    var metrics = RegressionMetrics()
    for (found, wanted) in [(2.0, 1.0), (2, 2), (2, 4), (5, 5)] {
      metrics.add(predicted: [found, 7], true: [wanted, 7])
    }
    #expect(metrics.samples == 4 && metrics.meanAbsolute == 3.0 / 8 && metrics.meanSquared == 5.0 / 8)
    // The second value never varies. The first: mean 3, deviations 4 + 1 + 1 + 4, errors 1 + 4.
    #expect(metrics.determination == 0.5)
    var constant = RegressionMetrics()
    constant.add(predicted: [1], true: [2])
    #expect(constant.determination == nil && constant.meanAbsolute == 1)
    #expect(RegressionMetrics().meanAbsolute.isNaN)
  }
}
