import CDLCKernels
import DLCGraph
import DLCTensor

/// Reduces along axes (ascending, not negative; none listed means none reduced): x -> y.
package struct Reduce: Sendable, Hashable {
  package enum Kind: String, Sendable, Hashable, CaseIterable {
    case sum, mean, maximum, minimum, product, l1, l2, sumSquare, logSum, logSumExp
  }

  package var kind: Kind
  package var axes: [Int]
  /// Whether reduced axes stay with extent 1.
  package var keepsAxes: Bool

  package init(_ kind: Kind, axes: [Int], keepsAxes: Bool) {
    self.kind = kind
    self.axes = axes
    self.keepsAxes = keepsAxes
  }
}
