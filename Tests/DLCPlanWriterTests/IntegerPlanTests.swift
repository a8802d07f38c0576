import DLCGraph
import DLCOperators
import DLCPasses
import DLCRuntime
import DLCTensor
import PlanTestSupport
import Testing

@testable import DLCPlanWriter

/// Integer networks as plans.
@Suite struct IntegerPlanTests {
  private static func u8(_ scale: Float, _ zero: Int32) -> QuantizationParameters {
    QuantizationParameters(.uint8, scale: scale, zeroPoint: zero)
  }

  /// Convolutions with a gate, a residual sum, a concatenation and a product, between i8 input and output.
  private static func network(_ element: ElementType) throws -> Graph {
    var g = Graph(name: "integers")
    func rounded(_ x: ValueID, _ parameters: QuantizationParameters) -> ValueID {
      g.node(Dequantize(parameters), g.node(Quantize(parameters), x))
    }
    func weights(_ extents: [Int]) -> ValueID {
      let integers = (0..<Shape(extents).count).map { Int8(($0 * 73 + 11) % 255 - 127) }
      let parameters = QuantizationParameters(.int8, scale: 0.004, zeroPoint: 0)
      return g.node(Dequantize(parameters), g.addConstant(Tensor(integers, shape: Shape(extents))))
    }
    func conv(_ x: ValueID, _ extents: [Int], groups: Int = 1) -> ValueID {
      let pad = extents[2] / 2
      let window = Window(
        kernel: [extents[2], extents[3]], strides: [1, 1], dilations: [1, 1], padBegin: [pad, pad], padEnd: [pad, pad])
      return g.node(Convolution(window: window, groups: groups), x, weights(extents))
    }
    let zero: Int32 = element == .int8 ? -18 : 110
    let port = QuantizationParameters(element, scale: 0.02, zeroPoint: zero)
    let x = g.node(Dequantize(port), g.input([1, 3, 6, 6], element))
    let stem = rounded(g.node(Unary(.relu), conv(x, [8, 3, 3, 3])), u8(0.03, 0))
    let deep = rounded(conv(stem, [8, 1, 3, 3], groups: 8), u8(0.05, 128))
    let gated = rounded(g.node(Unary(.hardSwish), deep), u8(0.04, 10))
    let sum = rounded(g.node(Binary(.add), stem, gated), u8(0.06, 20))
    let joined = rounded(g.node(Concatenate(axis: 1), sum, stem), u8(0.06, 20))
    let pooled = rounded(
      g.node(
        Pool(
          .maximum,
          window: Window(kernel: [2, 2], strides: [2, 2], dilations: [1, 1], padBegin: [0, 0], padEnd: [0, 0])), joined),
      u8(0.06, 20))
    let flat = g.node(Reshape(shape: [1, 144]), pooled)
    let logits = g.node(MatMul(), flat, weights([144, 10]))
    g.output(g.node(Quantize(QuantizationParameters(element, scale: 0.3, zeroPoint: zero)), logits))
    g.output(logits)
    return g
  }

  @Test(arguments: [ElementType.uint8, .int8], [0, 2])
  func planAnswersAsTheReferenceBitForBit(element: ElementType, level: Int) throws {
    var graph = try Self.network(element)
    _ = try PassRunner(verification: .eachPatch).run(Pipeline.standard(level: level), on: &graph)
    graph = try graph.compacted()
    let plan = try WrittenPlan(graph)
    let least = element == .int8 ? -128.0 : 0
    let values = (0..<108).map { Double(($0 * 89 + 31) % 256) + least }
    let arguments = Tensor(doubles: values, type: TensorType(element, [1, 3, 6, 6]))
    let expected = try graph.reference([arguments])
    for threads in [1, 3] as [UInt32] { #expect(try plan.run([[arguments]], threads: threads) == expected) }
  }

  @Test(arguments: [ElementType.uint8, .int8])
  func portsSayWhatTheirIntegersStandFor(element: ElementType) throws {
    var graph = try Self.network(element)
    _ = try PassRunner().run(Pipeline.standard(level: 2), on: &graph)
    let plan = try WrittenPlan(try graph.compacted())
    let zero: Int32 = element == .int8 ? -18 : 110
    for (isOutput, scale) in [(false, 0.02), (true, 0.3)] as [(Bool, Float)] {
      let quantization = plan.program.port(0, isOutput: isOutput).quantization
      #expect(quantization.count == 1)
      #expect(quantization.scales?[0] == scale)
      #expect(quantization.zeros?[0] == zero)
    }
    #expect(plan.program.port(1, isOutput: true).quantization.count == 0)
  }

  /// What observers see of channels divided by `factors`; powers of two take a byte each in the plan.
  @Test(arguments: [[1, 2, 0.5, 0x1p-20, 0x1p30, 4, 1, 8], [1, 2, 0.5, 0.3, 4, 1, 8, 1]] as [[Float]])
  func channelsHaveTheirScales(factors: [Float]) throws {
    var graph = try Self.network(.uint8)
    _ = try PassRunner().run(Pipeline.standard(level: 2), on: &graph)
    graph = try graph.compacted()
    let stem = try #require(graph.nodes.compactMap { $0 }.first { $0.op is QuantizedConvolution })
    let plan = try WrittenPlan(graph, channelScales: [stem.name: factors])
    let session = try Session(plan.program, threads: 1)
    let seen = SeenScales()
    try session.observe(
      { context, event in
        guard let context, let event = event?.pointee, event.output_count > 0 else { return }
        let quantization = event.outputs[0].quantization
        let indices = 0..<Int(quantization.count)
        Unmanaged<SeenScales>.fromOpaque(context).takeUnretainedValue().steps[String(cString: event.name)] =
          SeenScales.Step(
            scales: indices.map { quantization.scales[$0] }, zeros: indices.map { quantization.zeros?[$0] ?? 0 },
            axis: quantization.axis)
      }, context: Unmanaged.passUnretained(seen).toOpaque())
    try session.run()
    #expect(seen.steps[stem.name]?.scales == factors.map { $0 * 0.03 })
    #expect(seen.steps[stem.name]?.zeros == [Int32](repeating: 0, count: 8))
    #expect(seen.steps[stem.name]?.axis == 4)
    #expect(seen.steps.values.contains { $0.scales == [0.06] && $0.zeros == [20] && $0.axis == -1 })
  }

  private final class SeenScales {
    struct Step {
      var scales: [Float]
      var zeros: [Int32]
      var axis: Int32
    }
    var steps: [String: Step] = [:]
  }
}
