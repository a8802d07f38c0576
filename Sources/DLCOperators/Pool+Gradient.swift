import DLCGraph
import DLCTensor

extension Pool {
  package var gradient: GradientRule {
    .rule { (request, patch) throws(OperatorError) in
      guard let g = request.outputGradients[0] else { return [nil] }
      let x = request.inputs[0]
      switch kind {
      case .maximum: return [try maximumGradient(&patch, x: x, g: g)]
      case .average:
        let shape = patch.type(of: g).shape
        let (input, output) = (channels.spatial(patch.type(of: x).shape), channels.spatial(shape))
        let counts = windowCounts(input: input, output: output)
        let grid = try channels.shape(batch: 1, channels: 1, spatial: output)
        // A window wholly in padding averages nothing.
        let shares = counts.map { $0 == 0 ? 0 : 1 / $0 }
        let share = patch.addConstant(Tensor(doubles: shares, type: TensorType(patch.type(of: g).element, grid)))
        return [try spread(&patch, patch.multiply(g, share), over: x)]
      case .lp(let p):
        // dy/dx = sign(x) |x|^(p-1) y^(1-p)
        let y = request.outputs[0]
        let positive = try patch.binary(.greater, y, 0)
        let safe = try patch.select(positive, y, patch.scalar(1, like: y))
        let scaled = try patch.select(
          positive, orZero: patch.multiply(g, patch.binary(.power, safe, Double(1 - p))))
        let spread = try spread(&patch, scaled, over: x)
        let slope = try patch.multiply(
          patch.unary(.sign, x), patch.binary(.power, patch.unary(.abs, x), Double(p - 1)))
        return [try patch.multiply(spread, slope)]
      }
    }
  }

  /// Adds to each element the values of all windows that cover it: a transposed depthwise convolution with ones.
  private func spread(_ patch: inout GraphPatch, _ values: ValueID, over x: ValueID) throws(OperatorError) -> ValueID {
    let type = patch.type(of: x)
    let (input, output) = (channels.spatial(type.shape), channels.spatial(patch.type(of: values).shape))
    let depth = type.shape[channels.axis(rank: type.rank)]
    var exact = window
    var rest = [Int](repeating: 0, count: window.rank)
    for axis in 0..<window.rank {
      let left =
        input[axis] + window.padBegin[axis] + window.padEnd[axis] - window.span(axis) - (output[axis] - 1)
        * window.strides[axis]
      // Rounding up lets the last window run past the padding.
      if left < 0 { exact.padEnd[axis] -= left } else { rest[axis] = left }
    }
    let shape = try channels.shape(batch: depth, channels: 1, spatial: window.kernel)
    let one = patch.addConstant(Tensor(doubles: [1], type: TensorType(type.element, .scalar)))
    let ones = try patch.expand(one, to: shape)
    let op = ConvolutionTranspose(window: exact, outputPadding: rest, groups: depth, channels: channels)
    return try patch.emit(op, values, ones)
  }

  /// Adds each window's gradient at the place of its maximum.
  private func maximumGradient(_ patch: inout GraphPatch, x: ValueID, g: ValueID) throws(OperatorError) -> ValueID {
    var pool = self
    pool.givesIndices = true
    pool.columnMajorIndices = false
    let indices = try patch.add(pool, [x])[1]
    let type = patch.type(of: x)
    let count = patch.type(of: g).shape.count
    let zeros = try patch.expand(patch.scalar(0, like: x), to: Shape([type.shape.count]))
    let flat = try patch.add(
      ScatterElements(axis: 0, reduction: .add),
      [zeros, patch.reshape(indices, to: Shape([count])), patch.reshape(g, to: Shape([count]))])[0]
    let first =
      channels == .first ? type.shape : type.shape.permuted(by: ChannelPlacement.firstPermutation(rank: type.rank))
    let image = try patch.reshape(flat, to: first)
    return channels == .first ? image : try patch.transpose(image, ChannelPlacement.lastPermutation(rank: type.rank))
  }
}
