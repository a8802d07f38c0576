import DLCOperators
import DLCTensor
import Foundation
import Testing

@testable import DLCQuantization

private func normal(_ count: Int, outliers: [Float] = [], deviation: Double = 1) -> Histogram {
  var random = SeededRandom(state: 11)
  var histogram = Histogram()
  let values = (0..<count).map { _ in Float(deviation * random.normal()) } + outliers
  histogram.add(Tensor(values, shape: [values.count]))
  return histogram
}

/// Ten million elements near zero and those given once: calibration sees one far element in very many.
private func rare(_ outliers: [Float]) -> Histogram {
  var many = normal(10_000)
  for _ in 0..<10 {
    let twice = many
    many.merge(twice)
  }
  many.merge(normal(1, outliers: outliers))
  return many
}

@Suite struct RangeSearchTests {
  private let plain = RangeSearch.Constraints()

  @Test func minMaxHoldsEverythingAndZero() {
    var histogram = Histogram()
    histogram.add(Tensor((0..<100).map { Float($0) + 10 }, shape: [100]))
    let choice = RangeSearch(histogram, plain).choose(.minMax)
    #expect(choice.parameters.zeroPoint == 0)
    #expect(abs(choice.parameters.realRange().upperBound - 109) < 0.01)
  }

  @Test func automaticClipsAPlantedOutlier() {
    let histogram = rare([60])
    let automatic = RangeSearch(histogram, plain).choose(.automatic)
    let everything = RangeSearch(histogram, plain).choose(.minMax)
    #expect(automatic.parameters.realRange().upperBound < 60)
    #expect(automatic.error < 0.6 * everything.error)
  }

  @Test func automaticKeepsARangeWithoutOutliers() {
    var histogram = Histogram()
    histogram.add(Tensor((0..<10_000).map { Float($0) / 10_000 }, shape: [10_000]))
    #expect(RangeSearch(histogram, plain).choose(.automatic).method == "min-max")
  }

  @Test func outputsAndFewLevelsKeepTheirRange() {
    var constraints = plain
    constraints.keepsRange = true
    let histogram = normal(100_000, outliers: [60])
    #expect(RangeSearch(histogram, constraints).choose(.automatic).method == "min-max")
    var levels = Histogram()
    levels.add(Tensor((0..<9999).map { Float($0 % 3) } + [100], shape: [10_000]))
    #expect(RangeSearch(levels, plain).choose(.meanSquare).method == "min-max")
  }

  @Test func meanSquareClipsEachEndByItself() {
    let histogram = rare([-90])
    let range = RangeSearch(histogram, plain).choose(.meanSquare).parameters.realRange()
    #expect(range.lowerBound > -45 && range.upperBound > 3)
  }

  @Test(arguments: [RangeMethod.minMax, .percentile(99.9), .entropy, .meanSquare, .automatic])
  func expectedErrorIsTheMeasuredOne(_ method: RangeMethod) {
    var random = SeededRandom(state: 11)
    let values = (0..<50_000).map { _ in Float(random.normal()) } + [12]
    var histogram = Histogram()
    histogram.add(Tensor(values, shape: [values.count]))
    let choice = RangeSearch(histogram, plain).choose(method)
    let measured = values.reduce(0.0) { sum, x in
      let y = choice.parameters.dequantize(choice.parameters.quantize(x))
      return sum + Double(x - y) * Double(x - y)
    }
    #expect(abs(measured / Double(values.count) / choice.error - 1) < 0.05, "\(choice)")
  }

  @Test func percentileCutsItsShare() {
    let histogram = normal(100_000)
    let range = RangeSearch(histogram, plain).choose(.percentile(98)).parameters.realRange()
    #expect(abs(range.upperBound - 2.33) < 0.15 && abs(range.lowerBound + 2.33) < 0.15)
  }

  @Test func percentileThatCutsTooFewGivesWayToTheAutomaticChoice() {
    let search = { (leastCut: Double) in
      var constraints = plain
      constraints.leastCut = leastCut
      return RangeSearch(normal(100_000), constraints)
    }
    #expect(search(2000).choose(.percentile(98)) == search(0).choose(.percentile(98)))
    #expect(search(2001).choose(.percentile(98)) == search(0).choose(.automatic))
    #expect(search(0).choose(.percentile(98)) != search(0).choose(.automatic))
  }

  @Test func entropyDropsAFarOutlier() {
    let range = RangeSearch(normal(100_000, outliers: [40]), plain).choose(.entropy).parameters.realRange()
    #expect(range.upperBound < 30 && range.upperBound > 2)
  }

  /// What activations look like, `rectified` half of which are zeros: every method keeps most of what the best one keeps.
  @Test(arguments: ["normal", "rectified", "heavy tails", "one-sided"])
  func everyMethodIsSane(_ kind: String) {
    var random = SeededRandom(state: 5)
    var observer = ValueObserver()
    for _ in 0..<20 {
      let values = (0..<10_000).map { _ -> Float in
        let x = random.normal()
        switch kind {
        case "rectified": return Float(max(x, 0))
        case "heavy tails": return Float(x * abs(x))
        case "one-sided": return Float(max(x + 1, -0.2))
        default: return Float(x)
        }
      }
      observer.add(Tensor(values, shape: [values.count]))
    }
    let search = RangeSearch(
      observer.histogram, plain, averages: (low: observer.averageLow, high: observer.averageHigh))
    let best = search.choose(.meanSquare).decibels
    let methods = [
      RangeMethod.minMax, .movingAverage, .percentile(99.9), .percentile(99.99), .percentile(99.999), .entropy,
      .automatic,
    ]
    for method in methods {
      let choice = search.choose(method)
      // Divergence weighs how often values occur, not how large they are: it cuts off more of a tail.
      let margin = method == .entropy ? 18.0 : 8
      #expect(choice.decibels > best - margin && choice.decibels < best + 0.01, "\(method): \(choice), best \(best)")
    }
  }

  @Test func entropyLeavesExactZerosOut() {
    var random = SeededRandom(state: 5)
    let values = (0..<100_000).map { _ in Float(max(random.normal(), 0)) }
    var dense = Histogram()
    dense.add(Tensor(values.filter { $0 > 0 }, shape: [values.count { $0 > 0 }]))
    var sparse = dense
    sparse.add(Tensor([Float](repeating: 0, count: 200_000), shape: [200_000]))
    let expected = RangeSearch(dense, plain).choose(.entropy).parameters
    #expect(RangeSearch(sparse, plain).choose(.entropy).parameters == expected)
    #expect(expected.realRange().upperBound > 2.5)
  }

  @Test func movingAverageIsUsedWhenAsked() {
    let search = RangeSearch(normal(10_000), plain, averages: (-2, 1.5))
    let range = search.choose(.movingAverage).parameters.realRange()
    #expect(abs(range.lowerBound + 2) < 0.02 && abs(range.upperBound - 1.5) < 0.02)
  }

  @Test func symmetricRangesHaveTheirZeroInTheMiddle() {
    var constraints = plain
    constraints.symmetric = true
    #expect(RangeSearch(normal(1000), constraints).choose(.automatic).parameters.zeroPoint == 128)
    constraints.element = .int16
    let wide = RangeSearch(normal(1000), constraints).choose(.automatic)
    #expect(wide.parameters.element == .int16 && wide.parameters.zeroPoint == 0 && wide.decibels > 75)
  }

  @Test func errorCountsAfterTheFunction() {
    // hard-swish is 0 below -3: nothing is lost by cutting there, and the rest becomes finer.
    var constraints = plain
    constraints.function = .hardSwish
    let histogram = normal(50_000, deviation: 4)
    let aware = RangeSearch(histogram, constraints).choose(.automatic)
    let unaware = RangeSearch(histogram, plain).choose(.automatic)
    #expect(aware.parameters.realRange().lowerBound > -6)
    #expect(aware.error < RangeSearch(histogram, constraints).error(unaware.parameters))
  }

  @Test func softmaxArgumentsIgnoreMasks() {
    var constraints = plain
    constraints.keepsRange = true
    constraints.depthBelowMaximum = 20
    let range = RangeSearch(normal(1000, outliers: [-1e4]), constraints).choose(.automatic).parameters.realRange()
    #expect(range.lowerBound > -21 && range.upperBound > 2)
  }
}
