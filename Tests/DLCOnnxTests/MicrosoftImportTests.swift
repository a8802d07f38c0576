import DLCGraph
import DLCTensor
import Testing

@testable import DLCOnnx

/// Quantized operators of com.microsoft give what their spelling in the standard domain gives.
@Suite struct MicrosoftImportTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var name: String
    var shape: [Int] = [1, 2, 4, 4]
    var attributes: [(String, ModelBuilder.Value)] = []
    /// Operands before the result's parameters; `p` and `q` are the u8 inputs.
    var operands = ["p", "ps", "pz"]
    /// Builds `real` from the float values `fp` and `fq`.
    var spelled: @Sendable (inout ModelBuilder) -> Void
    var testDescription: String { name }
  }

  private static let pair = ["p", "ps", "pz", "q", "qs", "qz"]

  static let cases: [Case] = [
    Case(name: "QLinearAdd", operands: pair) { $0.node("Add", ["fp", "fq"], ["real"]) },
    Case(name: "QLinearMul", operands: pair) { $0.node("Mul", ["fp", "fq"], ["real"]) },
    Case(name: "QLinearSigmoid") { $0.node("Sigmoid", ["fp"], ["real"]) },
    Case(name: "QLinearLeakyRelu", attributes: [("alpha", .float(0.3))]) {
      $0.node("LeakyRelu", ["fp"], ["real"], [("alpha", .float(0.3))])
    },
    Case(name: "QLinearSoftmax", attributes: [("axis", .int(1)), ("opset", .int(13))]) {
      $0.node("Softmax", ["fp"], ["real"], [("axis", .int(1))])
    },
    Case(name: "QLinearSoftmax", attributes: [("axis", .int(1)), ("opset", .int(11))]) {
      $0.node("Flatten", ["fp"], ["flat"])
      $0.node("Softmax", ["flat"], ["soft"])
      $0.weights("shape", [1, 2, 4, 4])
      $0.node("Reshape", ["soft", "shape"], ["real"])
    },
    Case(name: "QLinearGlobalAveragePool") { $0.node("GlobalAveragePool", ["fp"], ["real"]) },
    Case(name: "QLinearGlobalAveragePool", attributes: [("channels_last", .int(1))]) {
      $0.node("ReduceMean", ["fp"], ["real"], [("axes", .ints([1, 2]))])
    },
    Case(name: "QLinearAveragePool", attributes: [("kernel_shape", .ints([2, 3])), ("pads", .ints([0, 1, 1, 0]))]) {
      $0.node("AveragePool", ["fp"], ["real"], [("kernel_shape", .ints([2, 3])), ("pads", .ints([0, 1, 1, 0]))])
    },
    Case(name: "QLinearReduceMean", attributes: [("axes", .ints([-1])), ("keepdims", .int(0))]) {
      $0.node("ReduceMean", ["fp"], ["real"], [("axes", .ints([3])), ("keepdims", .int(0))])
    },
    Case(name: "QLinearWhere", operands: ["c"] + pair) { $0.node("Where", ["c", "fp", "fq"], ["real"]) },
    Case(
      name: "QGemm", shape: [4, 4], attributes: [("transA", .int(1)), ("alpha", .float(0.5))], operands: pair + ["b"]
    ) {
      $0.weights("sum", Tensor(Float(0.5) * 0.02 * 0.03))
      $0.node("DequantizeLinear", ["b", "sum"], ["fb"])
      $0.node("Gemm", ["fp", "fq", "fb"], ["real"], [("transA", .int(1)), ("alpha", .float(0.5))])
    },
  ]

  private static func parts(_ m: inout ModelBuilder, _ shape: [Int]) {
    m.imports("com.microsoft")
    m.input("p", shape.map { .fixed($0) }, type: 2)
    m.input("q", shape.map { .fixed($0) }, type: 2)
    m.weights("ps", Tensor(Float(0.02)))
    m.weights("pz", Tensor(UInt8(100)))
    m.weights("qs", Tensor(Float(0.03)))
    m.weights("qz", Tensor(UInt8(140)))
    m.weights("ys", Tensor(Float(0.01)))
    m.weights("yz", Tensor(UInt8(90)))
    m.weights("b", Tensor([1000, -2000, 30000, 4] as [Int32], shape: [4]))
    m.weights("c", Tensor([true, false, false, true], shape: [4]))
  }

  private static func inputs(_ shape: [Int]) -> [String: Tensor] {
    let shape = Shape(shape)
    return [
      "p": Tensor((0..<shape.count).map { UInt8($0 * 37 % 256) }, shape: shape),
      "q": Tensor((0..<shape.count).map { UInt8($0 * 91 % 256) }, shape: shape),
    ]
  }

  @Test(arguments: cases) func agreesWithTheStandardSpelling(_ test: Case) throws {
    let own = ModelBuilder(opset: 13) {
      Self.parts(&$0, test.shape)
      $0.node(test.name, test.operands + ["ys", "yz"], ["y"], test.attributes, domain: "com.microsoft")
      $0.output("y", type: 2)
    }
    let spelled = ModelBuilder(opset: 13) {
      Self.parts(&$0, test.shape)
      $0.node("DequantizeLinear", ["p", "ps", "pz"], ["fp"])
      $0.node("DequantizeLinear", ["q", "qs", "qz"], ["fq"])
      test.spelled(&$0)
      $0.node("QuantizeLinear", ["real", "ys", "yz"], ["y"])
      $0.output("y", type: 2)
    }
    let inputs = Self.inputs(test.shape)
    let y = try own.run(inputs)
    #expect(try spelled.run(inputs) == y)
    #expect(Set(y[0].doubles()).count > 1)
  }

  @Test func concatenationTakesAScaleForEachTensor() throws {
    let y = try ModelBuilder(opset: 13) {
      $0.imports("com.microsoft")
      $0.input("p", [2], type: 2)
      $0.weights("s1", Tensor(Float(1)))
      $0.weights("s2", Tensor(Float(2)))
      $0.weights("z", Tensor(UInt8(0)))
      $0.weights("z9", Tensor(UInt8(9)))
      $0.node(
        "QLinearConcat", ["s2", "z", "p", "s1", "z", "p", "s2", "z9"], ["y"], [("axis", .int(0))],
        domain: "com.microsoft")
      $0.output("y", type: 2)
    }.run(["p": Tensor([10, 20] as [UInt8], shape: [2])])
    #expect(y == [Tensor([5, 10, 1, 11] as [UInt8], shape: [4])])
  }

  /// A product with scales known now and one with scales computed from the input agree.
  @Test func productsToFloatAgree() throws {
    let (a, b): ([Float], [Int8]) = ([1, -2, 0.5, 3], [10, -20, 30, 127])
    let model = ModelBuilder(opset: 13) {
      $0.imports("com.microsoft")
      $0.input("a", [2, 2])
      $0.weights("b", Tensor(b, shape: [2, 2]))
      $0.weights("bs", Tensor([0.1, 0.2] as [Float], shape: [2]))
      $0.weights("bz", Tensor([0, 3] as [Int8], shape: [2]))
      $0.weights("bias", Tensor([1, -1] as [Float], shape: [2]))
      $0.weights("as", Tensor(Float(5) / 255))
      $0.weights("az", Tensor(UInt8(102)))
      $0.node("DynamicQuantizeMatMul", ["a", "b", "bs", "bz", "bias"], ["y1"], domain: "com.microsoft")
      $0.node("DynamicQuantizeLinear", ["a"], ["q", "s", "z"])
      $0.node("MatMulIntegerToFloat", ["q", "b", "s", "bs", "z", "bz", "bias"], ["y2"], domain: "com.microsoft")
      $0.node("MatMulIntegerToFloat", ["q", "b", "as", "bs", "az", "bz", "bias"], ["y3"], domain: "com.microsoft")
      for name in ["y1", "y2", "y3"] { $0.output(name) }
    }
    let y = try model.run(["a": Tensor(a, shape: [2, 2])])
    let exact: [Double] = [
      1 - 6 + 1, (-23 * 0.2) - 2 * 124 * 0.2 - 1, 0.5 + 9 + 1, 0.5 * -23 * 0.2 + 3 * 124 * 0.2 - 1,
    ]
    #expect(y[0] == y[1])
    for tensor in y {
      for (found, wanted) in zip(tensor.doubles(), exact) { #expect(abs(found - wanted) < 0.35) }
    }
    for (first, third) in zip(y[0].doubles(), y[2].doubles()) { #expect(abs(first - third) < 1e-4) }
  }
}
