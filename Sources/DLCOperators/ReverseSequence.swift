import DLCGraph
import DLCTensor

/// Reverses the first `lengths[b]` elements along `timeAxis` for each b of `batchAxis`: x, lengths (i64) -> y.
package struct ReverseSequence: Sendable, Hashable {
  package var timeAxis: Int
  package var batchAxis: Int

  package init(timeAxis: Int, batchAxis: Int) {
    self.timeAxis = timeAxis
    self.batchAxis = batchAxis
  }
}
