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
  /// The step between neighbouring values and the real numbers at the ends of the range; nil for a float tensor.
  package var grid: (step: Float, low: Float, high: Float)?

  /// The values in the axis order of a reference: as they lie, or from channels last; whichever is nearer to `reference`.
  /// Nil when the element counts differ.
  func arranged(as shape: Shape, like reference: [Float]) -> (values: [Float], isChannelsLast: Bool)? {
    guard values.count == shape.count, values.count == reference.count else { return nil }
    guard shape.rank >= 3 else { return (values, false) }
    let turned = Self.channelsFirst(values, shape)
    return distance(turned, reference) < distance(values, reference) ? (turned, true) : (values, false)
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
