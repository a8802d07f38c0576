import DLCGraph
import DLCTensor

/// Takes slices of x along `axis` at `indices` (i32 or i64; negative count from the end): x, indices -> y.
package struct Gather: Sendable, Hashable {
  package var axis: Int

  package init(axis: Int) {
    self.axis = axis
  }
}
