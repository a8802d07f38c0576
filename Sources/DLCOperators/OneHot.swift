import DLCGraph
import DLCTensor

/// A new axis of `depth` classes, `values[1]` where the index says and `values[0]` elsewhere: indices, values `[2]` -> y.
package struct OneHot: Sendable, Hashable {
  package var depth: Int
  package var axis: Int

  package init(depth: Int, axis: Int) {
    self.depth = depth
    self.axis = axis
  }
}
