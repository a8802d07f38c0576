import DLCGraph
import DLCTensor

/// Convolution over 1 to 3 spatial axes: x, weights, bias?, residual? -> y.
///
/// Channels first: x `[N, C, spatial...]`, weights `[O, C/groups, kernel...]`, y `[N, O, spatial...]`.
/// Channels last: x `[N, spatial..., C]`, weights `[O, kernel..., C/groups]`, y `[N, spatial..., O]`.
/// Bias `[O]`. Output extents are `(in + pads - dilation (kernel - 1) - 1) / stride + 1`, rounded down.
package struct Convolution: Sendable, Hashable {
  package var window: Window
  package var groups: Int
  package var channels: ChannelPlacement
  package var epilogue: Epilogue

  package init(
    window: Window, groups: Int = 1, channels: ChannelPlacement = .first, epilogue: Epilogue = .none
  ) {
    self.window = window
    self.groups = groups
    self.channels = channels
    self.epilogue = epilogue
  }
}
