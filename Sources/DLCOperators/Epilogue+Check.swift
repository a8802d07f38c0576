import DLCGraph
import DLCTensor

extension Epilogue {
  /// Attributes as printed.
  var attributes: [OperatorAttribute] {
    (bias ? [OperatorAttribute("bias", true)] : []) + (residual ? [OperatorAttribute("residual", true)] : [])
      + function.fusedAttribute
  }

  /// Number of inputs that the epilogue adds.
  var inputCount: Int { (bias ? 1 : 0) + (residual ? 1 : 0) }

  /// The positions of bias and residual among a contraction's inputs, which stand after its two factors.
  var positions: (bias: Int?, residual: Int?) {
    (bias ? 2 : nil, residual ? (bias ? 3 : 2) : nil)
  }

  /// Throws unless `inputs` are two factors and what the epilogue wants for a result of `type` with `channels` channels.
  func requireFit(_ inputs: [TensorType], result type: TensorType, channels: Int) throws(OperatorError) {
    if let bias = positions.bias {
      try OperatorError.require(inputs[bias], "bias", is: TensorType(type.element, [channels]))
    }
    if let residual = positions.residual { try OperatorError.require(inputs[residual], "residual", is: type) }
    try function.requireFusible(into: type)
  }

  /// Throws unless `inputs` are as many as two factors and the epilogue's.
  func requireCount(_ inputs: [TensorType], _ first: String, _ second: String) throws(OperatorError) {
    let names = [first, second] + (bias ? ["bias"] : []) + (residual ? ["residual"] : [])
    try OperatorError.require(
      inputs.count == names.count,
      "expected \(names.count) inputs (\(names.joined(separator: ", "))), found \(inputs.count)")
  }

  /// Adds bias and residual to `values` (channels innermost, `residual` in the same order) and applies the function.
  func apply(to values: inout [Double], bias: Tensor?, residual: Tensor?) {
    if let bias = bias?.doubles(), !bias.isEmpty {
      for k in values.indices { values[k] += bias[k % bias.count] }
    }
    if let residual = residual?.doubles() {
      for k in values.indices { values[k] += residual[k] }
    }
    if let function {
      for k in values.indices { values[k] = function(values[k]) }
    }
  }

  /// The operands of bias and residual, `view` being the residual's shape as the kernel wants it.
  func operands(_ request: LoweringRequest, residualAs view: Shape) -> [Operand] {
    [
      positions.bias.map { request.input($0) } ?? .absent,
      positions.residual.map { request.input($0, as: view, acceptsPitch: true) } ?? .absent,
    ]
  }
}
