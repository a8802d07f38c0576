import DLCGraph
import DLCOperators
import DLCTensor

/// A real value that integers stand for: the input of a `Dequantize`.
struct Dequantized {
  var integers: ValueID
  var parameters: QuantizationParameters
  /// The integers when they are constant.
  var constant: Tensor?

  /// Whether these are activations as kernels take them, or a constant in i8 that can be turned into u8.
  var isActivation: Bool {
    parameters.isActivation || (parameters.isPerTensor && parameters.element == .int8 && constant != nil)
  }
}

extension QuantizationParameters {
  /// Whether these are of 8 bits with one scale.
  var isByte: Bool { isPerTensor && (element == .uint8 || element == .int8) }

  /// The same real numbers with integers in u8; these are i8 or u8 with one scale.
  var unsigned: QuantizationParameters {
    element == .int8 ? QuantizationParameters(.uint8, scale: scale, zeroPoint: zeroPoint + 128) : self
  }
}

extension Graph {
  /// What computes `id` when it is the result of a `Dequantize`.
  func dequantized(_ id: ValueID) -> Dequantized? {
    guard let (_, node) = producer(of: id), let op = node.op as? Dequantize else { return nil }
    return Dequantized(integers: node.inputs[0], parameters: op.parameters, constant: constant(node.inputs[0]))
  }

  /// The parameters of an activation with which all readers of `id` quantize it; nil when one reads the real number, or they
  /// differ.
  func commonQuantization(of id: ValueID) -> QuantizationParameters? {
    guard !isOutput(id), let first = self[id].users.first, let op = self[first].op as? Quantize,
      op.parameters.isActivation
    else { return nil }
    return self[id].users.allSatisfy { (self[$0].op as? Quantize) == op } ? op.parameters : nil
  }
}

extension GraphPatch {
  /// The integers of an activation, those of a constant in i8 turned into u8.
  mutating func activation(_ value: Dequantized) -> (integers: ValueID, parameters: QuantizationParameters) {
    guard let constant = value.constant, constant.element == .int8 else { return (value.integers, value.parameters) }
    return (addConstant(constant.unsigned), value.parameters.unsigned)
  }

  /// Lets all who quantize `real` alike read `integers` instead.
  mutating func replaceQuantized(_ real: ValueID, in graph: Graph, with integers: ValueID) {
    for user in Set(graph[real].users) { replace(graph[user].outputs[0], with: integers) }
  }
}

extension Tensor {
  /// The elements of an i8 tensor plus 128, as u8.
  var unsigned: Tensor {
    Tensor(elements(as: Int8.self).map { UInt8(bitPattern: $0) ^ 0x80 }, shape: shape)
  }
}
