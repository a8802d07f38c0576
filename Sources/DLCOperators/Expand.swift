import DLCGraph
import DLCTensor

/// Repeats axes of extent 1 (and adds leading axes) to reach `shape`, as numpy broadcasting does: x -> y.
package struct Expand: Sendable, Hashable {
  package var shape: Shape

  package init(shape: Shape) {
    self.shape = shape
  }
}
