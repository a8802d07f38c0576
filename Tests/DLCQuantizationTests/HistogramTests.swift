import DLCTensor
import Foundation
import Testing

@testable import DLCQuantization

private func histogram(_ pieces: [[Float]]) -> Histogram {
  var result = Histogram()
  for piece in pieces { result.add(Tensor(piece, shape: [piece.count])) }
  return result
}

@Suite struct HistogramTests {
  @Test func orderOfElementsDoesNotMatter() {
    var random = SeededRandom(state: 5)
    let values = (0..<4000).map { Float(random.normal() * (0.001 + Double($0) * 0.1)) }
    let once = histogram([values])
    let growing = histogram(values.map { [$0] })
    let shrinking = histogram(values.reversed().map { [$0] })
    #expect(once.counts == growing.counts && once.exponent == growing.exponent && once.origin == growing.origin)
    #expect(once.counts == shrinking.counts && once.origin == shrinking.origin)
    #expect(once.total == 4000 && once.counts.reduce(once.zeros, +) == 4000)
  }

  @Test func mergingEqualsCountingTogether() {
    var random = SeededRandom(state: 6)
    let small = (0..<500).map { _ in Float(random.normal()) }
    let large = (0..<500).map { _ in Float(900 + 100 * random.normal()) }
    var merged = histogram([small])
    merged.merge(histogram([large]))
    let together = histogram([small + large])
    #expect(merged.counts == together.counts && merged.exponent == together.exponent)
    #expect(merged.maximum == together.maximum && merged.total == together.total)
  }

  @Test func binsAreFineEnoughForAByte() {
    let result = histogram([(0...1000).map { Float($0) / 1000 }])
    #expect(result.width <= 1.0 / 1024)
    #expect(result.counts.count == Histogram.binCount)
  }

  @Test func whatIsNotFiniteIsCountedApart() {
    let result = histogram([[1, .infinity, -.infinity, .nan, 3e38, 0, -2]])
    #expect(result.nonFinite == 4 && result.total == 3 && result.zeros == 1)
    #expect(result.minimum == -2 && result.maximum == 1)
  }

  @Test(arguments: [[Float.leastNonzeroMagnitude], [-1e-30, 1e28], [0, 0], [0x1p-140, 1]])
  func extremesStayCounted(_ values: [Float]) {
    let result = histogram([values])
    #expect(result.total == UInt64(values.count) && result.isSound)
    #expect(result.counts.reduce(result.zeros, +) == result.total)
  }

  @Test func memoryDoesNotGrowWithSamples() throws {
    var observer = ValueObserver(channelAxis: 1)
    var random = SeededRandom(state: 1)
    var sizes: [Int] = []
    for k in 0..<40 {
      observer.add(Tensor((0..<600).map { _ in Float(random.normal() * Double(k + 1)) }, shape: [1, 6, 100]))
      sizes.append(observer.histogram.counts.count)
    }
    #expect(Set(sizes) == [Histogram.binCount])
    #expect(observer.channels?.means.count == 6)
  }
}
