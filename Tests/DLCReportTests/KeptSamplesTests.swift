import DLCQuantization
import DLCTensor
import Testing

@testable import DLCReport

/// Counts how many samples it makes, one number each.
private final class Numbers: SampleSource {
  let count: Int? = 10
  let digest: UInt64 = 4
  private(set) var made = 0

  func forEach(limit: Int, _ body: ([Tensor]) throws(QuantizationError) -> Bool) throws(QuantizationError) {
    for k in 0..<min(limit, 10) {
      made += 1
      if try !body([Tensor([Float(k)], shape: [1])]) { return }
    }
  }
}

@Suite struct KeptSamplesTests {
  private func read(_ samples: KeptSamples, _ limit: Int, until last: Float = .infinity) throws -> [Float] {
    var result: [Float] = []
    try samples.forEach(limit: limit) { (sample: [Tensor]) throws(QuantizationError) in
      result.append(sample[0].floats()[0])
      return result.last! < last
    }
    return result
  }

  @Test func eachSampleIsMadeOnce() throws {
    let source = Numbers()
    let kept = KeptSamples(source)
    #expect(try read(kept, 4) == [0, 1, 2, 3] && source.made == 4)
    #expect(try read(kept, 3) == [0, 1, 2] && source.made == 4)
    #expect(try read(kept, 99) == (0..<10).map { Float($0) } && source.made == 14)
    #expect(try read(kept, 99) == (0..<10).map { Float($0) } && source.made == 14)
    #expect(try read(kept, 99, until: 5) == [0, 1, 2, 3, 4, 5] && source.made == 14)
  }

  @Test func whatWasNotReadIsNotMissing() throws {
    let kept = KeptSamples(Numbers())
    #expect(try read(kept, 10, until: 2) == [0, 1, 2])
    #expect(try read(kept, 5) == [0, 1, 2, 3, 4])
  }
}
