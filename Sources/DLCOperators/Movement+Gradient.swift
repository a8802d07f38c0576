import DLCGraph
import DLCTensor

extension Movement {
  /// Largest constant matrix, in elements, that a gradient along one axis may bring into a graph.
  private static let largestMatrix = 1 << 26

  /// Sends a gradient back through `y = W x` along `axis`: `W^T g`.
  ///
  /// - Parameter matrix: W `[outputs, inputs]`, row-major; `outputs` is the gradient's extent along the axis.
  static func transposedProduct(
    _ gradient: ValueID, axis: Int, inputs: Int, _ patch: inout GraphPatch, matrix: () -> [Double]
  ) throws(OperatorError) -> ValueID {
    let type = patch.type(of: gradient)
    let (outer, outputs, inner) = type.shape.split(at: axis)
    let size = try inputs.times(outputs)
    try OperatorError.require(
      size <= largestMatrix,
      "expected a gradient matrix of at most \(largestMatrix) elements along axis \(axis), found \(outputs) x \(inputs)"
    )
    let weights = patch.addConstant(Tensor(doubles: matrix(), type: TensorType(type.element, [outputs, inputs])))
    let flat = try patch.reshape(gradient, to: [outer, outputs, inner])
    // The transpose of a constant folds, so that the product itself is a plain one.
    let product = try patch.emit(MatMul(), patch.transpose(weights, [1, 0]), flat)
    var shape = type.shape
    shape[axis] = inputs
    return try patch.reshape(product, to: Shape(result: shape.dimensions))
  }
}
