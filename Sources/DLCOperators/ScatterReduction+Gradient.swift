import DLCGraph
import DLCTensor

extension ScatterReduction {
  /// The gradient of y = scatter(data, indices, updates) with this reduction.
  ///
  /// - Parameters:
  ///   - scatter: the same scatter with another reduction.
  ///   - gather: reads a tensor like y at the places of the updates.
  func gradient<S: Operator, G: Operator>(
    scatter: @escaping @Sendable (ScatterReduction) -> S, gather: G
  ) -> GradientRule {
    .rule { request, patch throws(OperatorError) in
      guard let gradient = request.outputGradients[0] else { return [nil, nil, nil] }
      let (data, indices, updates) = (request.inputs[0], request.inputs[1], request.inputs[2])
      switch self {
      case .replace:
        // ONNX forbids two updates of one place without a reduction.
        let zeros = try patch.filled(0, like: updates)
        return [
          try patch.emit(scatter(.replace), gradient, indices, zeros), nil, try patch.emit(gather, gradient, indices),
        ]
      case .add:
        return [gradient, nil, try patch.emit(gather, gradient, indices)]
      case .maximum, .minimum:
        // Whoever equals the result gets its gradient.
        let result = request.outputs[0]
        let reached = try patch.emit(gather, result, indices)
        let dataWins = try patch.binary(.equal, data, result)
        let updateWins = try patch.binary(.equal, updates, reached)
        let atUpdates = try patch.emit(gather, gradient, indices)
        return [
          try patch.select(dataWins, gradient, patch.filled(0, like: data)), nil,
          try patch.select(updateWins, atUpdates, patch.filled(0, like: updates)),
        ]
      case .multiply:
        return try productGradient(
          gradient, data, indices, updates, scatter: scatter, gather: gather, &patch)
      }
    }
  }

  /// Each factor's gradient is the product of the others at its place: the product of all that are not zero, divided by
  /// the factor itself, unless another one there is zero.
  private func productGradient<S: Operator, G: Operator>(
    _ gradient: ValueID, _ data: ValueID, _ indices: ValueID, _ updates: ValueID, scatter: (ScatterReduction) -> S,
    gather: G, _ patch: inout GraphPatch
  ) throws(OperatorError) -> [ValueID?] {
    let ones = try patch.filled(1, like: updates)
    let zeros = try patch.filled(0, like: updates)
    let isZero = try patch.binary(.equal, updates, 0)
    let factors = try patch.select(isZero, ones, updates)
    let count = try patch.select(isZero, ones, zeros)
    let product = try patch.emit(scatter(.multiply), data, indices, factors)
    let zerosThere = try patch.emit(scatter(.add), patch.filled(0, like: data), indices, count)
    let others = try patch.binary(
      .divide, patch.emit(gather, patch.binary(.multiply, gradient, product), indices), factors)
    let isOnlyZero = try patch.binary(.equal, patch.emit(gather, zerosThere, indices), count)
    let dataGradient = try patch.emit(scatter(.multiply), gradient, indices, updates)
    return [dataGradient, nil, try patch.select(isOnlyZero, others, zeros)]
  }
}
