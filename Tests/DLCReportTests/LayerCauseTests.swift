import DLCTensor
import Testing

@testable import DLCReport

/// One layer `[1, 4, 16, 16]` whose reference answers `signal` gives and whose candidate `quantize` makes of them.
private func layer(
  _ signal: (_ channel: Int, _ cell: Int) -> Float, grid: ObservedTensor.Grid?,
  candidate: (_ value: Float, _ channel: Int) -> Float
) -> LayerError {
  let (channels, cells) = (4, 256)
  var layer = LayerError(name: "conv", mnemonic: "conv", shape: [1, channels, 16, 16], channelAxis: 1)
  var (local, found): ([Float], [Float]) = ([], [])
  for c in 0..<channels {
    for k in 0..<cells {
      local.append(signal(c, k))
      found.append(candidate(signal(c, k), c))
    }
  }
  layer.add(reference: local, local: local, candidate: found, grid: grid)
  return layer
}

/// Rounds to a grid and clamps to its ends.
private func rounded(_ value: Float, _ grid: ObservedTensor.Grid) -> Float {
  min(max((value / grid.steps[0]).rounded(.toNearestOrEven), grid.low), grid.high) * grid.steps[0]
}

/// Steps over a range that is symmetric.
private func grid(to reach: Float) -> ObservedTensor.Grid {
  ObservedTensor.Grid(steps: [2 * reach / 255], low: -127, high: 127)
}

/// Values in -1...1 that fill the range evenly.
private func wave(_ channel: Int, _ cell: Int) -> Float {
  Float((cell * 37 + channel * 11) % 255 - 127) / 127
}

@Suite struct LayerCauseTests {
  @Test func namesRoundingWhereTheGridExplainsTheError() {
    let grid = grid(to: 1.05)
    #expect(LayerCause(layer(wave, grid: grid) { value, _ in rounded(value, grid) }) == .rounding)
  }

  @Test func namesNothingWithoutError() {
    #expect(LayerCause(layer(wave, grid: nil) { value, _ in value }) == nil)
  }

  @Test func namesSaturationWhereTheRangeIsClipped() {
    let grid = grid(to: 0.25)
    let cause = LayerCause(layer(wave, grid: grid) { value, _ in rounded(value, grid) })
    guard case .saturation(let share) = cause else {
      Issue.record("found \(String(describing: cause))")
      return
    }
    #expect(share > 0.6 && share < 0.9)
  }

  @Test func namesTheChannelThatIsOffByAFactor() {
    let cause = LayerCause(layer(wave, grid: nil) { value, channel in channel == 2 ? value * 100 : value })
    guard case .channelGain(let channel, let gain) = cause else {
      Issue.record("found \(String(describing: cause))")
      return
    }
    #expect(channel == 2)
    #expect(gain.map { abs($0 - 100) < 1e-3 } == true)
  }

  @Test func namesAChannelWhoseFactorIsCutOff() {
    let grid = grid(to: 1.05)
    let cause = LayerCause(
      layer({ channel, cell in wave(channel, cell) + 0.02 }, grid: grid) { value, channel in
        rounded(channel == 2 ? value * 1000 : value, grid)
      })
    #expect(cause == .channelGain(channel: 2, gain: nil))
  }

  /// A factor on the weights alone leaves the bias; the line through the values has the factor as its slope.
  @Test func namesTheFactorBesideABias() {
    let cause = LayerCause(
      layer({ channel, cell in wave(channel, cell) + 3 }, grid: nil) { value, channel in
        channel == 1 ? (value - 3) * 100 + 3 : value
      })
    guard case .channelGain(1, let gain?) = cause else {
      Issue.record("found \(String(describing: cause))")
      return
    }
    #expect(abs(gain - 100) < 0.1)
  }

  /// What is stored may have a wider range than the one that cut values off.
  @Test func namesSaturationWhereValuesPileUpWithinTheRange() {
    let cause = LayerCause(layer(wave, grid: grid(to: 1.05)) { value, _ in min(max(value, -0.125), 0.125) })
    guard case .saturation(let share) = cause else {
      Issue.record("found \(String(describing: cause))")
      return
    }
    #expect(share > 0.8)
  }

  @Test func takesAStepForEachChannel() {
    let steps = ObservedTensor.Grid(steps: [1, 2, 4, 8].map { $0 / 127 }, low: -127, high: 127)
    let scaled = layer({ channel, cell in wave(channel, cell) * Float(1 << channel) }, grid: steps) { value, channel in
      (value / steps.steps[channel]).rounded() * steps.steps[channel]
    }
    #expect(LayerCause(scaled) == .rounding)
  }

  @Test func namesChannelsOfVeryDifferentReach() {
    let grid = grid(to: 100)
    let cause = LayerCause(
      layer({ channel, cell in wave(channel, cell) * (channel == 1 ? 100 : 1) }, grid: grid) { value, _ in
        rounded(value, grid)
      })
    guard case .channelImbalance(let ratio, let channel) = cause else {
      Issue.record("found \(String(describing: cause))")
      return
    }
    #expect(channel == 1)
    #expect(abs(ratio - 100) < 2)
  }

  @Test func namesALargeValueThatStretchesTheRange() {
    let grid = grid(to: 30)
    let cause = LayerCause(
      layer({ channel, cell in cell == 9 && channel == 0 ? 30 : wave(channel, cell) }, grid: grid) { value, _ in
        rounded(value, grid)
      })
    guard case .rangeOutlier(let ratio) = cause else {
      Issue.record("found \(String(describing: cause))")
      return
    }
    #expect(abs(ratio - 30) < 2)
  }

  @Test func namesAConstantShift() {
    let grid = grid(to: 1.05)
    let cause = LayerCause(layer(wave, grid: grid) { value, channel in value + 0.05 * Float(channel) })
    guard case .biasShift(let share) = cause else {
      Issue.record("found \(String(describing: cause))")
      return
    }
    #expect(share > 0.9)
  }

  @Test func namesWeightsWhereNothingElseExplainsTheError() {
    let grid = grid(to: 1.05)
    let cause = LayerCause(
      layer(wave, grid: grid) { value, _ in value + (Int((value * 127).rounded()) % 2 == 0 ? -0.04 : 0.04) })
    #expect(cause == .weights)
  }
}
