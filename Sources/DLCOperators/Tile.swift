import DLCGraph
import DLCTensor

/// Repeats the whole tensor along each axis: x -> y.
package struct Tile: Sendable, Hashable {
  package var repeats: [Int]

  package init(repeats: [Int]) {
    self.repeats = repeats
  }
}
