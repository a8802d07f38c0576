import DLCGraph
import DLCTensor

/// Takes `counts[i]` elements from `starts[i]` on, `steps[i]` apart (steps may be negative), along every axis: x -> y.
package struct Slice: Sendable, Hashable {
  package var starts: [Int]
  package var counts: [Int]
  package var steps: [Int]

  package init(starts: [Int], counts: [Int], steps: [Int]) {
    self.starts = starts
    self.counts = counts
    self.steps = steps
  }
}
