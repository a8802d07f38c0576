import CDLCKernels
import DLCGraph
import DLCTensor

/// Layer normalization (or root-mean-square, without the mean) over the axes from `axis` on: x, scale?, bias? -> y.
/// Scale and bias have the shape of those axes.
package struct LayerNormalization: Sendable, Hashable {
  package enum Kind: String, Sendable, Hashable { case layer, rootMeanSquare }

  package var kind: Kind
  package var axis: Int
  package var epsilon: Float
  package var hasScale: Bool
  package var hasBias: Bool

  package init(_ kind: Kind = .layer, axis: Int, epsilon: Float, hasScale: Bool, hasBias: Bool) {
    self.kind = kind
    self.axis = axis
    self.epsilon = epsilon
    self.hasScale = hasScale
    self.hasBias = hasBias
  }
}

extension LayerNormalization: Operator {
  package var mnemonic: String { kind == .layer ? "layer_norm" : "rms_norm" }

  package var attributes: [OperatorAttribute] {
    [OperatorAttribute("axis", axis), OperatorAttribute("epsilon", epsilon)]
      + (hasScale ? [OperatorAttribute("scale", true)] : []) + (hasBias ? [OperatorAttribute("bias", true)] : [])
  }

  package func infer(_ inputs: [TensorType]) throws(OperatorError) -> [TensorType] {
    let names = ["x"] + (hasScale ? ["scale"] : []) + (hasBias ? ["bias"] : [])
    try OperatorError.require(
      inputs.count == names.count,
      "expected \(names.count) inputs (\(names.joined(separator: ", "))), found \(inputs.count)")
    let x = inputs[0]
    try OperatorError.require(x, "x", in: ElementType.floats)
    try OperatorError.require(axis: axis, rank: x.rank)
    let vector = TensorType(x.element, Shape(Array(x.shape.dimensions[axis...])))
    for (name, input) in zip(names, inputs).dropFirst() { try OperatorError.require(input, name, is: vector) }
    return [x]
  }

  package func evaluate(_ inputs: [Tensor]) throws(OperatorError) -> [Tensor] {
    let x = inputs[0]
    _ = try infer(inputs.map(\.type))
    var values = x.doubles()
    let length = x.shape.dimensions[axis...].reduce(1, *)
    let scale = hasScale ? inputs[1].doubles() : nil
    let bias = hasBias ? inputs[inputs.count - 1].doubles() : nil
    for start in stride(from: 0, to: values.count, by: max(length, 1)) {
      var mean = 0.0
      if kind == .layer {
        for k in 0..<length { mean += values[start + k] }
        mean /= Double(length)
      }
      var variance = 0.0
      for k in 0..<length { variance += (values[start + k] - mean) * (values[start + k] - mean) }
      let factor = 1 / (variance / Double(length) + Double(epsilon)).squareRoot()
      for k in 0..<length {
        values[start + k] = (values[start + k] - mean) * factor * (scale?[k] ?? 1) + (bias?[k] ?? 0)
      }
    }
    return [Tensor(doubles: values, type: x.type)]
  }

  package var gradient: GradientRule {
    .rule { (request, patch) throws(OperatorError) in
      guard let g = request.outputGradients[0] else { return request.inputs.map { _ in nil } }
      let x = request.inputs[0]
      let shape = patch.type(of: x).shape
      let unit = try patch.standardized(x, over: Array(axis..<shape.rank), epsilon: epsilon, centered: kind == .layer)
      let inner = hasScale ? try patch.multiply(g, request.inputs[1]) : g
      var result: [ValueID?] = [try patch.standardizedGradient(unit, g: inner)]
      let vector = Shape(Array(shape.dimensions[axis...]))
      if hasScale { result.append(try patch.sum(patch.multiply(g, unit.value), to: vector)) }
      if hasBias { result.append(try patch.sum(g, to: vector)) }
      return result
    }
  }

  package var quantization: QuantizationRule { .float("normalization has no integer kernel") }

  package func lower(_ request: LoweringRequest) throws(OperatorError) -> Lowering {
    if let limit = request.limit { return .undefined(limit) }
    if request.inputs[0].element != .float32 {
      return .undefined("the normalize kernel takes f32, not \(request.inputs[0])")
    }
    let parameters = dlc_normalize_params(
      kind: kind == .layer ? 0 : 2, axis: Int32(axis), epsilon: epsilon, epilogue: try Function?.none.epilogue())
    let rows = axis == request.inputs[0].rank - 1
    let operands = [
      request.input(0, acceptsPitch: rows), hasScale ? request.input(1) : .absent,
      hasBias ? request.input(hasScale ? 2 : 1) : .absent, request.output(acceptsPitch: rows),
    ]
    return .kernels([KernelCall(DLC_KERNEL_normalize, parameters, operands: operands)])
  }

  package func permuted(by permutation: [Int], inputs: [TensorType]) -> PermutedOperator? {
    // Scale and bias have the order of the normalized axes, which must stay last and in order.
    let fixed = (axis..<permutation.count).allSatisfy { permutation[$0] == $0 }
    return fixed
      ? PermutedOperator(self, outputPermutations: [permutation], unchangedInputs: Set(1..<max(inputs.count, 1))) : nil
  }
}
