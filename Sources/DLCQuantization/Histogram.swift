import DLCTensor
import Foundation

/// The distribution of a tensor's elements in 2048 bins whose width is a power of two.
///
/// Bins cover zero and everything seen. When the range outgrows them the width doubles and neighbours merge, which is
/// exact: the result does not depend on the order of the elements. Zeros are counted apart, they quantize exactly.
package struct Histogram: Sendable, Hashable, Codable {
  package static let binCount = 2048
  /// Elements of this magnitude or beyond count as not finite: no scale makes sense of them.
  static let limit: Float = 0x1p96

  /// Bin `i` counts elements of `(origin + i) width ..< (origin + i + 1) width`, width being 2^exponent.
  package private(set) var counts: [UInt64] = []
  package private(set) var origin = 0
  package private(set) var exponent = 0
  package private(set) var zeros: UInt64 = 0
  /// Infinities, NaN and what passes the limit.
  package private(set) var nonFinite: UInt64 = 0
  /// Finite elements, zeros among them.
  package private(set) var total: UInt64 = 0
  /// Of the finite elements; 0 when there are none.
  package private(set) var minimum: Double = 0
  package private(set) var maximum: Double = 0
  package private(set) var sum: Double = 0
  package private(set) var sumOfSquares: Double = 0

  /// The values seen while they are few; nil when they are more than `fewest`.
  package private(set) var levels: [Float]? = []

  /// Most distinct values that count as few.
  static let fewest = 24

  package init() {}

  /// Width of a bin.
  package var width: Double { Foundation.scalbn(1, exponent) }

  /// The real number in the middle of bin `index`.
  package func center(_ index: Int) -> Double { (Double(origin + index) + 0.5) * width }

  /// Mean square of the finite elements.
  package var power: Double { total == 0 ? 0 : sumOfSquares / Double(total) }

  /// Counts the elements of a float tensor.
  package mutating func add(_ tensor: Tensor) {
    if tensor.element == .float32 {
      tensor.withElements(as: Float.self) { add($0) }
    } else {
      tensor.floats().withUnsafeBufferPointer { add($0) }
    }
  }

  /// Counts elements.
  package mutating func add(_ values: UnsafeBufferPointer<Float>) {
    var (low, high): (Float, Float) = (.infinity, -.infinity)
    var (bad, none): (UInt64, UInt64) = (0, 0)
    var (total, squares) = (0.0, 0.0)
    for value in values {
      if !(value.magnitude < Self.limit) {
        bad += 1
      } else {
        if value == 0 { none += 1 }
        low = min(low, value)
        high = max(high, value)
        total += Double(value)
        squares += Double(value) * Double(value)
      }
    }
    nonFinite += bad
    collectLevels(values)
    let finite = UInt64(values.count) - bad
    if finite == 0 { return }
    minimum = self.total == 0 ? Double(low) : min(minimum, Double(low))
    maximum = self.total == 0 ? Double(high) : max(maximum, Double(high))
    self.total += finite
    zeros += none
    sum += total
    sumOfSquares += squares
    if finite == none { return }
    cover(minimum, maximum)
    let inverse = Float(Foundation.scalbn(1, -exponent))
    let origin = origin
    counts.withUnsafeMutableBufferPointer { counts in
      for value in values where value != 0 && value.magnitude < Self.limit {
        // Exact: the width is a power of two. A quotient below the smallest Float is zero, the neighbouring bin.
        let index = Int((value * inverse).rounded(.down)) - origin
        counts[min(max(index, 0), Self.binCount - 1)] += 1
      }
    }
  }

  /// Remembers distinct values until they are too many.
  private mutating func collectLevels(_ values: UnsafeBufferPointer<Float>) {
    guard var known = levels else { return }
    levels = nil
    var last = Float.nan
    for value in values where value != last && value.magnitude < Self.limit {
      last = value
      if known.contains(value) { continue }
      if known.count == Self.fewest { return }
      known.append(value)
    }
    levels = known
  }

  /// Adds what another histogram counted.
  package mutating func merge(_ other: Histogram) {
    nonFinite += other.nonFinite
    guard other.total > 0 else { return }
    if let levels = other.levels { levels.withUnsafeBufferPointer { collectLevels($0) } } else { levels = nil }
    minimum = total == 0 ? other.minimum : min(minimum, other.minimum)
    maximum = total == 0 ? other.maximum : max(maximum, other.maximum)
    total += other.total
    zeros += other.zeros
    sum += other.sum
    sumOfSquares += other.sumOfSquares
    guard !other.counts.isEmpty else { return }
    var other = other
    cover(minimum, maximum)
    while exponent < other.exponent { widen() }
    while other.exponent < exponent { other.widen() }
    cover(minimum, maximum)
    for (k, count) in other.counts.enumerated() where count > 0 {
      counts[min(max(other.origin + k - origin, 0), Self.binCount - 1)] += count
    }
  }

  /// Makes the bins cover `low...high` and zero.
  private mutating func cover(_ low: Double, _ high: Double) {
    let (low, high) = (min(low, 0), max(high, 0))
    if counts.isEmpty {
      counts = [UInt64](repeating: 0, count: Self.binCount)
      let span = max(high - low, 0x1p-90)
      exponent = max(Int(span.exponent) - 11, -100)
      origin = Int((low / width).rounded(.down))
    }
    while Int((high / width).rounded(.down)) - Int((low / width).rounded(.down)) >= Self.binCount { widen() }
    let first = Int((low / width).rounded(.down))
    let last = Int((high / width).rounded(.down))
    if first < origin || last >= origin + Self.binCount { shift(to: first) }
  }

  /// Lets bin 0 be the one of absolute number `first`; what falls out is empty by construction.
  private mutating func shift(to first: Int) {
    var moved = [UInt64](repeating: 0, count: Self.binCount)
    for (k, count) in counts.enumerated() where count > 0 {
      moved[min(max(origin + k - first, 0), Self.binCount - 1)] += count
    }
    counts = moved
    origin = first
  }

  /// Doubles the width: bins 2i and 2i + 1, counted from zero, become bin i.
  private mutating func widen() {
    let first = origin >> 1
    var merged = [UInt64](repeating: 0, count: Self.binCount)
    for (k, count) in counts.enumerated() where count > 0 { merged[((origin + k) >> 1) - first] += count }
    counts = merged
    origin = first
    exponent += 1
  }
}

extension Histogram {
  /// Whether a decoded histogram is one that counting could have made; whatever else could trap later.
  var isSound: Bool {
    let bounded = minimum.magnitude < Double(Self.limit) && maximum.magnitude < Double(Self.limit)
    return (counts.isEmpty || counts.count == Self.binCount) && (-100...100).contains(exponent)
      && origin.magnitude <= 2 * Self.binCount && bounded && minimum <= maximum
      && sum.isFinite && sumOfSquares.isFinite && zeros <= total && total < 1 << 62
      && counts.allSatisfy { $0 <= total } && (counts.isEmpty || covers)
  }

  private var covers: Bool {
    let (low, high) = (min(minimum, 0) / width, max(maximum, 0) / width)
    return low >= Double(origin) && high < Double(origin + Self.binCount)
  }
}
