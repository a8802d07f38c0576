import DLCGraph
import DLCTensor

/// condition ? a : b elementwise with numpy broadcasting. condition (bool), a, b -> y.
package struct Select: Sendable, Hashable {
  package init() {}
}
