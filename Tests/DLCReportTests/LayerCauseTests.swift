import DLCTensor
import Testing

@testable import DLCReport

/// One layer `[1, 4, 16, 16]` whose reference answers `signal` gives and whose candidate `quantize` makes of them.
private func layer(
  _ signal: (_ channel: Int, _ cell: Int) -> Float, grid: (step: Float, low: Float, high: Float)?,
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
private func rounded(_ value: Float, _ grid: (step: Float, low: Float, high: Float)) -> Float {
  min(max((value / grid.step).rounded(.toNearestOrEven) * grid.step, grid.low), grid.high)
}

/// Values in -1...1 that fill the range evenly.
private func wave(_ channel: Int, _ cell: Int) -> Float {
  Float((cell * 37 + channel * 11) % 255 - 127) / 127
}

@Suite struct LayerCauseTests {
  @Test func namesRoundingWhereTheGridExplainsTheError() {
    let grid: (step: Float, low: Float, high: Float) = (2.1 / 255, -1.05, 1.05)
    #expect(LayerCause(layer(wave, grid: grid) { value, _ in rounded(value, grid) }) == .rounding)
  }

  @Test func namesNothingWithoutError() {
    #expect(LayerCause(layer(wave, grid: nil) { value, _ in value }) == nil)
  }

  @Test func namesSaturationWhereTheRangeIsClipped() {
    let grid: (step: Float, low: Float, high: Float) = (0.5 / 255, -0.25, 0.25)
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
    #expect(abs(gain - 100) < 1e-3)
  }

  @Test func namesChannelsOfVeryDifferentReach() {
    let grid: (step: Float, low: Float, high: Float) = (200.0 / 255, -100, 100)
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
    let grid: (step: Float, low: Float, high: Float) = (60.0 / 255, -30, 30)
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
    let grid: (step: Float, low: Float, high: Float) = (2.1 / 255, -1.05, 1.05)
    let cause = LayerCause(layer(wave, grid: grid) { value, channel in value + 0.05 * Float(channel) })
    guard case .biasShift(let share) = cause else {
      Issue.record("found \(String(describing: cause))")
      return
    }
    #expect(share > 0.9)
  }

  @Test func namesWeightsWhereNothingElseExplainsTheError() {
    let grid: (step: Float, low: Float, high: Float) = (2.1 / 255, -1.05, 1.05)
    let cause = LayerCause(
      layer(wave, grid: grid) { value, _ in value + (Int((value * 127).rounded()) % 2 == 0 ? -0.04 : 0.04) })
    #expect(cause == .weights)
  }
}
