import CDLCKernels
import DLCGraph
import DLCTensor

/// Softmax, its logarithm, or the one-hot of the first maximum along one axis: x -> y of the same type.
package struct Softmax: Sendable, Hashable {
  package enum Kind: String, Sendable, Hashable { case softmax, logSoftmax, hardmax }

  package var kind: Kind
  package var axis: Int

  package init(_ kind: Kind, axis: Int) {
    self.kind = kind
    self.axis = axis
  }
}
