import DLCGraph
import DLCTensor

/// Transposed convolution: x, weights, bias?, residual? -> y.
///
/// Channels first: x `[N, C, spatial...]`, weights `[C, O/groups, kernel...]`. Channels last: x `[N, spatial..., C]`,
/// weights `[C, kernel..., O/groups]`. Output extents are
/// `stride (in - 1) + dilation (kernel - 1) + 1 - pads + outputPadding`.
package struct ConvolutionTranspose: Sendable, Hashable {
  package var window: Window
  package var outputPadding: [Int]
  package var groups: Int
  package var channels: ChannelPlacement
  package var epilogue: Epilogue

  package init(
    window: Window, outputPadding: [Int], groups: Int = 1, channels: ChannelPlacement = .first,
    epilogue: Epilogue = .none
  ) {
    self.window = window
    self.outputPadding = outputPadding
    self.groups = groups
    self.channels = channels
    self.epilogue = epilogue
  }
}
