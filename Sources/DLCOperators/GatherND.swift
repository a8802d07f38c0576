import CDLCKernels
import DLCGraph
import DLCTensor

/// Takes slices of x at coordinate tuples `indices[..., k]`: x, indices -> y.
package struct GatherND: Sendable, Hashable {
  package var batchDimensions: Int

  package init(batchDimensions: Int) {
    self.batchDimensions = batchDimensions
  }
}

extension GatherND: Operator {
  package var mnemonic: String { "gather_nd" }

  package var attributes: [OperatorAttribute] { [OperatorAttribute("batch", batchDimensions)] }

  package func infer(_ inputs: [TensorType]) throws(OperatorError) -> [TensorType] {
    try OperatorError.require(inputs, named: "x", "indices")
    let length = try Movement.requireTuples(inputs[1], of: inputs[0], batch: batchDimensions)
    let extents = inputs[1].shape.dimensions.dropLast() + inputs[0].shape.dimensions[(batchDimensions + length)...]
    return [TensorType(inputs[0].element, try Shape(result: Array(extents)))]
  }

  package func evaluate(_ inputs: [Tensor]) throws(OperatorError) -> [Tensor] {
    let x = inputs[0]
    let type = try infer(inputs.map(\.type))[0]
    if type.shape.isEmpty { return [Tensor(type) { _ in }] }
    let places = try Movement.tuplePlaces(inputs[1], in: x.shape, batch: batchDimensions)
    let bytes = type.byteCount / places.count
    return [
      Tensor(type) { target in
        x.withBytes { source in
          for (k, place) in places.enumerated() {
            let start = place * x.element.size
            UnsafeMutableRawBufferPointer(rebasing: target[k * bytes..<(k + 1) * bytes])
              .copyMemory(from: UnsafeRawBufferPointer(rebasing: source[start..<start + bytes]))
          }
        }
      }
    ]
  }

  package var gradient: GradientRule {
    .rule { request, patch throws(OperatorError) in
      guard let gradient = request.outputGradients[0] else { return [nil, nil] }
      var indices = request.inputs[1]
      if batchDimensions > 0 {
        // Scattering knows no batch axes: their coordinates go before each tuple.
        let coordinates = patch.addConstant(batchCoordinates(patch.type(of: indices)))
        let last = patch.type(of: indices).rank - 1
        indices = try patch.emit(Concatenate(axis: last), coordinates, indices)
      }
      let zeros = try patch.filled(0, like: request.inputs[0])
      return [try patch.emit(ScatterND(reduction: .add), zeros, indices, gradient), nil]
    }
  }

  /// For each tuple of `indices` the coordinates of its batch: `[batch axes..., other axes..., number of batch axes]`.
  private func batchCoordinates(_ indices: TensorType) -> Tensor {
    var shape = indices.shape
    shape[shape.rank - 1] = batchDimensions
    let tuples = Array(shape.dimensions.dropLast())
    let strides = Shape(tuples).strides
    var values: [Double] = []
    for tuple in 0..<tuples.reduce(1, *) {
      for axis in 0..<batchDimensions { values.append(Double(tuple / strides[axis] % tuples[axis])) }
    }
    return Tensor(doubles: values, type: TensorType(indices.element, shape))
  }

  package var quantization: QuantizationRule { .sharedScale(inputs: [0]) }

  package func lower(_ request: LoweringRequest) throws(OperatorError) -> Lowering {
    if let reason = request.limit { return .undefined(reason) }
    let parameters = dlc_gather_nd_params(batch_dims: try Int32(parameter: batchDimensions))
    let operands = [request.input(0), request.input(1), request.output()]
    return .kernels([KernelCall(DLC_KERNEL_gather_nd, parameters, operands: operands)])
  }

  /// Tuples name axes by their order.
  package func permuted(by permutation: [Int], inputs: [TensorType]) -> PermutedOperator? { nil }
}
