import DLCGraph
import DLCTensor

/// Joins inputs along an axis: x0, x1, ... -> y.
package struct Concatenate: Sendable, Hashable {
  package var axis: Int

  package init(axis: Int) {
    self.axis = axis
  }
}
