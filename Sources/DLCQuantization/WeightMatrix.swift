import DLCGraph
import DLCOperators
import DLCTensor

/// Weights seen as matrices: for each group, `rows` sums of products of `depth` terms.
///
/// Convolution: a row is an output channel, its depth `[C/groups, kernel...]`. Matrix product: a row is a column of b,
/// a group a matrix of b's batch. Transposed convolution: a row is an output channel and a tap, its depth the input
/// channels.
struct WeightMatrix: Sendable {
  let groups: Int
  let rows: Int
  let depth: Int
  /// The axis of the weights along which scales differ, and its extent.
  let axis: Int
  let channels: Int
  private let layout: Layout

  private enum Layout: Sendable {
    /// Elements of a row follow each other; `taps` of the kernel to an input channel.
    case rows(taps: Int)
    /// b `[..., K, N]`, or transposed `[..., N, K]`.
    case matrix(transposed: Bool)
    /// `[C, O/groups, taps]`.
    case taps(Int)
  }

  init(_ op: Contraction, _ shape: Shape) {
    let dimensions = shape.dimensions
    switch op {
    case .convolution(let op):
      groups = op.groups
      rows = shape[0] / max(op.groups, 1)
      depth = dimensions[1...].reduce(1, *)
      axis = 0
      channels = shape[0]
      layout = .rows(taps: dimensions[2...].reduce(1, *))
    case .matrix(let op):
      let rank = shape.rank
      groups = dimensions[..<(rank - 2)].reduce(1, *)
      (depth, rows) = op.transposeB ? (shape[rank - 1], shape[rank - 2]) : (shape[rank - 2], shape[rank - 1])
      axis = op.transposeB ? rank - 2 : rank - 1
      channels = rows
      layout = .matrix(transposed: op.transposeB)
    case .transposed(let op):
      let taps = dimensions[2...].reduce(1, *)
      groups = op.groups
      depth = shape[0] / max(op.groups, 1)
      rows = shape[1] * taps
      axis = 1
      channels = shape[1]
      layout = .taps(taps)
    }
  }

  /// The place of an element among the weights.
  @inline(__always)
  func offset(_ group: Int, _ row: Int, _ k: Int) -> Int {
    switch layout {
    case .rows: (group * rows + row) * depth + k
    case .matrix(let transposed): group * rows * depth + (transposed ? row * depth + k : k * rows + row)
    case .taps: (group * depth + k) * rows + row
    }
  }

  /// The index of a row's scale.
  func channel(_ group: Int, _ row: Int) -> Int {
    switch layout {
    case .rows: group * rows + row
    case .matrix: row
    case .taps(let taps): row / taps
    }
  }

  /// The channel of the result that a row adds to.
  func output(_ group: Int, _ row: Int) -> Int {
    switch layout {
    case .rows: group * rows + row
    case .matrix: row
    case .taps(let taps): group * channels + row / taps
    }
  }

  /// The channel of the activations that the element at `k` multiplies.
  func input(_ group: Int, _ k: Int) -> Int {
    switch layout {
    case .rows(let taps): group * (depth / max(taps, 1)) + k / taps
    case .matrix: k
    case .taps: group * depth + k
    }
  }

  /// The element at `k` of every row of a group, in order of `k`.
  func row(_ group: Int, _ row: Int, of weights: [Float]) -> [Float] {
    (0..<depth).map { weights[offset(group, row, $0)] }
  }
}
