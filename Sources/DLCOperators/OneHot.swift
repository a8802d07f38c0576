import CDLCKernels
import DLCGraph
import DLCTensor

/// A new axis of `depth` classes, `values[1]` at the index and `values[0]` elsewhere: indices, values `[2]` -> y.
package struct OneHot: Sendable, Hashable {
  package var depth: Int
  package var axis: Int

  package init(depth: Int, axis: Int) {
    self.depth = depth
    self.axis = axis
  }
}

extension OneHot: Operator {
  package var mnemonic: String { "one_hot" }

  package var attributes: [OperatorAttribute] { [OperatorAttribute("depth", depth), OperatorAttribute("axis", axis)] }

  package func infer(_ inputs: [TensorType]) throws(OperatorError) -> [TensorType] {
    try OperatorError.require(inputs, named: "indices", "values")
    try OperatorError.require(inputs[0], "indices", in: ElementType.numbers)
    try OperatorError.require(inputs[1].shape == [2], "expected values [2], off and on, found \(inputs[1])")
    try OperatorError.require(axis: axis, rank: inputs[0].rank + 1)
    var extents = inputs[0].shape.dimensions
    extents.insert(depth, at: axis)
    return [TensorType(inputs[1].element, try Shape(result: extents))]
  }

  package func evaluate(_ inputs: [Tensor]) throws(OperatorError) -> [Tensor] {
    let type = try infer(inputs.map(\.type))[0]
    let inner = inputs[0].shape.dimensions[axis...].reduce(1, *)
    let size = type.element.size
    return [
      Tensor(type) { target in
        inputs[1].withBytes { values in
          let off = Tensor(TensorType(type.element, .scalar)) { $0.copyMemory(from: .init(rebasing: values[..<size])) }
          Tensor.fill(target, with: off, size: size)
          for (k, index) in classes(inputs[0]).enumerated() {
            guard let index else { continue }
            let start = (k / inner * depth * inner + index * inner + k % inner) * size
            UnsafeMutableRawBufferPointer(rebasing: target[start..<start + size])
              .copyMemory(from: UnsafeRawBufferPointer(rebasing: values[size...]))
          }
        }
      }
    ]
  }

  /// The class each index names; nil outside -depth..<depth. Floats truncate.
  private func classes(_ indices: Tensor) -> [Int?] {
    let depth = depth
    if indices.element == .uint64 {
      return indices.elements(as: UInt64.self).map { $0 < UInt64(depth) ? Int($0) : nil }
    }
    let resolve: (Int) -> Int? = { $0 >= -depth && $0 < depth ? ($0 < 0 ? $0 + depth : $0) : nil }
    if let integers = indices.integers() { return integers.map(resolve) }
    return indices.doubles().map { value in Int(exactly: value.rounded(.towardZero)).flatMap(resolve) }
  }

  /// y = off + (on - off) mask, so each of the two values gets the sum over its part of the mask.
  package var gradient: GradientRule {
    .rule { request, patch throws(OperatorError) in
      guard let gradient = request.outputGradients[0] else { return [nil, nil] }
      let type = patch.type(of: gradient)
      let parts = try [[0.0, 1.0], [1.0, 0.0]].map { (values) throws(OperatorError) -> ValueID in
        let constant = patch.addConstant(Tensor(doubles: values, type: TensorType(type.element, [2])))
        let mask = try patch.emit(self, request.inputs[0], constant)
        let masked = try patch.binary(.multiply, gradient, mask)
        return try patch.reshape(patch.sum(masked, over: Array(0..<type.rank)), to: [1])
      }
      return [nil, try patch.emit(Concatenate(axis: 0), parts[1], parts[0])]
    }
  }

  package var quantization: QuantizationRule { .sharedScale(inputs: [1]) }

  package func lower(_ request: LoweringRequest) throws(OperatorError) -> Lowering {
    if let reason = request.limit { return .undefined(reason) }
    switch request.inputs[0].element {
    case .float32, .uint8, .int8, .uint16, .int16, .int32, .int64, .uint32, .uint64: break
    case .bool, .float16, .float64, .bfloat16:
      return .undefined("the one-hot kernel reads no indices of \(request.inputs[0].element)")
    }
    let parameters = dlc_one_hot_params(axis: try Int32(parameter: axis))
    let operands = [request.input(0), request.input(1), request.output()]
    return .kernels([KernelCall(DLC_KERNEL_one_hot, parameters, operands: operands)])
  }

  /// The indices that come in are labels, not an image.
  package func permuted(by permutation: [Int], inputs: [TensorType]) -> PermutedOperator? { nil }
}
