import DLCGraph
import DLCTensor

/// Applies a function to every element. x -> y of the same type (bool for `isNaN` and `isInfinite`).
package struct Unary: Sendable, Hashable {
  package var function: Function

  package init(_ function: Function) { self.function = function }
}
