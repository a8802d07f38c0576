import DLCGraph
import DLCOperators
import DLCTensor

extension Quantize: OnnxSpelled {
  func spell(_ n: inout NodeSpelling) throws(OnnxWriteError) -> [String] {
    guard parameters.element != .int32 else { throw n.unsupported("ONNX quantizes to 8 and 16 bits, not to i32") }
    return [n.emit("QuantizeLinear", [n.inputs[0]] + n.operands(parameters), parameters.onnxAttributes)]
  }
}

extension Dequantize: OnnxSpelled {
  func spell(_ n: inout NodeSpelling) throws(OnnxWriteError) -> [String] {
    guard parameters.element == .int32 else {
      var operands = n.operands(parameters)
      // Zero points of stacked matrices that are 0 go unsaid: ONNX Runtime 1.31 refuses them in its MatMulIntegerToFloat.
      let rank = n.inputTypes[0].rank
      if parameters.element == .int8, rank > 2, parameters.axis == rank - 1,
        parameters.zeroPoints.allSatisfy({ $0 == 0 })
      {
        operands.removeLast()
      }
      return [n.emit("DequantizeLinear", [n.inputs[0]] + operands, parameters.onnxAttributes)]
    }
    // An i32 tensor has no zero point in ONNX.
    guard parameters.zeroPoints.allSatisfy({ $0 == 0 }) else {
      throw n.unsupported("ONNX has no zero points for i32")
    }
    return [n.emit("DequantizeLinear", [n.inputs[0], n.operands(parameters)[0]], parameters.onnxAttributes)]
  }
}

extension DynamicQuantize: OnnxSpelled {
  func spell(_ n: inout NodeSpelling) throws(OnnxWriteError) -> [String] {
    n.emit("DynamicQuantizeLinear", n.inputs, outputs: 3)
  }
}

extension DynamicRounding: OnnxSpelled {
  func spell(_ n: inout NodeSpelling) throws(OnnxWriteError) -> [String] {
    let parts = n.emit("DynamicQuantizeLinear", n.inputs, outputs: 3)
    return [n.emit("DequantizeLinear", parts)]
  }
}

extension NodeSpelling {
  /// Scale and zero point as constants.
  fileprivate mutating func operands(_ parameters: QuantizationParameters) -> [String] {
    if parameters.element == .uint16 || parameters.element == .int16 { require(opset: 21) }
    let shape: Shape = parameters.isPerTensor ? .scalar : [parameters.scales.count]
    let zeros = Tensor(doubles: parameters.zeroPoints.map(Double.init), type: TensorType(parameters.element, shape))
    return [constant(Tensor(parameters.scales, shape: shape)), constant(zeros)]
  }
}

extension QuantizationParameters {
  fileprivate var onnxAttributes: [(String, OnnxAttributeValue)] { axis.map { [("axis", .int($0))] } ?? [] }
}
