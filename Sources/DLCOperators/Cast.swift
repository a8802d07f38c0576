import DLCGraph
import DLCTensor

/// Converts elements to another type: float to integer truncates and saturates, to bool tests for not zero.
package struct Cast: Sendable, Hashable {
  package var element: ElementType

  package init(to element: ElementType) { self.element = element }
}
