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

extension Convolution: WindowContraction {
  package var mnemonic: String { "conv" }

  package var attributes: [OperatorAttribute] {
    window.attributes + (groups == 1 ? [] : [OperatorAttribute("groups", groups)])
      + [OperatorAttribute("channels", channels.rawValue)] + epilogue.attributes
  }

  package func infer(_ inputs: [TensorType]) throws(OperatorError) -> [TensorType] {
    try epilogue.requireCount(inputs, "x", "weights")
    try window.requireSound()
    let (x, weights) = (inputs[0], inputs[1])
    let rank = window.rank + 2
    try OperatorError.require(x, "x", in: ElementType.floats)
    try OperatorError.require(x.rank == rank, "expected x of rank \(rank), found \(x)")
    try OperatorError.require(
      weights.rank == rank && weights.element == x.element,
      "expected weights of \(x.element) and rank \(rank), found \(weights)")
    let inputChannels = x.shape[channels.axis(rank: rank)]
    let outputChannels = weights.shape[0]
    try OperatorError.require(
      groups >= 1 && inputChannels % groups == 0 && outputChannels % groups == 0,
      "expected \(groups) groups to divide \(inputChannels) input and \(outputChannels) output channels")
    let expected = try channels.shape(batch: outputChannels, channels: inputChannels / groups, spatial: window.kernel)
    try OperatorError.require(weights, "weights", is: TensorType(x.element, expected))
    let extents = try window.outputExtents(channels.spatial(x.shape))
    let y = TensorType(
      x.element, try channels.shape(batch: x.shape[0], channels: outputChannels, spatial: extents))
    try epilogue.requireFit(inputs, result: y, channels: outputChannels)
    return [y]
  }

  func sums(_ x: [Double], _ weights: [Double], input: Shape, output: Shape) -> [Double] {
    WindowLoop(window, input: input, output: output).convolve(x, weights, groups: groups)
  }

  package var quantization: QuantizationRule { .integer(weights: 1, axis: 0) }
}
