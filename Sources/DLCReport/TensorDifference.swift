import Foundation
import DLCTensor

/// How far a candidate tensor lies from a reference of the same shape, over all elements.
package struct TensorDifference: Sendable {
  /// Largest absolute difference; infinite when one side is not finite where the other is, or differs there.
  package var maxAbsolute = 0.0
  package var meanAbsolute: Double { maxAbsolute.isInfinite ? .infinity : sum / Double(max(count, 1)) }
  /// Largest |candidate - reference| / |reference| over elements whose reference is not 0.
  package var maxRelative = 0.0
  /// Cosine of the angle between both as vectors; 1 for two zero vectors.
  package var cosine: Double {
    if signal == 0 && other == 0 { return 1 }
    return signal > 0 && other > 0 ? dot / (signal * other).squareRoot() : 0
  }
  /// Signal to quantization noise: 10 log10(sum reference^2 / sum difference^2) in dB; infinite when equal.
  package var sqnr: Double {
    if noise == 0 { return .infinity }
    return noise.isInfinite || signal == 0 ? -.infinity : 10 * log10(signal / noise)
  }
  /// Elements outside `absoluteTolerance + relativeTolerance * |reference|`.
  package var outside = 0
  package var count = 0
  /// Sums over elements: of absolute differences, and of squares of the reference, the difference and the candidate, and of
  /// products.
  private var (sum, signal, noise, other, dot) = (0.0, 0.0, 0.0, 0.0, 0.0)

  /// Nothing compared yet.
  package init() {}

  /// Adds another comparison, as if both pairs of tensors were one.
  package mutating func add(_ next: TensorDifference) {
    maxAbsolute = max(maxAbsolute, next.maxAbsolute)
    maxRelative = max(maxRelative, next.maxRelative)
    outside += next.outside
    count += next.count
    sum += next.sum
    signal += next.signal
    noise += next.noise
    other += next.other
    dot += next.dot
  }

  /// Compares elementwise; equal infinities and NaN on both sides are equal.
  package init(
    reference: Tensor, candidate: Tensor, relativeTolerance: Double = 0, absoluteTolerance: Double = 0
  ) {
    let (a, b) = (reference.doubles(), candidate.doubles())
    count = a.count
    for (x, y) in zip(a, b) {
      if x == y || (x.isNaN && y.isNaN) {
        if x.isFinite {
          signal += x * x
          other += y * y
          dot += x * y
        }
        continue
      }
      guard x.isFinite, y.isFinite else {
        maxAbsolute = .infinity
        maxRelative = .infinity
        outside += 1
        noise = .infinity
        continue
      }
      let difference = abs(x - y)
      maxAbsolute = max(maxAbsolute, difference)
      if x != 0 { maxRelative = max(maxRelative, difference / abs(x)) }
      if difference > absoluteTolerance + relativeTolerance * abs(x) { outside += 1 }
      sum += difference
      signal += x * x
      noise += difference * difference
      other += y * y
      dot += x * y
    }
  }
}

/// The share of rows (along the last axis) whose largest element is at the same place; nil when there is nothing to choose.
package func top1Agreement(reference: Tensor, candidate: Tensor) -> Double? {
  guard let classes = reference.shape.dimensions.last, classes > 1, reference.element.isFloat else { return nil }
  let (a, b) = (reference.doubles(), candidate.doubles())
  let rows = a.count / classes
  guard rows > 0 else { return nil }
  var equal = 0
  for row in 0..<rows {
    let window = row * classes..<(row + 1) * classes
    if largest(a[window]) == largest(b[window]) { equal += 1 }
  }
  return Double(equal) / Double(rows)
}

/// Offset of the first largest element.
package func largest(_ values: ArraySlice<Double>) -> Int {
  var best = values.startIndex
  for k in values.indices where values[k] > values[best] || values[best].isNaN { best = k }
  return best - values.startIndex
}
