import DLCGraph
import DLCOperators
import DLCTensor

/// Matrix products and convolutions.
let contractionMappings: [OperatorMapping] = [
  OperatorMapping("MatMul") { (c: inout NodeContext) throws(MappingError) in
    try [c.matMul(c.input(0), c.input(1))]
  },
  OperatorMapping("Gemm") { (c: inout NodeContext) throws(MappingError) in
    c.ignore("broadcast")  // since opset 7 bias always broadcasts; before, only where it had to
    let alpha = try c.float("alpha", default: 1)
    let beta = try c.float("beta", default: 1)
    let product = MatMul(transposeA: try c.bool("transA"), transposeB: try c.bool("transB"))
    let (a, b) = try (c.input(0), c.input(1))
    guard c.shape(of: a).rank == 2, c.shape(of: b).rank == 2 else {
      throw MappingError("a and b must be matrices, found \(c.type(of: a)) and \(c.type(of: b))")
    }
    var y = try c.emit(product, a, b)
    let element = c.element(of: y)
    if alpha != 1 { y = try c.binary(.multiply, y, c.scalar(Double(alpha), element)) }
    guard var bias = c.optional(2), beta != 0 else { return [y] }
    guard c.shape(of: y).broadcast(with: c.shape(of: bias)) == c.shape(of: y) else {
      throw MappingError("c \(c.type(of: bias)) does not broadcast to \(c.shape(of: y))")
    }
    if beta != 1 { bias = try c.binary(.multiply, bias, c.scalar(Double(beta), element)) }
    return try [c.binary(.add, y, bias)]
  },
  OperatorMapping("Conv") { (c: inout NodeContext) throws(MappingError) in
    let (x, w) = try (c.input(0), c.input(1))
    let window = try c.convolutionWindow(c.shape(of: x), c.shape(of: w))
    let op = Convolution(
      window: window, groups: try c.int("group", default: 1), epilogue: Epilogue(bias: c.optional(2) != nil))
    return try c.add(op, [x, w] + (c.optional(2).map { [$0] } ?? []))
  },
  OperatorMapping("ConvTranspose") { (c: inout NodeContext) throws(MappingError) in try c.convTranspose() },
  OperatorMapping("Einsum", since: 12) { (c: inout NodeContext) throws(MappingError) in
    try [c.einsum(c.string("equation", default: ""))]
  },
]

extension NodeContext {
  /// numpy.matmul: vectors become matrices for the product and lose the added axis afterwards.
  mutating func matMul(_ a: ValueID, _ b: ValueID) throws(MappingError) -> ValueID {
    let (shapeA, shapeB) = (shape(of: a), shape(of: b))
    guard shapeA.rank >= 1, shapeB.rank >= 1 else {
      throw MappingError("a scalar cannot be multiplied: \(shapeA), \(shapeB)")
    }
    let matrixA = shapeA.rank == 1 ? try reshape(a, Shape([1] + shapeA.dimensions)) : a
    let matrixB = shapeB.rank == 1 ? try reshape(b, Shape(shapeB.dimensions + [1])) : b
    let y = try emit(MatMul(), matrixA, matrixB)
    var extents = shape(of: y).dimensions
    if shapeB.rank == 1 { extents.removeLast() }
    if shapeA.rank == 1 { extents.remove(at: extents.count - (shapeB.rank == 1 ? 1 : 2)) }
    return try reshape(y, Shape(extents))
  }

  /// The window of a convolution of x `[N, C, spatial...]` with `weights` from the node's attributes.
  mutating func convolutionWindow(_ shape: Shape, _ weights: Shape) throws(MappingError) -> Window {
    guard shape.rank >= 3, weights.rank == shape.rank else {
      throw MappingError("x must be [N, C, spatial...] and weights of the same rank, found \(shape) and \(weights)")
    }
    let attributes = try windowAttributes(spatialRank: shape.rank - 2, weights: Array(weights.dimensions[2...]))
    return try window(attributes, over: Array(shape.dimensions[2...]))
  }

  fileprivate mutating func convTranspose() throws(MappingError) -> [ValueID?] {
    let (x, w) = try (input(0), input(1))
    let (shape, weights) = (self.shape(of: x), self.shape(of: w))
    guard shape.rank >= 3, weights.rank == shape.rank else {
      throw MappingError("x must be [N, C, spatial...] and weights of the same rank, found \(shape) and \(weights)")
    }
    let rank = shape.rank - 2
    var attributes = try windowAttributes(spatialRank: rank, weights: Array(weights.dimensions[2...]))
    var outputPadding = try ints("output_padding") ?? [Int](repeating: 0, count: rank)
    let outputShape = try ints("output_shape")
    guard outputPadding.count == rank, outputPadding.allSatisfy({ $0 >= 0 && $0 < 1 << 24 }),
      outputShape.map({ $0.count >= rank && $0.allSatisfy({ $0 >= 0 && $0 < 1 << 31 }) }) ?? true
    else {
      throw MappingError("attributes 'output_padding' and 'output_shape' must have \(rank) extents")
    }
    if outputShape != nil || attributes.autoPad.hasPrefix("SAME") {
      // The specification derives the pads from the wanted extents.
      var pads = [Int](repeating: 0, count: 2 * rank)
      for k in 0..<rank {
        let reach = (attributes.kernel[k] - 1) * attributes.dilations[k] + 1
        let wanted = outputShape.map { $0[$0.count - rank + k] } ?? shape[k + 2] * attributes.strides[k]
        let total = attributes.strides[k] * (shape[k + 2] - 1) + outputPadding[k] + reach - wanted
        if total < 0 { outputPadding[k] -= total }
        let half = max(total, 0) / 2
        let upper = attributes.autoPad == "SAME_UPPER"
        pads[k] = upper ? half : max(total, 0) - half
        pads[rank + k] = max(total, 0) - pads[k]
      }
      attributes.pads = pads
      attributes.autoPad = "NOTSET"
    }
    let window = try self.window(attributes, over: Array(shape.dimensions[2...]))
    let op = ConvolutionTranspose(
      window: window, outputPadding: outputPadding, groups: try int("group", default: 1),
      epilogue: Epilogue(bias: optional(2) != nil))
    return try add(op, [x, w] + (optional(2).map { [$0] } ?? []))
  }
}
