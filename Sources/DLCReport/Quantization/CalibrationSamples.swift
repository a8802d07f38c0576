import DLCData
import DLCQuantization
import DLCTensor

/// A data set as calibration reads it: in a fixed random order, so that of sorted classes all occur in every part of it.
final class CalibrationSamples: SampleSource {
  private let data: DataSet
  private let limit: Int
  private let inputs: [String]
  private let skipsBad: Bool
  /// Samples that were read already, while they fit.
  private var kept: [[Tensor]] = []
  private var labels: [Int?] = []
  private var keptBytes = 0
  private(set) var skipped: [SkippedSample] = []
  let count: Int?
  let digest: UInt64

  private static let mostKeptBytes = 64 << 20
  private static let seed: UInt64 = 1

  /// Reads a few samples to know the data by. Throws `QuantizationError.samples` naming what cannot be read.
  init(_ data: DataSet, limit: Int, skipsBad: Bool) throws(QuantizationError) {
    self.data = data
    self.limit = min(limit, data.count)
    self.skipsBad = skipsBad
    inputs = data.inputs.map(\.name)
    count = self.limit
    var hash = Self.fingerprint(limit: self.limit)
    let stream = Self.stream(data, limit: min(4, self.limit), skipsBad: skipsBad)
    do {
      while let batch = try stream.next() {
        for name in inputs { batch.inputs[name]?.withBytes { Self.mix($0, into: &hash) } }
      }
    } catch { throw .samples("\(error)") }
    digest = hash
  }

  private static func stream(_ data: DataSet, limit: Int, skipsBad: Bool) -> BatchStream {
    data.batches(limit: limit, shuffleSeed: seed, skipsBad: skipsBad, workers: 2)
  }

  /// Whether the samples carry classes.
  var hasLabels: Bool { data.hasLabels }

  func forEach(limit: Int, _ body: ([Tensor]) throws(QuantizationError) -> Bool) throws(QuantizationError) {
    try forEachLabelled(limit: limit) { (inputs: [Tensor], _: Int?) throws(QuantizationError) in try body(inputs) }
  }

  /// As `forEach`, with the class of a sample where the data has one and runs take one sample.
  func forEachLabelled(
    limit: Int, _ body: ([Tensor], Int?) throws(QuantizationError) -> Bool
  ) throws(QuantizationError) {
    let wanted = min(limit, self.limit)
    if kept.count >= wanted {
      for k in 0..<wanted where try !body(kept[k], labels[k]) { return }
      return
    }
    let stream = Self.stream(data, limit: self.limit, skipsBad: skipsBad)
    var index = 0
    while index < wanted {
      let next: Batch?
      do { next = try stream.next() } catch { throw .samples("\(error)") }
      guard let batch = next else { break }
      let tensors = inputs.compactMap { batch.inputs[$0] }
      let label = batch.rows == 1 ? batch.samples.first?.label : nil
      if index == kept.count {
        keptBytes += tensors.reduce(0) { $0 + $1.type.byteCount }
        if keptBytes <= Self.mostKeptBytes {
          kept.append(tensors)
          labels.append(label)
        }
      }
      index += 1
      if try !body(tensors, label) { return }
    }
    skipped = stream.skipped
  }

  private static func fingerprint(limit: Int) -> UInt64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    withUnsafeBytes(of: UInt64(limit)) { mix($0, into: &hash) }
    return hash
  }

  /// FNV-1a: tells data apart, no protection against forgery.
  private static func mix(_ bytes: UnsafeRawBufferPointer, into hash: inout UInt64) {
    for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
  }
}
