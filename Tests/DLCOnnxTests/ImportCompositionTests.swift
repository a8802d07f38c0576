import DLCTensor
import Testing

@testable import DLCOnnx

/// ONNX operators that are written as several nodes, on values that can be checked by hand.
@Suite struct ImportCompositionTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var op: String
    var opset: Int
    var attributes: [(String, ModelBuilder.Value)] = []
    /// nil stands for an omitted input.
    var inputs: [Tensor?]
    var expected: [Tensor]
    var testDescription: String { "\(op) \(attributes)" }
  }

  private static func f(_ values: [Float], _ shape: Shape) -> Tensor { Tensor(values, shape: shape) }
  private static func i(_ values: [Int64]) -> Tensor { Tensor(values, shape: [values.count]) }
  private static let query = f([0], [1, 1, 1, 1])
  private static let keys = f([1, 2], [1, 1, 2, 1])
  private static let values = f([1, 3], [1, 1, 2, 1])

  static let cases: [Case] = [
    Case(op: "Attention", opset: 23, inputs: [query, keys, values], expected: [f([2], [1, 1, 1, 1]), keys, values]),
    Case(
      op: "Attention", opset: 23, attributes: [("is_causal", .int(1))], inputs: [query, keys, values],
      expected: [f([1], [1, 1, 1, 1])]),
    Case(
      op: "Attention", opset: 23, inputs: [query, keys, values, Tensor([false, true], shape: [1, 2])],
      expected: [f([3], [1, 1, 1, 1])]),
    Case(
      op: "Attention", opset: 23, inputs: [query, keys, values, Tensor([false, false], shape: [1, 2])],
      expected: [f([0], [1, 1, 1, 1])]),
    // Two query heads share one key head.
    Case(
      op: "Attention", opset: 23, attributes: [("q_num_heads", .int(2)), ("kv_num_heads", .int(1))],
      inputs: [f([0, 0], [1, 1, 2]), f([1, 2], [1, 2, 1]), f([1, 3], [1, 2, 1])], expected: [f([2, 2], [1, 1, 2])]),
    Case(
      op: "Attention", opset: 24, attributes: [("is_causal", .int(1))],
      inputs: [query, keys, values, nil, nil, nil, i([2])], expected: [f([2], [1, 1, 1, 1])]),
    Case(
      op: "Attention", opset: 23, attributes: [("is_causal", .int(1))],
      inputs: [query, f([2], [1, 1, 1, 1]), f([3], [1, 1, 1, 1]), nil, f([1], [1, 1, 1, 1]), f([1], [1, 1, 1, 1])],
      expected: [f([2], [1, 1, 1, 1]), f([1, 2], [1, 1, 2, 1]), f([1, 3], [1, 1, 2, 1])]),
    Case(
      op: "RotaryEmbedding", opset: 23,
      inputs: [f([1, 2], [1, 1, 1, 2]), f([0], [1, 1, 1]), f([1], [1, 1, 1])], expected: [f([-2, 1], [1, 1, 1, 2])]),
    Case(
      op: "TensorScatter", opset: 24, inputs: [f([1, 2, 3], [1, 3, 1]), f([7], [1, 1, 1]), i([2])],
      expected: [f([1, 2, 7], [1, 3, 1])]),
    Case(
      op: "TensorScatter", opset: 24, attributes: [("mode", .text("circular"))],
      inputs: [f([1, 2, 3], [1, 3, 1]), f([7, 8], [1, 2, 1]), i([2])], expected: [f([8, 2, 7], [1, 3, 1])]),
    Case(
      op: "LinearAttention", opset: 27,
      attributes: [("q_num_heads", .int(1)), ("kv_num_heads", .int(1)), ("update_rule", .text("linear"))],
      inputs: [f([1, 1], [1, 2, 1]), f([1, 1], [1, 2, 1]), f([5, 6], [1, 2, 1])],
      expected: [f([5, 11], [1, 2, 1]), f([11], [1, 1, 1, 1])]),
    Case(
      op: "CausalConvWithState", opset: 27, inputs: [f([1, 2, 3], [1, 1, 3]), f([1, 1], [1, 1, 2])],
      expected: [f([1, 3, 5], [1, 1, 3]), f([3], [1, 1, 1])]),
    Case(
      op: "DFT", opset: 17, inputs: [f([1, 0, 0, 0], [1, 4, 1])], expected: [f([1, 0, 1, 0, 1, 0, 1, 0], [1, 4, 2])]),
    Case(
      op: "DFT", opset: 20, attributes: [("inverse", .int(1)), ("onesided", .int(1))],
      inputs: [f([1, 0, 1, 0, 1, 0], [1, 3, 2])], expected: [f([1, 0, 0, 0], [1, 4, 1])]),
    Case(
      op: "STFT", opset: 17, inputs: [f([1, 1, 2, 2], [1, 4, 1]), Tensor(Int64(2)), f([1, 1], [2])],
      expected: [f([2, 0, 0, 0, 4, 0, 0, 0], [1, 2, 2, 2])]),
    Case(op: "HannWindow", opset: 17, inputs: [Tensor(Int64(4))], expected: [f([0, 0.5, 1, 0.5], [4])]),
    Case(
      op: "HannWindow", opset: 17, attributes: [("periodic", .int(0))], inputs: [Tensor(Int64(3))],
      expected: [f([0, 1, 0], [3])]),
    Case(
      op: "Col2Im", opset: 18, inputs: [f([1, 2, 3, 4], [1, 2, 2]), i([3]), i([2])],
      expected: [f([1, 5, 4], [1, 1, 3])]),
    Case(
      op: "MaxUnpool", opset: 22, attributes: [("kernel_shape", .ints([2, 2])), ("strides", .ints([2, 2]))],
      inputs: [f([5], [1, 1, 1, 1]), Tensor([3] as [Int64], shape: [1, 1, 1, 1])],
      expected: [f([0, 0, 0, 5], [1, 1, 2, 2])]),
    Case(
      op: "GridSample", opset: 22, attributes: [("align_corners", .int(1))],
      inputs: [f([1, 2, 3, 4], [1, 1, 2, 2]), f([-1, -1, 1, 1, 0, 0, 3, 3], [1, 1, 4, 2])],
      expected: [f([1, 4, 2.5, 0], [1, 1, 1, 4])]),
    Case(
      op: "GridSample", opset: 22, attributes: [("mode", .text("nearest")), ("padding_mode", .text("border"))],
      inputs: [f([1, 2, 3, 4], [1, 1, 2, 2]), f([-9, -9, 9, 9], [1, 1, 2, 2])], expected: [f([1, 4], [1, 1, 1, 2])]),
    Case(
      op: "AffineGrid", opset: 20, inputs: [f([1, 0, 0, 0, 1, 0], [1, 2, 3]), i([1, 1, 1, 2])],
      expected: [f([-0.5, 0, 0.5, 0], [1, 1, 2, 2])]),
    Case(
      op: "BatchNormalization", opset: 15,
      attributes: [("training_mode", .int(1)), ("epsilon", .float(0)), ("momentum", .float(0.5))],
      inputs: [f([1, 3], [2, 1]), f([2], [1]), f([1], [1]), f([0], [1]), f([3], [1])],
      expected: [f([-1, 3], [2, 1]), f([1], [1]), f([2], [1])]),
    Case(
      op: "NonZero", opset: 17, inputs: [f([0, 5, 0, 7], [2, 2])],
      expected: [Tensor([0, 1, 1, 1] as [Int64], shape: [2, 2])]),
    Case(
      op: "Unique", opset: 17, inputs: [f([3, 1, 3], [3])],
      expected: [f([1, 3], [2]), i([1, 0]), i([1, 0, 1]), i([1, 2])]),
    Case(
      op: "Compress", opset: 17, attributes: [("axis", .int(1))],
      inputs: [f([1, 2, 3, 4], [2, 2]), Tensor([false, true], shape: [2])], expected: [f([2, 4], [2, 1])]),
  ]

  @Test(arguments: cases)
  func computes(_ sample: Case) throws {
    let outputs = sample.expected.indices.map { "y\($0)" }
    let results = try ModelBuilder(opset: sample.opset) { m in
      var names: [String] = []
      for (k, tensor) in sample.inputs.enumerated() {
        names.append(tensor == nil ? "" : "c\(k)")
        if let tensor { m.weights("c\(k)", tensor) }
      }
      m.node(sample.op, names, outputs, sample.attributes)
      for (name, tensor) in zip(outputs, sample.expected) { m.output(name, type: Int(tensor.element.rawValue)) }
    }.run()
    for (result, expected) in zip(results, sample.expected) {
      #expect(result.type == expected.type)
      for (a, b) in zip(result.doubles(), expected.doubles()) { #expect(abs(a - b) < 1e-5, "\(result.doubles())") }
    }
  }
}
