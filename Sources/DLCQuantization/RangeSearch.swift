import DLCGraph
import DLCOperators
import DLCTensor
import Foundation

/// The range of an activation and what it is expected to cost.
package struct RangeChoice: Sendable, Hashable {
  package var parameters: QuantizationParameters
  /// The method that gave it, `automatic` resolved.
  package var method: String
  /// Mean square error of an element, of the function's result where one follows.
  package var error: Double
  /// Mean square of an element, likewise.
  package var power: Double

  /// Expected signal to quantization noise in dB.
  package var decibels: Double { error > 0 && power > 0 ? 10 * log10(power / error) : .infinity }
}

/// Chooses a range from a histogram.
package struct RangeSearch: Sendable {
  /// What restricts the choice.
  package struct Constraints: Sendable, Hashable {
    /// Zero point in the middle (a factor of a product of activations, or i16).
    package var symmetric = false
    /// The stored type: u8 or i16.
    package var element = ElementType.uint8
    /// Everything seen must fit: outputs of the network, arguments of softmax.
    package var keepsRange = false
    /// Elements further than this below the largest do not matter: exp of the difference is nothing.
    package var depthBelowMaximum: Double?
    /// The error counts after this function.
    package var function: Function?
    /// Fewest elements that a percentile may cut off: a range that loses fewer is not chosen by it, but automatically.
    package var leastCut = 0.0

    package init() {}
  }

  private let histogram: Histogram
  private let constraints: Constraints
  /// Occupied bins: middle, what the function makes of it, and how many elements.
  private let points: [(x: Double, y: Double, count: Double)]
  private let ends: (low: Double, high: Double)
  private let averages: (low: Double, high: Double)?

  /// `averages` are the moving averages of the samples' ranges.
  package init(_ histogram: Histogram, _ constraints: Constraints, averages: (low: Double, high: Double)? = nil) {
    self.histogram = histogram
    self.constraints = constraints
    self.averages = averages
    var middles: [Double] = [0]
    var weights: [Double] = [Double(histogram.zeros)]
    for (k, count) in histogram.counts.enumerated() where count > 0 {
      middles.append(min(max(histogram.center(k), histogram.minimum), histogram.maximum))
      weights.append(Double(count))
    }
    let results = constraints.function.map { $0.results(middles) } ?? middles
    points = middles.indices.map { (middles[$0], results[$0], weights[$0]) }
    var low = min(histogram.minimum, 0)
    let high = max(histogram.maximum, 0)
    if let depth = constraints.depthBelowMaximum { low = max(low, min(histogram.maximum - depth, 0)) }
    ends = (low, high)
  }

  /// The range that `method` gives.
  package func choose(_ method: RangeMethod) -> RangeChoice {
    let everything = choice(ends.low, ends.high, "min-max")
    // Few distinct values are levels or flags, none of which may be lost.
    if histogram.total == 0 || constraints.keepsRange || histogram.levels != nil { return everything }
    switch method {
    case .minMax: return everything
    case .movingAverage:
      guard let averages else { return everything }
      return choice(max(averages.low, ends.low), min(averages.high, ends.high), "moving-average")
    case .percentile(let share):
      return Double(histogram.total) * (100 - share) / 100 < constraints.leastCut
        ? choose(.automatic) : percentile(share)
    case .entropy: return entropy()
    case .meanSquare: return meanSquare()
    case .automatic:
      let best = [meanSquare(), percentile(99.999)].min { $0.error < $1.error } ?? everything
      // Clipping is systematic where rounding averages out: it has to pay.
      return best.error < 0.9 * everything.error ? best : everything
    }
  }

  /// Parameters for `low...high`.
  private func parameters(_ low: Double, _ high: Double) -> QuantizationParameters {
    let magnitude = max(-low, high)
    switch (constraints.element, constraints.symmetric) {
    // 16 bits have steps to spare: room for inputs twice as large as those seen.
    case (.int16, _): return .symmetric(.int16, magnitude: 2 * magnitude, steps: 32767, zeroPoint: 0)
    case (_, true): return .symmetric(.uint8, magnitude: magnitude, steps: 127, zeroPoint: 128)
    case (_, false): return QuantizationParameters(low: low, high: high)
    }
  }

  private func choice(_ low: Double, _ high: Double, _ method: String) -> RangeChoice {
    let parameters = parameters(low, high)
    let total = max(Double(histogram.total), 1)
    return RangeChoice(
      parameters: parameters, method: method, error: error(parameters),
      power: points.reduce(0) { $0 + $1.count * $1.y * $1.y } / total)
  }

  /// The expected mean square error of an element stored with `parameters`.
  package func error(_ parameters: QuantizationParameters) -> Double {
    let (scale, zero) = (Double(parameters.scale), Double(parameters.zeroPoint))
    let (least, most) = (Double(parameters.range.lowerBound), Double(parameters.range.upperBound))
    let levels: [Double]? =
      parameters.element == .uint8
      ? constraints.function?.results((0...255).map { (Double($0) - zero) * scale }) : nil
    // Where steps are finer than bins, the place within the bin is not known: the error is that of any place.
    let isFine = scale < 4 * histogram.width
    let even = scale * scale / 12
    var sum = 0.0
    for point in points where point.count > 0 {
      let wanted = (point.x / scale).rounded(.toNearestOrEven) + zero
      let q = min(max(wanted, least), most)
      if let levels {
        let difference = point.y - levels[Int(q)]
        sum += point.count * difference * difference
      } else {
        let difference = point.x - (q - zero) * scale
        sum += point.count * (isFine && q == wanted ? even : difference * difference)
      }
    }
    if levels == nil && !isFine {
      // Elements spread evenly over a bin: their variance stands for what the middle does not tell.
      sum += Double(histogram.total - histogram.zeros) * histogram.width * histogram.width / 12
    }
    return sum / max(Double(histogram.total), 1)
  }

  /// The range without the outermost elements, `100 - share` percent in all.
  private func percentile(_ share: Double) -> RangeChoice {
    let cut = Double(histogram.total) * max(100 - share, 0) / 200
    let sorted = points.sorted { $0.x < $1.x }
    func edge(_ points: some Sequence<(x: Double, y: Double, count: Double)>) -> Double {
      var passed = 0.0
      for point in points {
        passed += point.count
        if passed > cut { return point.x }
      }
      return 0
    }
    let half = histogram.width / 2
    return choice(
      max(min(edge(sorted) - half, 0), ends.low), min(max(edge(sorted.reversed()) + half, 0), ends.high),
      "percentile \(share)")
  }

  /// Least mean square error.
  private func meanSquare() -> RangeChoice {
    let (low, high) = leastCost { error(parameters($0, $1)) }
    return choice(low, high, "mse")
  }

  /// Searches the high end, the low end and again, from coarse to fine; both as one where the range is symmetric.
  private func leastCost(_ cost: (_ low: Double, _ high: Double) -> Double) -> (low: Double, high: Double) {
    var (low, high) = (1.0, 1.0)
    func shares(_ low: Double, _ high: Double) -> Double { cost(ends.low * low, ends.high * high) }
    if constraints.symmetric || constraints.element == .int16 {
      high = Self.minimize { shares($0, $0) }
      low = high
    } else {
      for _ in 0..<2 {
        if ends.high > 0 { high = Self.minimize { shares(low, $0) } }
        if ends.low < 0 { low = Self.minimize { shares($0, high) } }
        if ends.low == 0 || ends.high == 0 { break }
      }
    }
    return (ends.low * low, ends.high * high)
  }

  /// The share of the end with the least cost: a grid that is finer towards small shares, then around the best.
  private static func minimize(_ cost: (Double) -> Double) -> Double {
    var best = (share: 1.0, cost: cost(1))
    func look(_ share: Double) {
      let found = cost(share)
      if found < best.cost { best = (share, found) }
    }
    for k in 1...28 { look(pow(0.87, Double(k))) }
    for step in [0.06, 0.02, 0.007] {
      let center = best.share
      for k in [-2.0, -1, 1, 2] where center * (1 + k * step) <= 1 { look(center * (1 + k * step)) }
    }
    return best.share
  }

  /// Least Kullback-Leibler divergence between the histogram and what 256 levels leave of it, each end searched by itself.
  private func entropy() -> RangeChoice {
    let (low, high) = leastCost { divergence(parameters($0, $1)) }
    return choice(low, high, "entropy")
  }

  /// Of the elements but zeros, which every range holds exactly: with them the level of zero would hold a peak beside bins
  /// that are far lower, and its loss of shape would drown that of everything else.
  private func divergence(_ parameters: QuantizationParameters) -> Double {
    let real = parameters.realRange()
    let (scale, zero) = (Double(parameters.scale), Double(parameters.zeroPoint))
    let least = Double(parameters.range.lowerBound)
    let levels = Int(parameters.range.upperBound) - Int(parameters.range.lowerBound) + 1
    var clipped: [(level: Int, inside: Double, count: Double)] = []
    var inside = [Double](repeating: 0, count: levels)
    var bins = [Double](repeating: 0, count: levels)
    for point in points.dropFirst() {
      let level = min(max(Int((point.x / scale).rounded(.toNearestOrEven) + zero - least), 0), levels - 1)
      let fits = point.x >= real.lowerBound - scale / 2 && point.x <= real.upperBound + scale / 2
      if fits {
        inside[level] += point.count
        bins[level] += 1
      }
      clipped.append((level, fits ? point.count : 0, point.count))
    }
    // What is cut off is added to the last bins that stay; the quantized form does not know of it.
    var outside = [Double](repeating: 0, count: levels)
    for point in clipped where point.inside == 0 { outside[point.level] += point.count }
    let total = max(Double(histogram.total - histogram.zeros), 1)
    let kept = max(inside.reduce(0, +), 1)
    var divergence = 0.0
    for point in clipped where point.inside > 0 {
      let p = (point.count + outside[point.level] / max(bins[point.level], 1)) / total
      let q = inside[point.level] / max(bins[point.level], 1) / kept
      divergence += p * log(p / q)
    }
    // Levels that hold nothing but what was cut off have no counterpart at all.
    for level in 0..<levels where bins[level] == 0 && outside[level] > 0 {
      divergence += outside[level] / total * log(outside[level] / total / 1e-9)
    }
    return divergence
  }
}

extension QuantizationParameters {
  /// Parameters whose zero is `zeroPoint` and whose `steps` on each side hold `magnitude`.
  static func symmetric(
    _ element: ElementType, magnitude: Double, steps: Double, zeroPoint: Int32
  ) -> QuantizationParameters {
    let scale = Float(magnitude / steps)
    let sound = scale.isFinite && scale >= Float.leastNormalMagnitude
    return QuantizationParameters(element, scale: sound ? scale : 1, zeroPoint: zeroPoint)
  }
}

extension Function {
  /// The function of each argument.
  func results(_ arguments: [Double]) -> [Double] {
    let tensor = Tensor(arguments, shape: Shape([arguments.count]))
    guard let result = try? Unary(self).evaluate([tensor])[0].doubles() else { return arguments }
    return result.map { $0.isFinite ? $0 : 0 }
  }
}
