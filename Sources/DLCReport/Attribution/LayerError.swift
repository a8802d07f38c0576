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
    /// Sum of e^2 where the candidate stands at an end of its range though the reference lies within it.
    var drivenSquared = 0.0
    /// Elements where neither side is cut off.
    var inside = LineFit()

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
  /// What rounding to the candidate's grid gives, as a sum of squares; nil when it has none.
  var roundingNoise: Double?
  /// Magnitudes of the reference's values, a bounded number of them, for quantiles.
  var magnitudes: [Float] = []
  /// What the layer's own error changes in the network's outputs: sum over outputs of |difference|^2 / |output|^2.
  var outputNoise = 0.0

  private static let mostMagnitudes = 1 << 14
  /// Elements from one channel to the next.
  private let inner: Int

  init(name: String, mnemonic: String, shape: Shape, channelAxis: Int) {
    self.name = name
    self.mnemonic = mnemonic
    self.shape = shape
    self.channelAxis = channelAxis
    channels = [Channel](repeating: Channel(), count: shape.rank == 0 ? 1 : max(shape[channelAxis], 1))
    inner = shape.rank == 0 ? 1 : max(shape.dimensions[(channelAxis + 1)...].reduce(1, *), 1)
  }

  /// The channel of element `index`.
  func channel(of index: Int) -> Int { index / inner % channels.count }

  /// Adds a sample: what the whole reference gives, what the reference gives for the candidate's inputs, and the candidate.
  mutating func add(reference: [Float], local: [Float], candidate: [Float], grid: ObservedTensor.Grid?) {
    let stride = max(1, local.count * 8 / Self.mostMagnitudes)
    // Where steps go along another axis, the largest stands for all.
    let largest = grid?.steps.max() ?? 0
    let isByChannel = grid.map { $0.steps.count == channels.count } ?? false
    let ends = PiledEnds(candidate)
    for k in local.indices {
      let (l, c) = (local[k], candidate[k])
      let error = Double(c - l)
      let square = error * error
      let index = channel(of: k)
      signal += Double(reference[k] * reference[k])
      totalNoise += Double((c - reference[k]) * (c - reference[k]))
      ownNoise += square
      let step = isByChannel ? grid?.steps[index] ?? 0 : largest
      var (isLow, isHigh) = (c == ends.low, c == ends.high)
      if let grid {
        isLow = isLow || c < grid.low * step + step / 2
        isHigh = isHigh || c > grid.high * step - step / 2
        roundingNoise = (roundingNoise ?? 0) + Double(step) * Double(step) / 12
      }
      if (isLow && l < c - step) || (isHigh && l > c + step) {
        clippedNoise += square
        clippedCount += 1
      } else if (isLow && l > c + step) || (isHigh && l < c - step) {
        channels[index].drivenSquared += square
      }
      channels[index].count += 1
      channels[index].error += error
      channels[index].errorSquared += square
      channels[index].local += Double(l)
      channels[index].localSquared += Double(l) * Double(l)
      channels[index].product += Double(l) * Double(c)
      channels[index].low = min(channels[index].low, l)
      channels[index].high = max(channels[index].high, l)
      if c != 0, l != 0, !isLow, !isHigh { channels[index].inside.add(Double(l), Double(c)) }
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

/// The least and the greatest of some values, where several of them stand there: a range ends at it that need not be that of
/// the integers which are stored.
private struct PiledEnds {
  /// As many equal extremes are no accident.
  private static let pile = 4

  var low: Float?
  var high: Float?

  init(_ values: [Float]) {
    guard let least = values.min(), let greatest = values.max(), least < greatest else { return }
    if values.count(where: { $0 == least }) >= Self.pile { low = least }
    if values.count(where: { $0 == greatest }) >= Self.pile { high = greatest }
  }
}

/// The straight line nearest to points (x, y): least squares.
struct LineFit {
  private(set) var count = 0.0
  private var (x, y, xx, xy, yy) = (0.0, 0.0, 0.0, 0.0, 0.0)

  mutating func add(_ x: Double, _ y: Double) {
    count += 1
    self.x += x
    self.y += y
    xx += x * x
    xy += x * y
    yy += y * y
  }

  /// The slope, and the share of y's variance that the line explains; nil when the points tell nothing.
  var line: (slope: Double, explained: Double)? {
    let (vx, vy, cov) = (xx - x * x / count, yy - y * y / count, xy - x * y / count)
    guard count > 2, vx > 1e-9 * xx, vy > 1e-9 * yy else { return nil }
    return (cov / vx, cov * cov / (vx * vy))
  }
}
