import DLCGraph
import DLCTensor

/// The operators that multiply activations by weights in real numbers, seen as one.
package enum RealContraction: Sendable, Hashable {
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
}
