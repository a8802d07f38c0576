import DLCTensor
import Foundation

/// What is known of one layer's error over all samples.
struct LayerError {
  /// Sums over one channel's elements; `e` is the layer's own error, `l` what the reference answers to the same inputs.
  struct Channel {
    var count = 0.0
    var error = 0.0
    var errorSquared = 0.0
    var local = 0.0
    var localSquared = 0.0
    /// Sum of l times the candidate's value.
    var product = 0.0
    var low = Float.infinity
    var high = -Float.infinity

    /// The largest magnitude that the reference has here.
    var reach: Double { count > 0 ? Double(max(abs(low), abs(high))) : 0 }
    /// The factor that maps the reference's answers best onto the candidate's.
    var gain: Double { localSquared > 0 ? product / localSquared : 1 }
  }

  let name: String
  let mnemonic: String
  let shape: Shape
  /// The axis that channels stand along.
  let channelAxis: Int
  var channels: [Channel]
  /// Sum of squares of the reference's values, and of the candidate's distance from them: the error so far.
  var signal = 0.0
  var totalNoise = 0.0
  /// Sum of squares of the layer's own error, the part of it where the candidate stands at the end of its range, and how many
  /// elements do.
  var ownNoise = 0.0
  var clippedNoise = 0.0
  var clippedCount = 0
  var count = 0
  /// The candidate's grid, where it has one.
  var step: Float?
  /// Magnitudes of the reference's values, a bounded number of them, for quantiles.
  var magnitudes: [Float] = []
  /// What the layer's own error alone does to the network's outputs: sum over outputs of |difference|^2 / |output|^2.
  var outputNoise = 0.0

  private static let mostMagnitudes = 1 << 14

  init(name: String, mnemonic: String, shape: Shape, channelAxis: Int) {
    self.name = name
    self.mnemonic = mnemonic
    self.shape = shape
    self.channelAxis = channelAxis
    channels = [Channel](repeating: Channel(), count: shape.rank == 0 ? 1 : max(shape[channelAxis], 1))
  }

  /// Adds a sample: what the whole reference gives, what the reference gives for the candidate's inputs, and the candidate.
  mutating func add(
    reference: [Float], local: [Float], candidate: [Float], grid: (step: Float, low: Float, high: Float)?
  ) {
    step = grid?.step
    let inner = shape.rank == 0 ? 1 : shape.dimensions[(channelAxis + 1)...].reduce(1, *)
    let stride = max(1, local.count * 8 / Self.mostMagnitudes)
    for k in local.indices {
      let (l, c) = (local[k], candidate[k])
      let error = Double(c - l)
      signal += Double(reference[k] * reference[k])
      totalNoise += Double((c - reference[k]) * (c - reference[k]))
      ownNoise += error * error
      if let grid, (c <= grid.low && l < grid.low - grid.step) || (c >= grid.high && l > grid.high + grid.step) {
        clippedNoise += error * error
        clippedCount += 1
      }
      let channel = k / inner % channels.count
      channels[channel].count += 1
      channels[channel].error += error
      channels[channel].errorSquared += error * error
      channels[channel].local += Double(l)
      channels[channel].localSquared += Double(l) * Double(l)
      channels[channel].product += Double(l) * Double(c)
      channels[channel].low = min(channels[channel].low, l)
      channels[channel].high = max(channels[channel].high, l)
      if k % stride == 0, magnitudes.count < Self.mostMagnitudes { magnitudes.append(abs(l)) }
    }
    count += local.count
  }

  /// Signal to noise in dB of the error so far, and of the layer's own error.
  var cumulativeSQNR: Double { Self.decibels(signal, totalNoise) }
  var ownSQNR: Double { Self.decibels(signal, ownNoise) }

  static func decibels(_ signal: Double, _ noise: Double) -> Double {
    if noise == 0 { return .infinity }
    return signal > 0 ? 10 * log10(signal / noise) : -.infinity
  }
}
