import DLCGraph
import DLCTensor

/// Combines two tensors elementwise with numpy broadcasting. a, b -> y of a's type (bool for comparisons).
package struct Binary: Sendable, Hashable {
  package enum Kind: String, Sendable, Hashable, CaseIterable {
    case add, subtract, multiply, divide, power, minimum, maximum
    /// Remainder with the divisor's sign, as Python's.
    case modulo
    /// Remainder with the dividend's sign, as C's fmod.
    case remainder
    /// a < 0 ? a * b : a
    case prelu
    case and, or, xor, shiftLeft, shiftRight
    case equal, less, lessEqual, greater, greaterEqual
  }

  package var kind: Kind
  /// Applied to the result (f32 only); nil: none.
  package var function: Function?

  package init(_ kind: Kind, then function: Function? = nil) {
    self.kind = kind
    self.function = function
  }
}
