import DLCGraph
import DLCTensor

extension Convolution {
  package var gradient: GradientRule {
    if epilogue.function != nil { return .undefined("gradients are taken before fusion") }
    return .rule { (request, patch) throws(OperatorError) in
      guard let g = request.outputGradients[0] else { return request.inputs.map { _ in nil } }
      let (x, weights) = (request.inputs[0], request.inputs[1])
      // Sliding with a stride may leave elements at the far end unread: they are the transposed form's output padding.
      let (input, output) = (channels.spatial(patch.type(of: x).shape), channels.spatial(patch.type(of: g).shape))
      let rest = (0..<window.rank).map { axis in
        input[axis] + window.padBegin[axis] + window.padEnd[axis] - window.span(axis) - (output[axis] - 1)
          * window.strides[axis]
      }
      let back = ConvolutionTranspose(window: window, outputPadding: rest, groups: groups, channels: channels)
      let dx = try patch.emit(back, g, weights)
      let dw = try patch.windowWeightsGradient(image: x, grid: g, window, groups: groups, channels: channels)
      return [dx, dw] + (try epilogue.gradients(&patch, g: g, channels: channels))
    }
  }
}

extension ConvolutionTranspose {
  package var gradient: GradientRule {
    if epilogue.function != nil { return .undefined("gradients are taken before fusion") }
    return .rule { (request, patch) throws(OperatorError) in
      guard let g = request.outputGradients[0] else { return request.inputs.map { _ in nil } }
      let (x, weights) = (request.inputs[0], request.inputs[1])
      // Output padding of a stride or more (dilated windows) gives windows too many.
      let wide = try patch.emit(Convolution(window: window, groups: groups, channels: channels), g, weights)
      let dx = try patch.leading(patch.type(of: x).shape, of: wide)
      let dw = try patch.windowWeightsGradient(image: g, grid: x, window, groups: groups, channels: channels)
      return [dx, dw] + (try epilogue.gradients(&patch, g: g, channels: channels))
    }
  }
}

extension Epilogue {
  /// The gradients of bias and residual, those that are there: the sum over all axes but the channels', and g itself.
  func gradients(
    _ patch: inout GraphPatch, g: ValueID, channels: ChannelPlacement
  ) throws(OperatorError) -> [ValueID?] {
    let rank = patch.type(of: g).rank
    let others = (0..<rank).filter { $0 != channels.axis(rank: rank) }
    var result: [ValueID?] = []
    if bias { result.append(try patch.sum(g, over: others, keeping: false)) }
    if residual { result.append(g) }
    return result
  }
}

extension GraphPatch {
  /// The part of x from the origin on with the extents of `shape`.
  mutating func leading(_ shape: Shape, of x: ValueID) throws(OperatorError) -> ValueID {
    if type(of: x).shape == shape { return x }
    let zeros = [Int](repeating: 0, count: shape.rank)
    return try emit(Slice(starts: zeros, counts: shape.dimensions, steps: zeros.map { _ in 1 }), x)
  }

  /// The gradient of a window's weights `[B, A/groups, kernel...]` (stored as `channels` says): for every cell k of the window
  /// the sum over samples n and grid places i of `grid[n, b, i] * image[n, a, i * stride - pad + k * dilation]`.
  ///
  /// It is a convolution of the image with the grid as its window, samples taking the part of channels, stride and
  /// dilation exchanged. Groups stay groups: image channels of one group lie side by side with their samples.
  mutating func windowWeightsGradient(
    image: ValueID, grid: ValueID, _ window: Window, groups: Int, channels: ChannelPlacement
  ) throws(OperatorError) -> ValueID {
    let rank = window.rank + 2
    let toFirst = ChannelPlacement.firstPermutation(rank: rank)
    let image = channels == .first ? image : try transpose(image, toFirst)
    let grid = channels == .first ? grid : try transpose(grid, toFirst)
    let (a, b) = (type(of: image).shape, type(of: grid).shape)
    let space = Array(2..<rank)
    // [N, G, A/G, ...] to [A/G, G, N, ...], that is A/G samples of G * N channels.
    let split = try reshape(image, to: Shape([a[0], groups, a[1] / groups] + a.dimensions[2...]))
    let turned = try transpose(split, [2, 1, 0] + space.map { $0 + 1 })
    let samples = try reshape(turned, to: Shape([a[1] / groups, groups * a[0]] + a.dimensions[2...]))
    let filters = try transpose(grid, [1, 0] + space)
    let exchanged = Window(
      kernel: Array(b.dimensions[2...]), strides: window.dilations, dilations: window.strides,
      padBegin: window.padBegin, padEnd: window.padEnd)
    let products = try emit(Convolution(window: exchanged, groups: groups, channels: .first), samples, filters)
    let cells = try leading(Shape([a[1] / groups, b[1]] + window.kernel), of: products)
    let weights = try transpose(cells, [1, 0] + space)
    return channels == .first ? weights : try transpose(weights, ChannelPlacement.lastPermutation(rank: rank))
  }
}
