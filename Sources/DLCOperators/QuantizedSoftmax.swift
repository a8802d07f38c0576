import CDLCKernels
import DLCGraph
import DLCTensor
import Foundation

/// Softmax of integers along one axis: x u8 -> y u8. The arithmetic is `dlc_qsoftmax_params`'s.
package struct QuantizedSoftmax: Sendable, Hashable {
  /// The axis along which elements are shares of one.
  package var axis: Int
  /// u8, one scale each.
  package var input: QuantizationParameters
  package var output: QuantizationParameters

  package init(axis: Int, input: QuantizationParameters, output: QuantizationParameters) {
    self.axis = axis
    self.input = input
    self.output = output
  }
}

extension QuantizedSoftmax: IntegerOperator {
  package var mnemonic: String { "qsoftmax" }

  package var attributes: [OperatorAttribute] {
    [OperatorAttribute("axis", axis), OperatorAttribute("x", input), OperatorAttribute("y", output)]
  }

  /// round(2^23 exp(-d s_x)) for each distance d from the largest element.
  private var exponentials: [Int32] {
    (0..<256).map { Int32((8_388_608 * exp(-Double($0) * Double(input.scale))).rounded()) }
  }

  /// Steps of y in one. ONNX Runtime takes whole steps, so that a scale just above 1/255 gives 254: the files that it quantizes
  /// have such scales, and their accuracy has been seen with that.
  private var inverseScale: Float {
    let steps = 1 / output.scale
    return steps >= 1 ? steps.rounded(.down) : steps
  }

  package func infer(_ inputs: [TensorType]) throws(OperatorError) -> [TensorType] {
    try OperatorError.require(inputs, named: "x")
    try OperatorError.require(inputs[0], "x", in: [.uint8])
    try OperatorError.require(axis: axis, rank: inputs[0].rank)
    try input.requireActivation("x", as: .uint8)
    try output.requireActivation("y", as: .uint8)
    try OperatorError.require(inverseScale.isFinite, "expected the inverse of y's scale within f32's range")
    return inputs
  }

  package func evaluate(_ inputs: [Tensor]) throws(OperatorError) -> [Tensor] {
    let x = inputs[0]
    _ = try infer([x.type])
    let values = x.elements(as: UInt8.self)
    var result = values
    let table = exponentials
    let (outer, extent, inner) = x.shape.split(at: axis)
    for first in (0..<outer).flatMap({ o in (0..<inner).map { o * extent * inner + $0 } }) {
      let places = (0..<extent).map { first + $0 * inner }
      let largest = places.map { Int(values[$0]) }.max() ?? 0
      let sum = places.reduce(Int64(0)) { $0 + Int64(table[largest - Int(values[$1])]) }
      for place in places {
        let t = Float(table[largest - Int(values[place])]) * (inverseScale / Float(sum))
        let q = Swift.min(t.rounded(.toNearestOrEven), 255) + Float(output.zeroPoint)
        result[place] = UInt8(Swift.min(q, 255))
      }
    }
    return [Tensor(result, shape: x.shape)]
  }

  package var gradient: GradientRule { .undefined("its input is not a real number") }

  package var quantization: QuantizationRule { .float("it computes in integers already") }

  package func quantization(ofInput index: Int) -> QuantizationParameters? { input }
  package func quantization(ofOutput index: Int) -> QuantizationParameters? { output }
  package var isConversion: Bool { false }

  /// The kernel works along the last axis: elsewhere x is turned before it, and y after.
  package func lower(_ request: LoweringRequest) throws(OperatorError) -> Lowering {
    if let limit = request.limit { return .undefined(limit) }
    let parameters = dlc_qsoftmax_params(y_scale_inverse: inverseScale, zero: output.zeroPoint)
    let table = Operand.constant(Tensor(exponentials, shape: [256]))
    let (x, y) = (request.input(0, acceptsPitch: true), request.output(acceptsPitch: true))
    let last = request.inputs[0].rank - 1
    if axis == last {
      return try .checked([KernelCall(DLC_KERNEL_qsoftmax, parameters, operands: [x, table, y])])
    }
    var swap = Array(0...last)
    swap.swapAt(axis, last)
    let turned = TensorType(.uint8, request.inputs[0].shape.permuted(by: swap))
    let (before, after) = (Operand(.temporary(0), turned), Operand(.temporary(1), turned))
    return try .checked(
      [
        .transpose(request.input(0), to: before, permutation: swap),
        KernelCall(DLC_KERNEL_qsoftmax, parameters, operands: [before, table, after]),
        .transpose(after, to: request.output(), permutation: swap),
      ], temporaries: [turned, turned])
  }

  package func permuted(by permutation: [Int], inputs: [TensorType]) -> PermutedOperator? {
    var op = self
    op.axis = permutation[axis]
    return PermutedOperator(op, outputPermutations: [permutation])
  }
}
