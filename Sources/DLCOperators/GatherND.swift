import DLCGraph
import DLCTensor

/// Takes slices of x at coordinate tuples `indices[..., k]`: x, indices -> y.
package struct GatherND: Sendable, Hashable {
  package var batchDimensions: Int

  package init(batchDimensions: Int) {
    self.batchDimensions = batchDimensions
  }
}
