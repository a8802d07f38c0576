import DLCGraph
import DLCTensor

extension Reduce {
  package var gradient: GradientRule {
    .rule { (request, patch) throws(OperatorError) in
      guard let seed = request.outputGradients[0] else { return [nil] }
      let x = request.inputs[0]
      let shape = patch.type(of: x).shape
      let g = try patch.reshape(seed, to: kept(shape))
      let y = try patch.reshape(request.outputs[0], to: kept(shape))
      return [try gradient(&patch, x: x, y: y, g: g, shape: shape)]
    }
  }

  /// g and y have x's rank, reduced axes of extent 1.
  private func gradient(
    _ patch: inout GraphPatch, x: ValueID, y: ValueID, g: ValueID, shape: Shape
  ) throws(OperatorError) -> ValueID {
    switch kind {
    case .sum: return try patch.expand(g, to: shape)
    case .mean:
      let count = axes.reduce(1) { $0 * shape[$1] }
      return try patch.expand(patch.multiply(g, 1 / Double(max(count, 1))), to: shape)
    case .maximum, .minimum:
      // Equal extremes share the gradient.
      let mask = try patch.emit(Cast(to: patch.type(of: x).element), patch.binary(.equal, x, y))
      return try patch.multiply(mask, patch.divide(g, patch.sum(mask, over: axes)))
    case .product: return try patch.multiply(g, productOfOthers(&patch, x: x, shape: shape))
    case .l1: return try patch.multiply(g, patch.unary(.sign, x))
    case .l2:
      // The norm has no derivative at 0; 0 is one of its subgradients.
      let positive = try patch.binary(.greater, y, 0)
      let unit = try patch.divide(g, patch.select(positive, y, patch.scalar(1, like: y)))
      return try patch.multiply(x, patch.select(positive, orZero: unit))
    case .sumSquare: return try patch.multiply(patch.multiply(g, x), 2)
    case .logSum: return try patch.expand(patch.divide(g, patch.unary(.exp, y)), to: shape)
    case .logSumExp: return try patch.multiply(g, patch.unary(.exp, patch.subtract(x, y)))
    }
  }

  /// For each element the product of all others it is multiplied with: those before times those after, sound with zeros.
  private func productOfOthers(
    _ patch: inout GraphPatch, x: ValueID, shape: Shape
  ) throws(OperatorError) -> ValueID {
    let order = (0..<shape.rank).filter { !axes.contains($0) } + axes
    let moved = try patch.transpose(x, order)
    let count = axes.reduce(1) { $0 * shape[$1] }
    let lines = try patch.reshape(moved, to: Shape([count == 0 ? 0 : shape.count / count, count]))
    let before = try patch.emit(Cumulative(.product, axis: 1, exclusive: true, reverse: false), lines)
    let after = try patch.emit(Cumulative(.product, axis: 1, exclusive: true, reverse: true), lines)
    let others = try patch.reshape(patch.multiply(before, after), to: shape.permuted(by: order))
    var back = order
    for (position, axis) in order.enumerated() { back[axis] = position }
    return try patch.transpose(others, back)
  }
}
