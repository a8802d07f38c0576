import CDLCKernels
import DLCGraph
import DLCTensor
import Foundation

/// Softmax, its logarithm, or the one-hot of the first maximum along one axis: x -> y of the same type.
package struct Softmax: Sendable, Hashable {
  package enum Kind: String, Sendable, Hashable { case softmax, logSoftmax, hardmax }

  package var kind: Kind
  package var axis: Int

  package init(_ kind: Kind, axis: Int) {
    self.kind = kind
    self.axis = axis
  }
}

extension Softmax: Operator {
  package var mnemonic: String { kind.rawValue.snakeCase }

  package var attributes: [OperatorAttribute] { [OperatorAttribute("axis", axis)] }

  package func infer(_ inputs: [TensorType]) throws(OperatorError) -> [TensorType] {
    try OperatorError.require(inputs, named: "x")
    try OperatorError.require(inputs[0], "x", in: ElementType.floats)
    try OperatorError.require(axis: axis, rank: inputs[0].rank)
    return inputs
  }

  package func evaluate(_ inputs: [Tensor]) throws(OperatorError) -> [Tensor] {
    let x = inputs[0]
    _ = try infer([x.type])
    let values = x.doubles()
    var result = values
    let (outer, extent, inner) = x.shape.split(at: axis)
    if extent == 0 { return [x] }
    for o in 0..<outer {
      for i in 0..<inner {
        let first = o * extent * inner + i
        var best = 0
        for k in 1..<max(extent, 1) where values[first + k * inner] > values[first + best * inner] { best = k }
        let largest = values[first + best * inner]
        var sum = 0.0
        for k in 0..<extent { sum += exp(values[first + k * inner] - largest) }
        for k in 0..<extent {
          let at = first + k * inner
          switch kind {
          case .softmax: result[at] = exp(values[at] - largest) / sum
          case .logSoftmax: result[at] = values[at] - largest - log(sum)
          case .hardmax: result[at] = k == best ? 1 : 0
          }
        }
      }
    }
    return [Tensor(doubles: result, type: x.type)]
  }

  package var gradient: GradientRule {
    if kind == .hardmax { return .undefined("hardmax is constant almost everywhere") }
    return .rule { (request, patch) throws(OperatorError) in
      guard let g = request.outputGradients[0] else { return [nil] }
      let y = request.outputs[0]
      if kind == .logSoftmax {
        let total = try patch.sum(g, over: [axis])
        return [try patch.subtract(g, patch.multiply(patch.unary(.exp, y), total))]
      }
      let mean = try patch.sum(patch.multiply(g, y), over: [axis])
      return [try patch.multiply(y, patch.subtract(g, mean))]
    }
  }

  package var quantization: QuantizationRule {
    switch kind {
    case .softmax: .fixedOutput(scale: 1.0 / 256, zeroPoint: -128)
    case .logSoftmax: .float("logarithms of probabilities have no bound")
    case .hardmax: .float("it ends a network")
    }
  }

  package func lower(_ request: LoweringRequest) throws(OperatorError) -> Lowering {
    if let limit = request.limit { return .undefined(limit) }
    let x = request.inputs[0]
    if x.element != .float32 && x.element != .float64 {
      return .undefined("the softmax kernel takes f32 and f64, not \(x)")
    }
    let code: Int32 =
      switch kind {
      case .softmax: 0
      case .logSoftmax: 1
      case .hardmax: 2
      }
    let rows = axis == x.rank - 1
    return .kernels([
      KernelCall(
        DLC_KERNEL_softmax, dlc_softmax_params(kind: code, axis: Int32(axis)),
        operands: [request.input(0, acceptsPitch: rows), request.output(acceptsPitch: rows)])
    ])
  }

  package func permuted(by permutation: [Int], inputs: [TensorType]) -> PermutedOperator? {
    var op = self
    op.axis = permutation[axis]
    return PermutedOperator(op, outputPermutations: [permutation])
  }
}
