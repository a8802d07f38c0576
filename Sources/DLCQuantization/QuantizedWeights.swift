import DLCGraph
import DLCOperators
import DLCTensor

/// Weights as integers with scales: per output channel along an axis, or per group of a row's depth.
struct QuantizedWeights: Sendable {
  /// In the order of the weights.
  var integers: [Int8]
  /// One for each channel; with groups `[rows, groups of a row]`, rows of all weight groups one after another.
  var scales: [Float]
  /// Elements along the depth that share a scale; nil: all of a channel.
  var groupSize: Int?
  /// Largest magnitude of an integer.
  var limit: Int

  /// The real number that an integer stands for.
  static func real(_ q: Int8, _ scale: Float) -> Float { Float(q) * scale }
}

/// Finds scales of weights and rounds to nearest.
struct WeightQuantizer: Sendable {
  let matrix: WeightMatrix
  let shape: Shape
  /// 8 or 4.
  var bits = 8
  /// Whether scales are searched for the least square error; else the largest magnitude fits exactly.
  var clips = true
  /// Smallest scale of each channel, so that its bias fits 32 bits.
  var floors: [Float]?
  /// What turns a scale into the step of a channel's sums in steps of the result, where scales are to make that a number
  /// that bf16 holds.
  var requantization: Double?

  /// The largest integer: the range is symmetric.
  var limit: Int { (1 << (bits - 1)) - 1 }

  /// Per output channel.
  func perChannel(_ weights: [Float]) -> QuantizedWeights {
    var rows = [[Float]](repeating: [], count: matrix.channels)
    for group in 0..<matrix.groups {
      for row in 0..<matrix.rows { rows[matrix.channel(group, row)] += matrix.row(group, row, of: weights) }
    }
    let scales = rows.indices.map { short(max(scale(rows[$0]), floors?[$0] ?? 0)) }
    var integers = [Int8](repeating: 0, count: weights.count)
    for group in 0..<matrix.groups {
      for row in 0..<matrix.rows {
        let scale = scales[matrix.channel(group, row)]
        for k in 0..<matrix.depth {
          let place = matrix.offset(group, row, k)
          integers[place] = nearest(weights[place], scale)
        }
      }
    }
    return QuantizedWeights(integers: integers, scales: scales, groupSize: nil, limit: limit)
  }

  /// Per `size` elements along each row's depth; the depth is a multiple of it.
  func perGroup(_ weights: [Float], size: Int) -> QuantizedWeights {
    var integers = [Int8](repeating: 0, count: weights.count)
    var scales: [Float] = []
    for group in 0..<matrix.groups {
      for row in 0..<matrix.rows {
        let values = matrix.row(group, row, of: weights)
        for first in stride(from: 0, to: matrix.depth, by: size) {
          let scale = scale(Array(values[first..<first + size]))
          scales.append(scale)
          for k in first..<first + size { integers[matrix.offset(group, row, k)] = nearest(values[k], scale) }
        }
      }
    }
    return QuantizedWeights(integers: integers, scales: scales, groupSize: size, limit: limit)
  }

  /// The index among the scales for an element.
  func scaleIndex(_ weights: QuantizedWeights, _ group: Int, _ row: Int, _ k: Int) -> Int {
    guard let size = weights.groupSize else { return matrix.channel(group, row) }
    return (group * matrix.rows + row) * (matrix.depth / size) + k / size
  }

  /// The real weights that the integers stand for.
  func dequantized(_ weights: QuantizedWeights) -> [Float] {
    var result = [Float](repeating: 0, count: weights.integers.count)
    for group in 0..<matrix.groups {
      for row in 0..<matrix.rows {
        for k in 0..<matrix.depth {
          let place = matrix.offset(group, row, k)
          result[place] = QuantizedWeights.real(
            weights.integers[place], weights.scales[scaleIndex(weights, group, row, k)])
        }
      }
    }
    return result
  }

  /// The nearest integer within the limit.
  @inline(__always)
  func nearest(_ weight: Float, _ scale: Float) -> Int8 {
    Int8(steps(weight, scale))
  }

  /// As `nearest`, as a number.
  @inline(__always)
  private func steps(_ weight: Float, _ scale: Float) -> Float {
    nearestInteger(min(max(weight / scale, Float(-limit)), Float(limit)))
  }

  /// The scale for weights of one channel.
  private func scale(_ weights: [Float]) -> Float {
    let magnitude = weights.reduce(Float(0)) { max($0, $1.magnitude) }
    let exact = magnitude / Float(limit)
    guard exact >= Float.leastNormalMagnitude * 0x1p10, exact.isFinite else { return 1 }
    let full = short(exact)
    if !clips { return full }
    var best = (scale: full, error: error(weights, full))
    for k in 1...(bits == 8 ? 12 : 20) {
      let scale = short(exact * (1 - Float(k) * 0.025))
      let error = error(weights, scale)
      if error < best.error { best = (scale, error) }
    }
    return best.scale
  }

  /// The scale, or the next one up with which sums requantize by a number that bf16 holds: weights still fit.
  private func short(_ scale: Float) -> Float {
    guard let requantization else { return scale }
    let step = Float(Double(scale) * requantization)
    guard step.isNormal else { return scale }
    let result = Float(Double(ShortScale.above(step)) / requantization)
    return result.isFinite && result > 0 ? result : scale
  }

  private func error(_ weights: [Float], _ scale: Float) -> Double {
    var sum = 0.0
    for weight in weights {
      let difference = Double(weight - steps(weight, scale) * scale)
      sum += difference * difference
    }
    return sum
  }
}
