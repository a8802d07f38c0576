import DLCGraph
import DLCOperators
import DLCTensor

/// Operators that put windows' elements back into an image.
let unfoldingMappings: [OperatorMapping] = [
  OperatorMapping("Col2Im", since: 18) { (c: inout NodeContext) throws(MappingError) in try [c.columnsToImage()] },
  OperatorMapping("MaxUnpool", since: 9) { (c: inout NodeContext) throws(MappingError) in try [c.maxUnpool()] },
]

extension NodeContext {
  /// Sums columns `[N, C * block, L]` into an image: a transposed convolution with one-hot weights.
  fileprivate mutating func columnsToImage() throws(MappingError) -> ValueID {
    let x = try input(0)
    let shape = self.shape(of: x)
    let image = try integers(1, "image shape") ?? []
    let block = try integers(2, "block shape") ?? []
    let ones = [Int](repeating: 1, count: image.count)
    let strides = try ints("strides") ?? ones
    let dilations = try ints("dilations") ?? ones
    let pads = try ints("pads") ?? [Int](repeating: 0, count: 2 * image.count)
    let rank = image.count
    guard (1...3).contains(rank), block.count == rank, strides.count == rank, dilations.count == rank,
      pads.count == 2 * rank,
      (block + strides + dilations).allSatisfy({ $0 >= 1 && $0 < 1 << 24 }),
      pads.allSatisfy({ $0 >= 0 && $0 < 1 << 24 }),
      Shape(checking: image) != nil, let cells = Shape(checking: block)?.count, cells <= 2048
    else {
      throw MappingError(
        "an image of \(image) in blocks of \(block) is impossible or has more than 3 axes or 2048 elements a block")
    }
    var columns: [Int] = []
    var outputPadding: [Int] = []
    for k in 0..<rank {
      let reach = (block[k] - 1) * dilations[k] + 1
      let room = image[k] + pads[k] + pads[rank + k] - reach
      guard room >= 0 else { throw MappingError("a block of \(block) does not fit an image of \(image)") }
      columns.append(room / strides[k] + 1)
      outputPadding.append(room % strides[k])
    }
    guard shape.rank == 3, shape[1] % cells == 0, let count = Shape(checking: columns)?.count, count == shape[2] else {
      throw MappingError("x must be [N, C * \(cells), \(columns)], found \(shape)")
    }
    let channels = shape[1] / cells
    let folded = try reshape(x, Shape([shape[0] * channels, cells] + columns))
    let identity = (0..<cells * cells).map { $0 % (cells + 1) == 0 ? 1.0 : 0 }
    let weights = table(identity, element(of: x), Shape([cells, 1] + block))
    let window = Window(
      kernel: block, strides: strides, dilations: dilations, padBegin: Array(pads[..<rank]),
      padEnd: Array(pads[rank...]))
    let y = try emit(ConvolutionTranspose(window: window, outputPadding: outputPadding), folded, weights)
    return try reshape(y, Shape([shape[0], channels] + image))
  }

  /// Puts each element where the pooling found it, zeros elsewhere.
  fileprivate mutating func maxUnpool() throws(MappingError) -> ValueID {
    let (x, indices) = try (input(0), input(1))
    let shape = self.shape(of: x)
    let rank = shape.rank - 2
    guard rank >= 1, self.shape(of: indices) == shape else {
      throw MappingError(
        "x must be [N, C, spatial...] and the indices alike, found \(shape) and \(self.shape(of: indices))")
    }
    guard let kernel = try ints("kernel_shape") else { throw MappingError("attribute 'kernel_shape' is missing") }
    let strides = try ints("strides") ?? [Int](repeating: 1, count: rank)
    let pads = try ints("pads") ?? [Int](repeating: 0, count: 2 * rank)
    guard kernel.count == rank, strides.count == rank, pads.count == 2 * rank,
      (kernel + strides).allSatisfy({ $0 >= 1 && $0 < 1 << 24 }), pads.allSatisfy({ $0 >= 0 && $0 < 1 << 24 })
    else {
      throw MappingError(
        "attributes 'kernel_shape', 'strides' and 'pads' must have \(rank), \(rank) and \(2 * rank) entries")
    }
    var extents = Array(shape.dimensions[..<2])
    for k in 0..<rank { extents.append((shape[k + 2] - 1) * strides[k] - pads[k] - pads[rank + k] + kernel[k]) }
    let wanted = try integers(2, "output shape") ?? extents
    guard let natural = Shape(checking: extents), let target = Shape(checking: wanted), target.rank == natural.rank,
      zip(target.dimensions, natural.dimensions).allSatisfy({ $0 >= $1 })
    else { throw MappingError("an output of \(wanted) does not hold the \(extents) that the window gives") }
    let zeros = try filled(0, element(of: x), [natural.count])
    let flat = try emit(
      ScatterElements(axis: 0, reduction: .replace), zeros, cast(reshape(indices, [shape.count]), .int64),
      reshape(x, [shape.count]))
    let image = try reshape(flat, natural)
    if target == natural { return image }
    let missing = zip(target.dimensions, natural.dimensions).map { $0 - $1 }
    return try emit(Pad(.constant, before: Array(repeating: 0, count: target.rank), after: missing), image)
  }
}
