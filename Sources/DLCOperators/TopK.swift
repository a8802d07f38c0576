import DLCGraph
import DLCTensor

/// The k largest or smallest elements along an axis and their positions (i64): x -> values, indices.
package struct TopK: Sendable, Hashable {
  package var count: Int
  package var axis: Int
  package var largest: Bool
  package var sorted: Bool

  package init(count: Int, axis: Int, largest: Bool, sorted: Bool) {
    self.count = count
    self.axis = axis
    self.largest = largest
    self.sorted = sorted
  }
}
