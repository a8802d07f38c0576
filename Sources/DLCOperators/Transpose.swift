import DLCGraph
import DLCTensor

/// Reorders axes: axis i of y is axis `permutation[i]` of x. x -> y.
package struct Transpose: Sendable, Hashable {
  package var permutation: [Int]

  package init(permutation: [Int]) {
    self.permutation = permutation
  }
}
