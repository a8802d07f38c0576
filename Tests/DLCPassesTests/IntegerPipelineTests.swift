import DLCGraph
import DLCOperators
import DLCTensor
import Testing

@testable import DLCPasses

/// Whole integer networks through the pipeline.
@Suite struct IntegerPipelineTests {
  /// A block of MobileNetV2 with a residual, a concatenation, a gate and a classifier, quantized everywhere.
  static func network() throws -> Graph {
    var m = TestModel()
    func conv(_ x: ValueID, _ extents: [Int], stride: Int = 1, groups: Int = 1, _ model: inout TestModel) throws
      -> ValueID
    {
      let window = Window.square(extents[2], stride: stride, pad: extents[2] / 2)
      let op = Convolution(window: window, groups: groups, epilogue: Epilogue(bias: true))
      return try model.add(op, x, model.integerWeights(extents), model.weights([extents[0]]))
    }
    let (p, q) = (TestModel.u8(0.05, 0), TestModel.u8(0.05, 128))
    let x = try m.rounded(m.input([2, 3, 8, 8]), TestModel.u8(0.02, 110))
    let stem = try m.rounded(m.add(Unary(.relu), conv(x, [4, 3, 3, 3], stride: 2, &m)), p)
    let wide = try m.rounded(m.add(Unary(.clip(low: 0, high: 6)), conv(stem, [8, 4, 1, 1], &m)), p)
    let deep = try m.rounded(conv(wide, [8, 1, 3, 3], groups: 8, &m), q)
    let gated = try m.rounded(m.add(Unary(.hardSwish), deep), q)
    let thin = try m.rounded(conv(gated, [4, 8, 1, 1], &m), q)
    let sum = try m.rounded(m.add(Binary(.add), stem, thin), q)
    let pooled = try m.rounded(m.add(Pool(.maximum, window: .square(2, stride: 2)), sum), q)
    let joined = try m.rounded(m.add(Concatenate(axis: 1), pooled, pooled), q)
    let mean = try m.rounded(m.add(Reduce(.mean, axes: [2, 3], keepsAxes: true), joined), q)
    let scaled = try m.rounded(m.add(Binary(.multiply), joined, mean), q)
    let flat = try m.add(Reshape(shape: [2, 32]), scaled)
    m.output(try m.rounded(m.add(MatMul(), flat, m.integerWeights([32, 5], axis: 1)), TestModel.u8(0.3, 128)))
    return m.graph
  }

  @Test func integerNetworkHasOneTranspositionAndNoRealStep() throws {
    let result = try optimized(try Self.network(), Pipeline.standard(level: 2), tolerance: 0.31)
    #expect(
      result.outline == """
        %0 = quantize(x0) u8
        %1 = transpose(%0) [0,2,3,1]
        %2 = qconv(%1, c[4,3,3,3], c[4]) last pad1 bias then relu
        %3 = qconv(%2, c[8,1,1,4], c[8]) last bias then clip
        %4 = qconv(%3, c[8,3,3,1], c[8]) last pad1 bias table
        %5 = qconv(%4, c[4,1,1,8], c[4]) last bias
        %6 = qadd(%2, %5)
        %7 = pool.max(%6) last
        %8 = concat(%7, %7)
        %9 = qreduce.mean(%8)
        %10 = qmultiply(%8, %9)
        %11 = reshape(%10) [2,32]
        %12 = qmatmul(%11, c[32,5])
        %13 = dequantize(%12) u8
        return %13
        """)
    #expect(result.integerNodeCount == 12)
  }

  @Test(arguments: Pipeline.levels) func everyLevelFormsIntegers(level: Int) throws {
    let result = try optimized(try Self.network(), Pipeline.standard(level: level), tolerance: 0.31)
    let operators = (result.topologicalOrder() ?? []).map { result[$0].op }
    #expect(operators.count { $0 is QuantizedConvolution } == 4)
    #expect(operators.count { $0 is QuantizedMatMul } == 1)
    #expect(!operators.contains { $0 is Convolution || $0 is MatMul })
    #expect(operators.allSatisfy { ($0 as? any SpatialOperator)?.channels != .first })
  }

  @Test func quantizationsAreKnownAlongMovement() throws {
    let result = try optimized(try Self.network(), Pipeline.standard(level: 2), tolerance: 0.31)
    let known = result.quantizations()
    for id in result.topologicalOrder() ?? [] {
      let output = result[id].outputs[0]
      #expect((known[output] != nil) == (result[output].type.element == .uint8), "\(result[id].op.mnemonic)")
    }
  }
}
