import DLCQuantization
import DLCTensor

/// Samples that are costly to make, the first of them kept as far as they fit: quantization asks for the same ones many times.
final class KeptSamples: SampleSource {
  private let source: any SampleSource
  private var kept: [[Tensor]] = []
  private var bytes = 0

  private static let mostBytes = 64 << 20

  init(_ source: any SampleSource) { self.source = source }

  var count: Int? { source.count }
  var digest: UInt64 { source.digest }

  func forEach(limit: Int, _ body: ([Tensor]) throws(QuantizationError) -> Bool) throws(QuantizationError) {
    if kept.count >= min(limit, count ?? .max) {
      for sample in kept.prefix(limit) where try !body(sample) { return }
      return
    }
    var index = 0
    try source.forEach(limit: limit) { (sample: [Tensor]) throws(QuantizationError) -> Bool in
      if index == kept.count {
        bytes += sample.reduce(0) { $0 + $1.type.byteCount }
        if bytes <= Self.mostBytes { kept.append(sample) }
      }
      index += 1
      return try body(sample)
    }
  }
}
