import DLCGraph
import DLCOperators
import DLCTensor

/// How the terms of a layer's sums vary together: for each group of its weights, blocks of the covariance of its inputs
/// along the depth.
struct InputCovariance {
  let matrix: WeightMatrix
  /// Extent of a block; correlations across blocks are not kept.
  let block: Int
  private let gather: InputRows
  /// `[groups][blocks][b, b]`, upper triangles, b being the extent of that block.
  private var products: [Float]
  private var sums: [Double]
  private(set) var rows = 0

  /// Longest block: 64 channels of a 3x3 kernel.
  static let longestBlock = 576
  /// Most multiply-adds spent on a layer.
  private static let budget = 3_000_000_000

  init(_ op: Contraction, weights: Shape, input: Shape) {
    matrix = WeightMatrix(op, weights)
    block = min(matrix.depth, Self.longestBlock)
    gather = InputRows(op, weights: weights, input: input)
    products = [Float](repeating: 0, count: matrix.groups * Self.blockOffset(matrix.depth, block))
    sums = [Double](repeating: 0, count: matrix.groups * matrix.depth)
  }

  /// Bytes that the covariance of a layer takes.
  static func bytes(_ matrix: WeightMatrix) -> Int {
    matrix.groups * blockOffset(matrix.depth, min(matrix.depth, longestBlock)) * 4
  }

  /// Rows worth taking from each of `samples` samples.
  func rowsPerSample(_ samples: Int) -> Int {
    let work = max(matrix.groups * matrix.depth * block, 1)
    return max(min(Self.budget / work, max(512, 8 * block)) / max(samples, 1), 1)
  }

  /// Elements of all blocks before the block that begins at `depth`.
  private static func blockOffset(_ depth: Int, _ block: Int) -> Int {
    let rest = depth % max(block, 1)
    return depth / max(block, 1) * block * block + rest * rest
  }

  /// First index along the depth and extent of each block.
  var blocks: [Range<Int>] {
    stride(from: 0, to: matrix.depth, by: max(block, 1)).map { $0..<min($0 + block, matrix.depth) }
  }

  /// Rows gathered before their products are added.
  private static let panelRows = 64

  /// Adds rows of one sample of the input, as the layer reads it.
  mutating func add(_ input: Tensor, parameters: QuantizationParameters?, limit: Int, sample: Int) {
    let values = input.floats()
    let positions = gather.positions(limit: limit, sample: sample)
    let perGroup = Self.blockOffset(matrix.depth, block)
    // Whole vectors may be read behind a row's end.
    let pitch = (matrix.depth + 7) / 8 * 8
    var panel = [Float](repeating: 0, count: Self.panelRows * pitch)
    for group in 0..<matrix.groups {
      for first in stride(from: 0, to: positions.count, by: Self.panelRows) {
        let part = positions[first..<min(first + Self.panelRows, positions.count)]
        panel.withUnsafeMutableBufferPointer { panel in
          for (r, position) in part.enumerated() {
            let row = UnsafeMutableBufferPointer(rebasing: panel[r * pitch..<r * pitch + matrix.depth])
            gather.fill(row, position: position, group: group, from: values)
            parameters?.roundTrip(row)
            for k in row.indices { sums[group * matrix.depth + k] += Double(row[k]) }
          }
        }
        for range in blocks {
          accumulate(
            panel, pitch: pitch, count: part.count, range,
            at: group * perGroup + Self.blockOffset(range.lowerBound, block))
        }
      }
    }
    rows += positions.count
  }

  /// Adds X^T X of the panel's columns `range`: 4 x 8 tiles on and above the diagonal.
  private mutating func accumulate(
    _ panel: [Float], pitch: Int, count: Int, _ range: Range<Int>, at offset: Int
  ) {
    let extent = range.count
    products.withUnsafeMutableBufferPointer { products in
      func store(_ sums: SIMD8<Float>, _ i: Int, _ j: Int) {
        if i >= extent { return }
        for lane in 0..<min(8, extent - j) { products[offset + i * extent + j + lane] += sums[lane] }
      }
      panel.withUnsafeBytes { panel in
        for i in stride(from: 0, to: extent, by: 4) {
          for j in stride(from: i / 8 * 8, to: extent, by: 8) {
            var tile = (SIMD8<Float>(), SIMD8<Float>(), SIMD8<Float>(), SIMD8<Float>())
            for r in 0..<count {
              let line = (r * pitch + range.lowerBound) * 4
              let x = panel.loadUnaligned(fromByteOffset: line + i * 4, as: SIMD4<Float>.self)
              let y = panel.loadUnaligned(fromByteOffset: line + j * 4, as: SIMD8<Float>.self)
              tile.0 += x[0] * y
              tile.1 += x[1] * y
              tile.2 += x[2] * y
              tile.3 += x[3] * y
            }
            store(tile.0, i, j)
            store(tile.1, i + 1, j)
            store(tile.2, i + 2, j)
            store(tile.3, i + 3, j)
          }
        }
      }
    }
  }

  /// The mean of the term at `k`.
  func mean(_ group: Int, _ k: Int) -> Double { sums[group * matrix.depth + k] / Double(max(rows, 1)) }

  /// The covariance of a block, a full square matrix; of `centers` false the mean products.
  ///
  /// What stands off the diagonal is shrunk the more the fewer rows there were: chance correlations of few rows would
  /// be taken for those of the data (Ledoit and Wolf 2004, with a fixed share).
  func covariance(group: Int, _ range: Range<Int>, centers: Bool) -> [Double] {
    let extent = range.count
    let offset = group * Self.blockOffset(matrix.depth, block) + Self.blockOffset(range.lowerBound, block)
    let count = Double(max(rows, 1))
    var result = [Double](repeating: 0, count: extent * extent)
    let kept = count / (count + Double(extent))
    for i in 0..<extent {
      let a = centers ? mean(group, range.lowerBound + i) : 0
      for j in i..<extent {
        let b = centers ? mean(group, range.lowerBound + j) : 0
        let value = Double(products[offset + i * extent + j]) / count - a * b
        result[i * extent + j] = i == j ? value : value * kept
        result[j * extent + i] = result[i * extent + j]
      }
    }
    return result
  }
}

/// Where the terms of a layer's sums lie in its input.
struct InputRows {
  private let matrix: WeightMatrix
  private let input: Shape
  private let layout: Layout

  private enum Layout {
    /// Windows over an image: grid of outputs, their geometry.
    case windows(Window, grid: [Int])
    /// Pixels of an image `[N, C, spatial...]`.
    case pixels
    /// Rows of `[..., M, K]`, or columns when transposed.
    case rows(transposed: Bool)
  }

  init(_ op: Contraction, weights: Shape, input: Shape) {
    matrix = WeightMatrix(op, weights)
    self.input = input
    switch op {
    case .convolution(let op):
      let window = op.window
      let grid = (0..<window.rank).map { axis in
        let span = window.dilations[axis] * (window.kernel[axis] - 1) + 1
        return (input[axis + 2] + window.padBegin[axis] + window.padEnd[axis] - span) / window.strides[axis] + 1
      }
      layout = .windows(window, grid: grid)
    case .transposed: layout = .pixels
    case .matrix(let op): layout = .rows(transposed: op.transposeA)
    }
  }

  /// Rows in one sample.
  private var count: Int {
    switch layout {
    case .windows(_, let grid): input[0] * grid.reduce(1, *)
    case .pixels: input[0] * input.dimensions[2...].reduce(1, *)
    case .rows: matrix.depth == 0 ? 0 : input.count / matrix.depth
    }
  }

  /// At most `limit` of the sample's rows, evenly spread, other ones for other samples.
  func positions(limit: Int, sample: Int) -> [Int] {
    let count = count
    if count <= limit { return Array(0..<count) }
    // The golden ratio spreads the starts of successive samples.
    let start = (Double(sample) * 0.618_033_988_75).truncatingRemainder(dividingBy: 1)
    return (0..<limit).map { min(Int((Double($0) + start) * Double(count) / Double(limit)), count - 1) }
  }

  /// Writes the terms at `position` for `group`, those in the padding as 0.
  func fill(_ row: UnsafeMutableBufferPointer<Float>, position: Int, group: Int, from values: [Float]) {
    switch layout {
    case .windows(let window, let grid): fill(row, window, grid, position: position, group: group, from: values)
    case .pixels:
      let pixels = input.dimensions[2...].reduce(1, *)
      let (image, pixel) = (position / pixels, position % pixels)
      for k in 0..<matrix.depth {
        row[k] = values[(image * input[1] + group * matrix.depth + k) * pixels + pixel]
      }
    case .rows(let transposed):
      if !transposed {
        for k in 0..<matrix.depth { row[k] = values[position * matrix.depth + k] }
      } else {
        let rows = input[input.rank - 1]
        let (batch, m) = (position / rows, position % rows)
        for k in 0..<matrix.depth { row[k] = values[(batch * matrix.depth + k) * rows + m] }
      }
    }
  }

  private func fill(
    _ row: UnsafeMutableBufferPointer<Float>, _ window: Window, _ grid: [Int], position: Int, group: Int,
    from values: [Float]
  ) {
    let taps = max(window.kernel.reduce(1, *), 1)
    let channels = matrix.depth / taps
    let image = position / grid.reduce(1, *)
    let pixels = input.dimensions[2...].reduce(1, *)
    let base = (image * input[1] + group * channels) * pixels
    for tap in 0..<taps {
      var place = 0
      var inside = true
      var (cell, rest, stride) = (position, tap, 1)
      for axis in (0..<window.rank).reversed() {
        let k = rest % window.kernel[axis]
        rest /= window.kernel[axis]
        let x = cell % grid[axis] * window.strides[axis] - window.padBegin[axis] + k * window.dilations[axis]
        cell /= grid[axis]
        let extent = input[axis + 2]
        if x < 0 || x >= extent {
          inside = false
          break
        }
        place += x * stride
        stride *= extent
      }
      for c in 0..<channels { row[c * taps + tap] = inside ? values[base + c * pixels + place] : 0 }
    }
  }
}

extension QuantizationParameters {
  /// Replaces each element by what is left of it when it is stored with these parameters of one scale.
  func roundTrip(_ values: UnsafeMutableBufferPointer<Float>) {
    let (scale, zero) = (scales[0], Float(zeroPoints[0]))
    let (low, high) = (Float(range.lowerBound) - zero, Float(range.upperBound) - zero)
    for k in values.indices {
      values[k] = nearestInteger(min(max(values[k] / scale, low), high)) * scale
    }
  }
}

/// Half to even, for magnitudes below 2^22; without the call that a baseline x86-64 needs for it.
@inline(__always)
func nearestInteger(_ x: Float) -> Float {
  let shift: Float = 0x1.8p23
  return (x + shift) - shift
}
