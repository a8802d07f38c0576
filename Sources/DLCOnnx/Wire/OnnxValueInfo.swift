import DLCTensor

/// A named value and what the file says of its type.
package struct OnnxValueInfo: Sendable, Hashable {
  package var name: String
  package var type: OnnxType
}

/// The type of a value.
package enum OnnxType: Sendable, Hashable {
  /// A dense tensor; the shape is nil when even the rank is open.
  case tensor(elementTypeCode: Int, shape: [Dimension]?)
  /// A kind of value that dlc does not compute with.
  case unsupported(Kind)
  /// The file says nothing.
  case unspecified

  /// Kinds of values that are not dense tensors.
  package enum Kind: String, Sendable, Hashable {
    case sequence, optional, map, opaque
    case sparseTensor = "sparse tensor"
  }
}
