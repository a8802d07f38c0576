import DLCGraph
import DLCTensor

/// Adds (or with negative counts removes) elements before and after each axis: x, value? (scalar) -> y.
package struct Pad: Sendable, Hashable {
  package enum Mode: String, Sendable, Hashable { case constant, reflect, edge, wrap }

  package var mode: Mode
  package var before: [Int]
  package var after: [Int]
  /// Whether a second input gives the constant; zero when not.
  package var hasValue: Bool

  package init(_ mode: Mode, before: [Int], after: [Int], hasValue: Bool = false) {
    self.mode = mode
    self.before = before
    self.after = after
    self.hasValue = hasValue
  }
}
