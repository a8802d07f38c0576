import DLCTensor

/// What a step of a plan wrote, as real numbers.
package struct ObservedTensor: Sendable {
  /// The model's node.
  package var name: String
  /// The kernel family.
  package var kernel: String
  /// Row-major, in the plan's own order of axes: channels last.
  package var dims: [Int]
  package var values: [Float]
  /// The grid that the values lie on; nil for a float tensor.
  package var grid: Grid?

  /// Real numbers that integers stand for: multiples of a step between two ends.
  package struct Grid: Sendable {
    /// The step between neighbours: one, or one for each index of the last axis.
    package var steps: [Float]
    /// The ends of the range in steps.
    package var low: Float
    package var high: Float
  }

  /// Kernel families that pass numbers on, or convert them, and compute nothing of a layer's own.
  private static let carriers: Set<String> = ["quantize", "dequantize", "copy", "transpose"]

  /// Whether the step computes something.
  var isComputed: Bool { !Self.carriers.contains(kernel) }

  /// Whether channels stand last here, where a reference of `shape` has them second: by the extents where these tell,
  /// as spatial operators have them where they do not, else by the values. Nil when the element counts differ.
  func isChannelsLast(_ shape: Shape, isSpatial: Bool, like reference: [Float]) -> Bool? {
    guard values.count == shape.count, values.count == reference.count else { return nil }
    guard shape.rank >= 3, let last = dims.last else { return false }
    switch (last == shape[1], last == shape[shape.rank - 1]) {
    case (true, false): return true
    case (false, true): return false
    case (true, true) where isSpatial: return true
    default: return distance(Self.channelsFirst(values, shape), reference) < distance(values, reference)
    }
  }

  /// `values` of a channels-last tensor in the order of the channels-first `shape` `[N, C, ...]`.
  static func channelsFirst(_ values: [Float], _ shape: Shape) -> [Float] {
    let (batch, channels) = (shape[0], shape[1])
    let cells = shape.dimensions[2...].reduce(1, *)
    return [Float](unsafeUninitializedCapacity: values.count) { buffer, count in
      for n in 0..<batch {
        for c in 0..<channels {
          for cell in 0..<cells {
            buffer[(n * channels + c) * cells + cell] = values[(n * cells + cell) * channels + c]
          }
        }
      }
      count = values.count
    }
  }

  private func distance(_ a: [Float], _ b: [Float]) -> Double {
    var sum = 0.0
    for (x, y) in zip(a, b) { sum += Double((x - y) * (x - y)) }
    return sum.isNaN ? .infinity : sum
  }
}
