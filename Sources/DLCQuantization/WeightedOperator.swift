import DLCGraph
import DLCOperators
import DLCTensor

/// The operators that multiply activations (input 0) by weights (input 1), seen as one; images are channels-first.
enum WeightedOperator: Sendable {
  case convolution(Convolution)
  case transposed(ConvolutionTranspose)
  case matrix(MatMul)

  /// The contraction that `op` is, if it is one.
  init?(_ op: any Operator) {
    switch op {
    case let op as Convolution where op.channels == .first: self = .convolution(op)
    case let op as ConvolutionTranspose where op.channels == .first: self = .transposed(op)
    case let op as MatMul: self = .matrix(op)
    default: return nil
    }
  }

  /// The operator itself.
  var op: any Operator {
    switch self {
    case .convolution(let op): op
    case .transposed(let op): op
    case .matrix(let op): op
    }
  }

  var epilogue: Epilogue {
    get {
      switch self {
      case .convolution(let op): op.epilogue
      case .transposed(let op): op.epilogue
      case .matrix(let op): op.epilogue
      }
    }
    set {
      switch self {
      case .convolution(var op):
        op.epilogue = newValue
        self = .convolution(op)
      case .transposed(var op):
        op.epilogue = newValue
        self = .transposed(op)
      case .matrix(var op):
        op.epilogue = newValue
        self = .matrix(op)
      }
    }
  }

  /// The position of the residual among the inputs.
  var residual: Int? { epilogue.residual ? (epilogue.bias ? 3 : 2) : nil }

  /// The axis that counts channels in activations and result of `rank` axes.
  func channelAxis(rank: Int) -> Int {
    switch self {
    case .convolution, .transposed: 1
    case .matrix: rank - 1
    }
  }

  /// Whether this is a transposed convolution.
  var isTransposed: Bool {
    if case .transposed = self { return true }
    return false
  }

  /// Whether this is a matrix product.
  var isMatrix: Bool {
    if case .matrix = self { return true }
    return false
  }
}

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

  init(_ op: WeightedOperator, _ shape: Shape) {
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
