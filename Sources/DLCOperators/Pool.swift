import DLCGraph
import DLCTensor

/// Pooling over 1 to 3 spatial axes: x `[N, C, spatial...]` or `[N, spatial..., C]` -> y, and for max with `givesIndices` positions (i64).
package struct Pool: Sendable, Hashable {
  package enum Kind: Sendable, Hashable {
    case maximum
    case average(countsPadding: Bool)
    case lp(Int)
  }

  package var kind: Kind
  package var window: Window
  /// Output extents round up; windows may run past the far padding, and cells there never count.
  package var ceilMode: Bool
  package var channels: ChannelPlacement
  /// Second output: flat positions in the channels-first tensor `[N, C, spatial...]`.
  package var givesIndices: Bool
  /// Positions count the last two spatial axes swapped (ONNX storage_order 1).
  package var columnMajorIndices: Bool

  package init(
    _ kind: Kind, window: Window, ceilMode: Bool = false, channels: ChannelPlacement = .first,
    givesIndices: Bool = false, columnMajorIndices: Bool = false
  ) {
    self.kind = kind
    self.window = window
    self.ceilMode = ceilMode
    self.channels = channels
    self.givesIndices = givesIndices
    self.columnMajorIndices = columnMajorIndices
  }
}
