import DLCTensor

/// How one axis of a resize reads its input.
struct ResizeAxis {
  /// The inputs that one output index blends: from `start` on, one weight each; none means the extrapolation value.
  struct Taps {
    var start: Int
    var weights: [Double]
  }

  /// Number of input elements along the axis.
  var inputExtent: Int
  /// One entry per output index.
  var taps: [Taps]

  /// Whether the output is the input.
  var isIdentity: Bool {
    taps.count == inputExtent
      && taps.enumerated().allSatisfy { index, taps in taps.start == index && taps.weights == [1] }
  }

  /// The axis as a matrix `[output, input]`, row-major; extrapolated outputs have rows of zeros.
  var matrix: [Double] {
    var result = [Double](repeating: 0, count: taps.count * inputExtent)
    for (row, taps) in taps.enumerated() {
      for (k, weight) in taps.weights.enumerated() { result[row * inputExtent + taps.start + k] = weight }
    }
    return result
  }
}

extension Resize {
  /// The taps of axis `axis` for an input of `extent` elements there (ONNX Resize-19).
  func sampling(axis: Int, extent: Int) -> ResizeAxis {
    let outputs = shape[axis]
    let scale = exactScale(axis: axis, extent: extent)
    let taps = (0..<outputs).map { index -> ResizeAxis.Taps in
      let position = coordinate(of: index, axis: axis, scale: scale, extent: Double(extent))
      if coordinate == .cropAndResize, !(position >= 0 && position <= Double(extent - 1)) {
        return ResizeAxis.Taps(start: 0, weights: [])
      }
      // Further out every neighbour is the edge; the bounds also keep odd parameters within the range of integers.
      let reach = filterReach(scale)
      let bounded = min(max(position.isNaN ? 0 : position, -reach - 4), Double(extent) + reach + 4)
      if mode == .nearest {
        return ResizeAxis.Taps(start: min(max(nearestIndex(bounded), 0), extent - 1), weights: [1])
      }
      return blend(around: bounded, reach: reach, squeeze: antialias && scale < 1 ? scale : 1, extent: extent)
    }
    return ResizeAxis(inputExtent: extent, taps: taps)
  }

  /// The scale as it was meant: 7/3 rounded to 32 bits would move coordinates across a half.
  private func exactScale(axis: Int, extent: Int) -> Double {
    let ratio = Double(shape[axis]) / Double(extent)
    return scales[axis] == Float(ratio) ? ratio : Double(scales[axis])
  }

  /// Half the width of the filter, in input elements.
  func filterReach(_ scale: Double) -> Double {
    let radius = mode == .cubic ? 2.0 : 1.0
    return antialias && scale < 1 ? radius / scale : radius
  }

  private func coordinate(of index: Int, axis: Int, scale: Double, extent: Double) -> Double {
    let y = Double(index)
    let outputs = Double(shape[axis])
    let width = scale * extent
    switch coordinate {
    case .halfPixel: return (y + 0.5) / scale - 0.5
    case .pytorchHalfPixel: return shape[axis] == 1 ? 0 : (y + 0.5) / scale - 0.5
    case .alignCorners: return shape[axis] == 1 ? 0 : y * (extent - 1) / (width - 1)
    case .asymmetric: return y / scale
    case .halfPixelSymmetric: return extent / 2 * (1 - outputs / width) + (y + 0.5) / scale - 0.5
    case .cropAndResize:
      let begin = Double(regionBegin[axis])
      let crop = Double(regionEnd[axis]) - begin
      let step = shape[axis] == 1 ? crop * (extent - 1) / 2 : y * crop * (extent - 1) / (width - 1)
      return begin * (extent - 1) + step
    }
  }

  private func nearestIndex(_ position: Double) -> Int {
    let below = position.rounded(.down)
    let rest = position - below
    let goesUp =
      switch nearest {
      case .roundPreferFloor: rest > 0.5
      case .roundPreferCeil: rest >= 0.5
      case .floor: false
      case .ceil: rest > 0
      }
    return Int(below) + (goesUp ? 1 : 0)
  }

  /// Triangle, or Keys' cubic kernel (Cubic convolution interpolation for digital image processing, 1981).
  private func filter(_ distance: Double) -> Double {
    let d = abs(distance)
    if mode == .linear { return max(0, 1 - d) }
    let a = Double(cubicCoefficient)
    if d <= 1 { return ((a + 2) * d - (a + 3)) * d * d + 1 }
    return d < 2 ? ((a * d - 5 * a) * d + 8 * a) * d - 4 * a : 0
  }

  /// Normalized weights of the neighbours; those beyond an edge read the edge's value, or do not count.
  private func blend(around position: Double, reach: Double, squeeze: Double, extent: Int) -> ResizeAxis.Taps {
    let first = Int((position - reach).rounded(.down)) + 1
    let last = Int((position + reach).rounded(.up)) - 1
    let start = min(max(first, 0), extent - 1)
    let stop = min(max(last, start), extent - 1)
    var weights = [Double](repeating: 0, count: stop - start + 1)
    if first <= last {
      for neighbour in first...last {
        if excludesOutside, neighbour < 0 || neighbour >= extent { continue }
        weights[min(max(neighbour, start), stop) - start] += filter((Double(neighbour) - position) * squeeze)
      }
    }
    let total = weights.reduce(0, +)
    guard total != 0 else {
      return ResizeAxis.Taps(start: min(max(Int(position.rounded(.down)), 0), extent - 1), weights: [1])
    }
    // Whole positions leave neighbours of weight zero at the ends.
    let normalized = weights.map { $0 / total }
    let lead = normalized.firstIndex { $0 != 0 } ?? 0
    let tail = normalized.lastIndex { $0 != 0 } ?? 0
    return ResizeAxis.Taps(start: start + lead, weights: Array(normalized[lead...tail]))
  }
}
