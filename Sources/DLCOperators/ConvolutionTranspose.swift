import CDLCKernels
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

extension ConvolutionTranspose: WindowContraction {
  package var mnemonic: String { "conv_transpose" }

  package var attributes: [OperatorAttribute] {
    window.attributes
      + (outputPadding.allSatisfy { $0 == 0 } ? [] : [OperatorAttribute("output_padding", list: outputPadding)])
      + (groups == 1 ? [] : [OperatorAttribute("groups", groups)])
      + [OperatorAttribute("channels", channels.rawValue)] + epilogue.attributes
  }

  package func infer(_ inputs: [TensorType]) throws(OperatorError) -> [TensorType] {
    try epilogue.requireCount(inputs, "x", "weights")
    try window.requireSound()
    let (x, weights) = (inputs[0], inputs[1])
    let rank = window.rank + 2
    try OperatorError.require(
      outputPadding.count == window.rank
        && zip(outputPadding, zip(window.strides, window.dilations)).allSatisfy { $0 >= 0 && $0 < max($1.0, $1.1) },
      "expected output padding of \(window.rank) axes below stride or dilation, found \(outputPadding)")
    try OperatorError.require(x, "x", in: ElementType.floats)
    try OperatorError.require(x.rank == rank, "expected x of rank \(rank), found \(x)")
    try OperatorError.require(
      weights.rank == rank && weights.element == x.element,
      "expected weights of \(x.element) and rank \(rank), found \(weights)")
    let inputChannels = x.shape[channels.axis(rank: rank)]
    try OperatorError.require(
      groups >= 1 && inputChannels % groups == 0, "expected \(groups) groups to divide \(inputChannels) input channels")
    let groupOutputs = weights.shape[channels.axis(rank: rank)]
    let expected = try channels.shape(batch: inputChannels, channels: groupOutputs, spatial: window.kernel)
    try OperatorError.require(weights, "weights", is: TensorType(x.element, expected))
    let outputChannels = try groupOutputs.times(groups)
    let extents = try window.transposedExtents(channels.spatial(x.shape), outputPadding: outputPadding)
    let y = TensorType(
      x.element, try channels.shape(batch: x.shape[0], channels: outputChannels, spatial: extents))
    try epilogue.requireFit(inputs, result: y, channels: outputChannels)
    return [y]
  }

  func sums(_ x: [Double], _ weights: [Double], input: Shape, output: Shape) -> [Double] {
    WindowLoop(window, input: output, output: input).spread(x, weights, groups: groups)
  }

  package var quantization: QuantizationRule { .integer(weights: 1, axis: channels == .first ? 1 : window.rank + 1) }

  package func lower(_ request: LoweringRequest) throws(OperatorError) -> Lowering {
    if let obstacle = spatialObstacle(self, request) { return .undefined(obstacle) }
    let (x, y, weights) = (
      request.inputs[0].shape.asVolume, request.outputs[0].shape.asVolume, request.inputs[1].shape.asVolume
    )
    var packing = dlc_conv_transpose_pack_params(window: try window.parameters(), groups: try Int32(parameter: groups))
    let count = dlc_conv_transpose_packed_elements(&packing, try Int32(parameter: x[4]), try Int32(parameter: y[4]))
    if count == 0 { return .undefined("the window is beyond what the conv_transpose kernel takes") }
    let parameters = dlc_conv_transpose_params(
      window: packing.window, groups: packing.groups, epilogue: try epilogue.function.epilogue())
    return try contraction(
      request, DLC_KERNEL_conv_transpose, parameters, epilogue: epilogue,
      weights: .packed(
        KernelCall(DLC_KERNEL_conv_transpose_pack, packing, operands: []), from: TensorType(.float32, weights),
        to: TensorType(.float32, try Shape(result: [Int(count)]))),
      macs: operations(x.count, weights.count / max(x[4], 1)))
  }
}
