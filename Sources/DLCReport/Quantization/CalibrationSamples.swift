import DLCData
import DLCQuantization
import DLCTensor

/// A data set as calibration reads it: in a fixed random order, so that of sorted classes all occur in every part of it.
final class CalibrationSamples: SampleSource {
  private let data: DataSet
  private let limit: Int
  private let inputs: [String]
  private let skipsBad: Bool
  private let refusesNaN: Bool
  /// Samples that were read already, while they fit.
  private var kept: [[Tensor]] = []
  private var labels: [Int?] = []
  private var keptBytes = 0
  private(set) var skipped: [SkippedSample] = []
  let count: Int?
  /// Of a few samples: tells data apart without reading all of it.
  let digest: UInt64
  /// Of every sample with its label, once all have been read.
  private var wholeDigest: UInt64?

  private static let mostKeptBytes = 64 << 20
  private static let seed: UInt64 = 1

  /// Reads a few samples to know the data by. `refusesNaN`: whether samples with NaN are ones that cannot be read. Throws `QuantizationError.samples` naming what cannot be read.
  init(_ data: DataSet, limit: Int, skipsBad: Bool, refusesNaN: Bool = true) throws(QuantizationError) {
    self.data = data
    self.limit = min(limit, data.count)
    self.skipsBad = skipsBad
    self.refusesNaN = refusesNaN
    inputs = data.inputs.map(\.name)
    count = self.limit
    var hash = Self.fingerprint(limit: self.limit)
    let stream = Self.stream(data, limit: min(4, self.limit), skipsBad: skipsBad, refusesNaN: refusesNaN)
    do {
      while let batch = try stream.next() {
        for name in inputs { batch.inputs[name]?.withBytes { Self.mix($0, into: &hash) } }
      }
    } catch { throw .samples("\(error)") }
    let bad = stream.skipped
    if let first = bad.first, bad.count == data.count {
      throw .samples("none of the \(bad.count) samples of '\(data.path)' could be read; the first: \(first.reason)")
    }
    digest = hash
  }

  private static func stream(_ data: DataSet, limit: Int, skipsBad: Bool, refusesNaN: Bool) -> BatchStream {
    data.batches(limit: limit, shuffleSeed: seed, skipsBad: skipsBad, refusesNaN: refusesNaN, workers: 2)
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
    let stream = Self.stream(data, limit: self.limit, skipsBad: skipsBad, refusesNaN: refusesNaN)
    var index = 0
    var hash = Self.fingerprint(limit: self.limit)
    while index < wanted {
      let next: Batch?
      do { next = try stream.next() } catch { throw .samples("\(error)") }
      guard let batch = next else {
        wholeDigest = hash
        break
      }
      if wholeDigest == nil { mix(batch, into: &hash) }
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
    // One sample a run: the last of them ends the data as far as it is used.
    if index == self.limit, wholeDigest == nil { wholeDigest = hash }
    skipped = stream.skipped
  }

  /// A digest of every sample that is used, with its label; reads them all unless that has happened.
  func contentDigest() throws(QuantizationError) -> UInt64 {
    if let wholeDigest { return wholeDigest }
    let stream = Self.stream(data, limit: limit, skipsBad: skipsBad, refusesNaN: refusesNaN)
    var hash = Self.fingerprint(limit: limit)
    do { while let batch = try stream.next() { mix(batch, into: &hash) } } catch { throw .samples("\(error)") }
    wholeDigest = hash
    return hash
  }

  private func mix(_ batch: Batch, into hash: inout UInt64) {
    for name in inputs { batch.inputs[name]?.withBytes { Self.mixWords($0, into: &hash) } }
    for sample in batch.samples {
      withUnsafeBytes(of: UInt64(bitPattern: Int64(sample.label ?? -1))) { Self.mixWords($0, into: &hash) }
    }
  }

  /// As `mix` by words of 64 bits, for much data; the high half is folded in so that every bit reaches all others.
  private static func mixWords(_ bytes: UnsafeRawBufferPointer, into hash: inout UInt64) {
    var k = 0
    while k + 8 <= bytes.count {
      hash = (hash ^ bytes.loadUnaligned(fromByteOffset: k, as: UInt64.self)) &* 0x0000_0100_0000_01b3
      hash ^= hash >> 32
      k += 8
    }
    mix(UnsafeRawBufferPointer(rebasing: bytes[k...]), into: &hash)
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
