import DLCGraph
import DLCTensor

/// A graph that is ready to run.
package protocol GraphExecution {
  /// The graph's outputs for one set of inputs, both in the order of its ports.
  func run(_ inputs: [Tensor]) throws(QuantizationError) -> [Tensor]
}

/// Makes a graph ready to run; every output of the graph is computed, quantize-dequantize pairs included.
package typealias GraphRunner = (Graph) throws(QuantizationError) -> any GraphExecution

/// How much worse a quantized network is than the float one: a drop of top-1 accuracy, or 1 - cosine; 0 is equal.
package typealias DropMetric = (Graph) throws(QuantizationError) -> Double

/// The bytes that a candidate's plan takes.
package typealias PlanSize = (Graph) throws(QuantizationError) -> Int

/// Calibration data, streamed; several passes give the same samples in the same order.
package protocol SampleSource {
  /// Number of samples, when it is known without reading them.
  var count: Int? { get }
  /// Tells data sets apart, so that a stored calibration is not continued with other data.
  var digest: UInt64 { get }
  /// Calls `body` with the network's inputs for each of the first `limit` samples, until it gives false.
  func forEach(
    limit: Int, _ body: ([Tensor]) throws(QuantizationError) -> Bool
  ) throws(QuantizationError)
}

/// Samples held in memory.
package struct TensorSamples: SampleSource, Sendable {
  package var samples: [[Tensor]]

  package init(_ samples: [[Tensor]]) { self.samples = samples }

  package var count: Int? { samples.count }

  package var digest: UInt64 {
    var hash = ContentHash()
    for sample in samples {
      for tensor in sample { tensor.withBytes { hash.combine($0) } }
    }
    return hash.value
  }

  package func forEach(
    limit: Int, _ body: ([Tensor]) throws(QuantizationError) -> Bool
  ) throws(QuantizationError) {
    for sample in samples.prefix(limit) {
      if try !body(sample) { return }
    }
  }
}

/// FNV-1a over bytes: tells contents apart, no protection against forgery.
struct ContentHash {
  private(set) var value: UInt64 = 0xcbf2_9ce4_8422_2325

  mutating func combine(_ bytes: UnsafeRawBufferPointer) {
    var hash = value
    let words = bytes.count / 8
    for k in 0..<words {
      hash = (hash ^ bytes.loadUnaligned(fromByteOffset: k * 8, as: UInt64.self)) &* 0x0000_0100_0000_01b3
      hash ^= hash >> 29
    }
    for byte in bytes[(words * 8)...] { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
    value = hash
  }

  mutating func combine(_ text: String) {
    var text = text
    text.withUTF8 { combine(UnsafeRawBufferPointer($0)) }
  }
}

extension Graph {
  /// Tells networks apart: structure and every constant.
  var contentDigest: UInt64 {
    var hash = ContentHash()
    hash.combine(description)
    for value in values where value.constant != nil { value.constant?.withBytes { hash.combine($0) } }
    return hash.value
  }
}
