import CDLCKernels
import DLCGraph
import DLCTensor

/// The position (i64) of the largest or smallest element along an axis: x -> y.
package struct ArgReduce: Sendable, Hashable {
  package enum Kind: String, Sendable, Hashable { case maximum, minimum }

  package var kind: Kind
  package var axis: Int
  package var keepsAxis: Bool
  /// Of equal elements take the last rather than the first.
  package var selectsLast: Bool

  package init(_ kind: Kind, axis: Int, keepsAxis: Bool, selectsLast: Bool) {
    self.kind = kind
    self.axis = axis
    self.keepsAxis = keepsAxis
    self.selectsLast = selectsLast
  }
}
