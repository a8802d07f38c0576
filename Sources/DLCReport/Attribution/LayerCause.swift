import Foundation

/// Why a layer's integers lie away from the real numbers they stand for, and what helps.
enum LayerCause: Equatable {
  /// Values beyond the range were cut off; the share of elements.
  case saturation(share: Double)
  /// One channel is off by a factor; nil where it drives values to the ends of their range, and cannot be told.
  case channelGain(channel: Int, gain: Double?)
  /// Few large values stretch the range; largest magnitude over the 99.8 % quantile.
  case rangeOutlier(ratio: Double)
  /// Channels of very different strength share one scale; largest root mean square over the median one.
  case channelImbalance(ratio: Double, channel: Int)
  /// The error has a constant part in each channel; its share of the error's energy.
  case biasShift(share: Double)
  /// What rounding to the grid gives, and no more.
  case rounding
  /// More than the output's grid explains: weights are coarse.
  case weights

  /// The cause that explains most of `layer`'s own error, or nil when it has none.
  init?(_ layer: LayerError) {
    guard layer.ownNoise > 0 else { return nil }
    if layer.clippedNoise > 0.5 * layer.ownNoise {
      self = .saturation(share: Double(layer.clippedCount) / Double(max(layer.count, 1)))
      return
    }
    if let fault = Self.gainFault(layer) {
      self = fault
      return
    }
    if let roundingNoise = layer.roundingNoise, layer.ownNoise < 3 * roundingNoise {
      self = Self.coarseGrid(layer) ?? .rounding
      return
    }
    let shifted = layer.channels.reduce(0) { $0 + ($1.count > 0 ? $1.error * $1.error / $1.count : 0) }
    if shifted > 0.5 * layer.ownNoise, layer.channels.contains(where: { $0.count > 4 }) {
      self = .biasShift(share: shifted / layer.ownNoise)
      return
    }
    self = .weights
  }

  /// A channel that holds most of the error and follows the reference by another factor than 1.
  private static func gainFault(_ layer: LayerError) -> LayerCause? {
    guard
      let worst = layer.channels.indices.max(by: { layer.channels[$0].errorSquared < layer.channels[$1].errorSquared })
    else { return nil }
    let channel = layer.channels[worst]
    guard layer.channels.count > 1, channel.errorSquared > 0.5 * layer.ownNoise, channel.localSquared > 0 else {
      return nil
    }
    // A bias that does not share the factor shifts the line; its slope is the factor still.
    if let line = channel.inside.line, line.explained > 0.9, channel.inside.count >= 8, isFault(line.slope) {
      return .channelGain(channel: worst, gain: line.slope)
    }
    // Too large a factor drives values to the ends of the range, where it cannot be seen.
    if channel.drivenSquared > 0.5 * channel.errorSquared { return .channelGain(channel: worst, gain: nil) }
    let gain = channel.gain
    let explained = (gain - 1) * (gain - 1) * channel.localSquared
    return isFault(gain) && explained > 0.5 * channel.errorSquared ? .channelGain(channel: worst, gain: gain) : nil
  }

  /// Whether a factor is far enough from 1 to be no rounding.
  private static func isFault(_ gain: Double) -> Bool { abs(gain - 1) > 0.25 }

  /// A grid that is coarse for most of the values because of a few values or a few channels.
  private static func coarseGrid(_ layer: LayerError) -> LayerCause? {
    let powers = layer.channels.map { $0.count > 0 ? ($0.localSquared / $0.count).squareRoot() : 0 }
    if powers.count > 2, let strongest = powers.indices.max(by: { powers[$0] < powers[$1] }) {
      let median = powers.sorted()[powers.count / 2]
      if powers[strongest] > 8 * median {
        return .channelImbalance(ratio: median > 0 ? powers[strongest] / median : .infinity, channel: strongest)
      }
    }
    let sorted = layer.magnitudes.sorted()
    if sorted.count >= 256, let largest = layer.channels.map(\.reach).max() {
      let usual = Double(sorted[sorted.count * 998 / 1000])
      if largest > 4 * usual { return .rangeOutlier(ratio: usual > 0 ? largest / usual : .infinity) }
    }
    return nil
  }

  /// A word for scripts.
  var name: String {
    switch self {
    case .saturation: "saturation"
    case .channelGain: "channel gain"
    case .rangeOutlier: "range outlier"
    case .channelImbalance: "channel imbalance"
    case .biasShift: "bias shift"
    case .rounding: "rounding"
    case .weights: "coarse weights"
    }
  }

  /// What was seen.
  var explanation: String {
    switch self {
    case .saturation(let share): "\(short(share * 100)) % of the values lie beyond the range and are cut off"
    case .channelGain(let channel, let gain):
      gain.map { "channel \(channel) answers \(short($0)) x what the reference does" }
        ?? "channel \(channel) stands at the ends of its range where the reference lies within"
    case .rangeOutlier(let ratio): "the largest value is \(short(ratio)) x the 99.8 % quantile and stretches the range"
    case .channelImbalance(let ratio, let channel):
      "channel \(channel) is \(short(ratio)) x as strong as the median channel under one scale"
    case .biasShift(let share): "\(short(share * 100)) % of the error is a constant in each channel"
    case .rounding: "rounding to 256 steps, no more"
    case .weights: "more error than the output's steps explain: the weights are coarse"
    }
  }

  /// What the pipeline would try.
  var remedy: String {
    switch self {
    case .saturation: "calibrate with more samples or by min-max, so that the range holds the values"
    case .channelGain: "check this channel's weights and scale; compile again from the float model"
    case .rangeOutlier: "calibrate by percentile or mse, or keep the layer in float (--max-drop)"
    case .channelImbalance: "cross-layer equalization, or keep the layer in float (--max-drop)"
    case .biasShift: "bias correction with calibration data"
    case .rounding: "nothing here, this is what 8 bits give; or floats for this layer (--max-drop)"
    case .weights: "rounding optimization with calibration data, or float for this layer (--max-drop)"
    }
  }
}
