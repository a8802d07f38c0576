import CDLCKernels
import DLCGraph
import DLCTensor

/// Running sum or product along an axis: x -> y of the same type.
package struct Cumulative: Sendable, Hashable {
  package enum Kind: String, Sendable, Hashable { case sum, product }

  package var kind: Kind
  package var axis: Int
  /// Leaves the element itself out.
  package var exclusive: Bool
  /// Runs from the end.
  package var reverse: Bool

  package init(_ kind: Kind, axis: Int, exclusive: Bool, reverse: Bool) {
    self.kind = kind
    self.axis = axis
    self.exclusive = exclusive
    self.reverse = reverse
  }
}
