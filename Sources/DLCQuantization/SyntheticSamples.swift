import DLCGraph
import DLCOperators
import DLCTensor
import Foundation

/// Plausible inputs made up from a seed, for networks without calibration data.
///
/// Images (rank 4, f32) are smooth: waves of low frequencies and a little noise. Other floats are normally distributed.
/// Integers are spread over the table that a Gather takes them from; else bytes are pixels over their whole range, and others 0 and 1.
package struct SyntheticSamples: SampleSource, Sendable {
  /// How floats are distributed: `mean + deviation z`, bounded where asked.
  package struct Distribution: Sendable, Hashable {
    package var mean: Double
    package var deviation: Double
    package var bounds: ClosedRange<Double>?

    package init(mean: Double = 0, deviation: Double = 1, bounds: ClosedRange<Double>? = nil) {
      self.mean = mean
      self.deviation = deviation
      self.bounds = bounds
    }
  }

  /// What is to be said to a user whose network was calibrated with made-up inputs.
  package static let warning =
    "Without --calibrate ranges come from made-up inputs: accuracy is likely lower than with real ones. "
    + "Give some hundred real inputs with --calibrate DATA."

  private let ports: [(type: TensorType, vocabulary: Int?)]
  private let limit: Int
  private let seed: UInt64
  package var distribution: Distribution

  package init(_ graph: Graph, count: Int = 64, seed: UInt64 = 1, distribution: Distribution = Distribution()) {
    ports = graph.inputs.map { (graph[$0.value].type, Self.vocabulary(of: $0.value, graph)) }
    limit = count
    self.seed = seed
    self.distribution = distribution
  }

  /// How many samples a network is worth: 64, down to half of them where runs are dear.
  package static func count(for graph: Graph) -> Int { Int(min(max(120e9 / max(graph.products, 1), 32), 64)) }

  package var count: Int? { limit }

  package var digest: UInt64 {
    var hash = ContentHash()
    hash.combine("\(ports) \(limit) \(seed) \(distribution)")
    return hash.value
  }

  package func forEach(
    limit: Int, _ body: ([Tensor]) throws(QuantizationError) -> Bool
  ) throws(QuantizationError) {
    for index in 0..<min(limit, self.limit) {
      var random = SeededRandom(state: seed &+ UInt64(index) &* 0x9e37_79b9_7f4a_7c15)
      var inputs: [Tensor] = []
      for port in ports { inputs.append(tensor(port.type, port.vocabulary, &random)) }
      if try !body(inputs) { return }
    }
  }

  private func tensor(_ type: TensorType, _ vocabulary: Int?, _ random: inout SeededRandom) -> Tensor {
    guard type.element.isFloat else {
      if vocabulary == nil, type.element == .uint8 || type.element == .int8 {
        let lowest = type.element == .uint8 ? 0.0 : -128.0
        let values = waves(type, &random).map { min(max((128 + 64 * $0).rounded(), 0), 255) + lowest }
        return Tensor(doubles: values, type: type)
      }
      let bound = type.element == .bool ? 1 : max(vocabulary ?? 2, 1)
      return Tensor(
        doubles: (0..<type.shape.count).map { _ in
          type.element == .bool ? 1 : Double(random.next() % UInt64(bound))
        }, type: type)
    }
    var values = waves(type, &random)
    for k in values.indices {
      values[k] = distribution.mean + distribution.deviation * values[k]
      if let bounds = distribution.bounds { values[k] = min(max(values[k], bounds.lowerBound), bounds.upperBound) }
    }
    return Tensor(doubles: values, type: type)
  }

  /// Numbers of mean 0 and deviation near 1: an image where the rank is that of one.
  private func waves(_ type: TensorType, _ random: inout SeededRandom) -> [Double] {
    type.rank == 4 ? image(type.shape, &random) : (0..<type.shape.count).map { _ in random.normal() }
  }

  /// `[N, C, H, W]` of mean 0 and deviation near 1: waves that channels share in part, as colours do, and noise.
  private func image(_ shape: Shape, _ random: inout SeededRandom) -> [Double] {
    let (channels, height, width) = (shape[1], shape[2], shape[3])
    var result = [Double](repeating: 0, count: shape.count)
    for n in 0..<shape[0] {
      for _ in 0..<8 {
        let frequency = (random.normal() * 2.5, random.normal() * 2.5)
        let phase = random.unit() * 2 * Double.pi
        let common = random.normal() * 0.4
        // sin(a + b) from those of rows and columns: a call for each pixel would cost more than the network's runs.
        let rows = (0..<height).map { frequency.0 * Double($0) / Double(height) * 2 * Double.pi + phase }
        let columns = (0..<width).map { frequency.1 * Double($0) / Double(width) * 2 * Double.pi }
        let (columnSines, columnCosines) = (columns.map { sin($0) }, columns.map { cos($0) })
        for c in 0..<channels {
          let amplitude = common + random.normal() * 0.25
          for y in 0..<height {
            let (sine, cosine) = (amplitude * sin(rows[y]), amplitude * cos(rows[y]))
            let first = ((n * channels + c) * height + y) * width
            for x in 0..<width { result[first + x] += sine * columnCosines[x] + cosine * columnSines[x] }
          }
        }
      }
      for c in 0..<channels {
        let offset = random.normal() * 0.5
        for k in 0..<height * width {
          result[(n * channels + c) * height * width + k] += offset + 0.1 * random.normal()
        }
      }
    }
    return result
  }

  /// The extent of the axis that indices reach into, through operators that only move them; nil when none does.
  private static func vocabulary(of value: ValueID, _ graph: Graph) -> Int? {
    var least: Int?
    var queue = [value]
    var seen: Set<ValueID> = []
    while let next = queue.popLast() {
      guard seen.insert(next).inserted else { continue }
      for user in graph[next].users {
        let node = graph[user]
        if let gather = node.op as? Gather, node.inputs[1] == next {
          let extent = graph[node.inputs[0]].type.shape[gather.axis]
          least = min(least ?? extent, extent)
        } else if node.op is Reshape || node.op is Cast || node.op is Expand || node.op is Slice {
          queue += node.outputs
        }
      }
    }
    return least
  }
}

/// SplitMix64 (Steele et al. 2014): the same numbers for the same seed on every machine.
struct SeededRandom {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }

  /// Uniform in 0..<1.
  mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }

  /// Normally distributed: the sum of twelve uniform numbers less six.
  mutating func normal() -> Double { (0..<12).reduce(-6.0) { sum, _ in sum + unit() } }
}
