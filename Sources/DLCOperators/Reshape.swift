import DLCGraph
import DLCTensor

/// The same elements in the same order under another shape: x -> y.
package struct Reshape: Sendable, Hashable {
  package var shape: Shape

  package init(shape: Shape) {
    self.shape = shape
  }
}
