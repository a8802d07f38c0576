import DLCGraph
import DLCTensor

extension Movement {
  /// A tensor of zeros of the given type, as an expanded scalar so that it takes no room in the graph.
  static func zeros(_ type: TensorType, _ patch: inout GraphPatch) throws(OperatorError) -> ValueID {
    let zero = patch.addConstant(Tensor(doubles: [0], type: TensorType(type.element, .scalar)))
    return type.shape == .scalar ? zero : try patch.emit(Expand(shape: type.shape), zero)
  }

  /// Sends a gradient back through `y = W x` along `axis`: `W^T g`.
  ///
  /// - Parameter matrix: W `[outputs, inputs]`, row-major; `outputs` is the gradient's extent along the axis.
  static func transposedProduct(
    _ gradient: ValueID, axis: Int, matrix: [Double], inputs: Int, _ patch: inout GraphPatch
  ) throws(OperatorError) -> ValueID {
    let type = patch.type(of: gradient)
    let outputs = type.shape[axis]
    var extents = type.shape.dimensions
    let outer = extents[..<axis].reduce(1, *)
    let inner = extents[(axis + 1)...].reduce(1, *)
    let weights = patch.addConstant(Tensor(doubles: matrix, type: TensorType(type.element, [outputs, inputs])))
    let flat = try patch.emit(Reshape(shape: [outer, outputs, inner]), gradient)
    // The transpose of a constant folds; said as one, it leaves no transposed operand for the kernels.
    let transposed = try patch.emit(Transpose(permutation: [1, 0]), weights)
    let product = try patch.emit(MatMul(), transposed, flat)
    extents[axis] = inputs
    return try patch.emit(Reshape(shape: Shape(extents)), product)
  }

  /// Largest constant matrix, in elements, that a gradient along one axis may bring into a graph.
  static let largestMatrix = 1 << 26

  /// The sum of all elements, as a tensor of `shape` (of one element).
  static func total(_ value: ValueID, as shape: Shape, _ patch: inout GraphPatch) throws(OperatorError) -> ValueID {
    let axes = Array(0..<patch.type(of: value).rank)
    let sum = try patch.emit(Reduce(.sum, axes: axes, keepsAxes: false), value)
    return shape == .scalar ? sum : try patch.emit(Reshape(shape: shape), sum)
  }
}
