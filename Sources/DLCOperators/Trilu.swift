import DLCGraph
import DLCTensor

/// Keeps the upper (or lower) triangle of the last two axes counted from `diagonal`, zero elsewhere: x -> y.
package struct Trilu: Sendable, Hashable {
  package var upper: Bool
  package var diagonal: Int

  package init(upper: Bool, diagonal: Int) {
    self.upper = upper
    self.diagonal = diagonal
  }
}
