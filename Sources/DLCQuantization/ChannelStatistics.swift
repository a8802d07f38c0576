import DLCGraph
import DLCOperators
import DLCTensor
import Foundation

/// Mean and deviation of each channel of a value as training saw them: what is known of activations without data.
package struct ChannelStatistics: Sendable, Hashable {
  /// The value's name in the model.
  package var value: String
  package var means: [Double]
  package var deviations: [Double]

  package init(value: String, means: [Double], deviations: [Double]) {
    self.value = value
    self.means = means
    self.deviations = deviations
  }

  /// Those that the batch normalizations of a graph tell of their results, and of what a function makes of them.
  ///
  /// `graph` is the network as imported: folding removes the normalizations. Names of values survive it.
  package static func collected(from graph: Graph) -> [ChannelStatistics] {
    var result: [ChannelStatistics] = []
    for id in graph.topologicalOrder() ?? [] {
      let node = graph[id]
      guard node.op is BatchNormalization, let scale = graph.constant(node.inputs[1]),
        let bias = graph.constant(node.inputs[2])
      else { continue }
      let (means, deviations) = (bias.doubles(), scale.doubles().map(\.magnitude))
      let output = graph[node.outputs[0]]
      if !output.name.isEmpty {
        result.append(ChannelStatistics(value: output.name, means: means, deviations: deviations))
      }
      guard let reader = graph.onlyUser(of: node.outputs[0]), let unary = graph[reader].op as? Unary else { continue }
      let name = graph[graph[reader].outputs[0]].name
      if name.isEmpty { continue }
      let moments = zip(means, deviations).map { unary.function.moments(mean: $0, deviation: $1) }
      result.append(
        ChannelStatistics(value: name, means: moments.map(\.mean), deviations: moments.map(\.deviation)))
    }
    return result
  }
}

extension Function {
  /// Mean and deviation of the function of a normally distributed argument, by the trapezoidal rule over 5 deviations.
  func moments(mean: Double, deviation: Double) -> (mean: Double, deviation: Double) {
    let places = (-100...100).map { Double($0) / 20 }
    let values = results(places.map { mean + deviation * $0 })
    var (weight, sum, square) = (0.0, 0.0, 0.0)
    for (z, y) in zip(places, values) {
      let density = Foundation.exp(-z * z / 2)
      weight += density
      sum += density * y
      square += density * y * y
    }
    let center = sum / weight
    return (center, max(square / weight - center * center, 0).squareRoot())
  }
}

extension SyntheticSamples {
  /// Distributions that networks are commonly fed with: standardized, 0...1, -1...1, bytes.
  static let candidates = [
    Distribution(), Distribution(mean: 0.5, deviation: 0.25, bounds: 0...1),
    Distribution(mean: 0, deviation: 0.5, bounds: -1...1), Distribution(mean: 120, deviation: 60, bounds: 0...255),
  ]

  /// Most values compared and most of their bytes; the first ones tell most of the inputs.
  private static let mostValues = 12
  private static let mostBytes = 32 << 20

  /// These samples with the distribution under which `graph`'s activations are most like `statistics`.
  ///
  /// Unchanged when the graph has none of the values.
  package func fitted(
    to graph: Graph, statistics: [ChannelStatistics], runner: GraphRunner
  ) throws(QuantizationError) -> SyntheticSamples {
    let known = Dictionary(statistics.map { ($0.value, $0) }) { first, _ in first }
    var observed: [(value: ValueID, wanted: ChannelStatistics)] = []
    var bytes = 0
    for id in graph.topologicalOrder() ?? [] where observed.count < Self.mostValues {
      let value = graph[id].outputs[0]
      let type = graph[value].type
      guard let wanted = known[graph[value].name], type.rank >= 2, type.element == .float32,
        type.shape[1] == wanted.means.count, wanted.deviations.count == wanted.means.count
      else { continue }
      bytes += type.byteCount
      if bytes > Self.mostBytes && !observed.isEmpty { break }
      observed.append((value, wanted))
    }
    if observed.isEmpty { return self }
    var probe = graph
    probe.outputs = observed.enumerated().map { Port(name: "probe\($0)", value: $1.value, declared: []) }
    let execution = try runner(probe)
    var best: (distance: Double, samples: SyntheticSamples)?
    for candidate in Self.candidates {
      var samples = self
      samples.distribution = candidate
      var observers = observed.map { _ in ChannelObserver(axis: 1) }
      try samples.forEach(limit: 4) { (inputs: [Tensor]) throws(QuantizationError) -> Bool in
        for (k, output) in try execution.run(inputs).enumerated() { observers[k].add(output) }
        return true
      }
      let distance = zip(observers, observed).reduce(0.0) { $0 + $1.0.distance(to: $1.1.wanted) }
      if distance < best?.distance ?? .infinity { best = (distance, samples) }
    }
    return best?.samples ?? self
  }
}

extension ChannelObserver {
  /// How unlike the statistics the channels are: mean over channels of squared shifts in deviations and squared
  /// logarithms of ratios of deviations.
  fileprivate func distance(to wanted: ChannelStatistics) -> Double {
    var sum = 0.0
    var count = 0
    for (c, (mean, power)) in zip(means, powers).enumerated() where wanted.deviations[c] > 1e-6 {
      let deviation = max(power - mean * mean, 0).squareRoot()
      let shift = (mean - wanted.means[c]) / wanted.deviations[c]
      let ratio = Foundation.log(max(deviation, 1e-6) / wanted.deviations[c])
      sum += min(shift * shift, 1e6) + ratio * ratio
      count += 1
    }
    return count == 0 ? 0 : sum / Double(count)
  }
}
