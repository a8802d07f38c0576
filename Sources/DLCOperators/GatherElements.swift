import DLCGraph
import DLCTensor

/// y[i,j,k] = x[indices[i,j,k],j,k] for axis 0, and so on: x, indices -> y [as indices].
package struct GatherElements: Sendable, Hashable {
  package var axis: Int

  package init(axis: Int) {
    self.axis = axis
  }
}
