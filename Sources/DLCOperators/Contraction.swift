import DLCGraph
import DLCTensor

/// The operators that multiply activations (input 0) by weights (input 1) in real numbers, seen as one.
package enum Contraction: Sendable, Hashable {
  case convolution(Convolution)
  case transposed(ConvolutionTranspose)
  case matrix(MatMul)

  /// The contraction that `op` is, if it is one.
  package init?(_ op: any Operator) {
    switch op {
    case let op as Convolution: self = .convolution(op)
    case let op as ConvolutionTranspose: self = .transposed(op)
    case let op as MatMul: self = .matrix(op)
    default: return nil
    }
  }

  /// The operator itself.
  package var op: any Operator {
    switch self {
    case .convolution(let op): op
    case .transposed(let op): op
    case .matrix(let op): op
    }
  }

  /// What it does to its result.
  package var epilogue: Epilogue {
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
  package var residual: Int? { epilogue.positions.residual }

  /// The axis of activations and result that counts channels, for a result of `rank` axes.
  package func channelAxis(rank: Int) -> Int {
    switch self {
    case .convolution(let op): op.channels == .first ? 1 : rank - 1
    case .transposed(let op): op.channels == .first ? 1 : rank - 1
    case .matrix: rank - 1
    }
  }

  /// Whether this is a transposed convolution.
  package var isTransposed: Bool {
    if case .transposed = self { return true }
    return false
  }

  /// Whether this is a matrix product.
  package var isMatrix: Bool {
    if case .matrix = self { return true }
    return false
  }
}
