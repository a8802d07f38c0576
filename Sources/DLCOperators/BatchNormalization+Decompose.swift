import DLCGraph
import DLCTensor

extension BatchNormalization {
  /// y = x * scale + shift per channel, from [scale, bias, mean, variance]: scale / sqrt(variance + epsilon) and
  /// bias - mean * that.
  func factors(_ vectors: [[Double]]) -> (scale: [Double], shift: [Double]) {
    var (scale, shift) = (vectors[0], vectors[1])
    for c in scale.indices {
      scale[c] /= (vectors[3][c] + Double(epsilon)).squareRoot()
      shift[c] -= vectors[2][c] * scale[c]
    }
    return (scale, shift)
  }

  /// The factors as vectors `[C]` of the parameters' element type, from the constants [scale, bias, mean, variance].
  package func factors(constants: [Tensor]) -> (scale: Tensor, shift: Tensor) {
    let factors = factors(constants.map { $0.doubles() })
    return (
      Tensor(doubles: factors.scale, type: constants[0].type), Tensor(doubles: factors.shift, type: constants[0].type)
    )
  }

  /// Emits y = x * scale + shift for the node's `inputs`; the factors are constants when the parameters are.
  package func decomposed(into patch: inout GraphPatch, inputs: [ValueID]) throws(OperatorError) -> ValueID {
    let rank = patch.type(of: inputs[0]).rank
    let constants = inputs.dropFirst().compactMap { patch.constant($0) }
    let (scale, shift): (ValueID, ValueID)
    if constants.count == 4 {
      let factors = factors(constants: constants)
      (scale, shift) = (patch.addConstant(factors.scale), patch.addConstant(factors.shift))
    } else {
      scale = try patch.multiply(inputs[1], patch.unary(.rsqrt, patch.add(inputs[4], Double(epsilon))))
      shift = try patch.subtract(inputs[2], patch.multiply(inputs[3], scale))
    }
    return try patch.add(
      patch.multiply(inputs[0], patch.alongChannels(scale, rank: rank, channels)),
      patch.alongChannels(shift, rank: rank, channels))
  }
}
