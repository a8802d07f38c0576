import DLCGraph
import DLCOperators
import DLCTensor
import Testing

@testable import DLCPasses

/// Networks of i16 activations through the pipeline.
@Suite struct Int16PipelineTests {
  private func i16(_ scale: Float) -> QuantizationParameters {
    QuantizationParameters(.int16, scale: scale, zeroPoint: 0)
  }

  private func convolution(
    _ x: ValueID, _ extents: [Int], stride: Int = 1, groups: Int = 1, _ model: inout TestModel
  ) throws -> ValueID {
    let window = Window.square(extents[2], stride: stride, pad: extents[2] / 2)
    let op = Convolution(window: window, groups: groups, epilogue: Epilogue(bias: true))
    return try model.add(op, x, model.integerWeights(extents), model.weights([extents[0]]))
  }

  /// A block with a residual, pools, a concatenation, a gate and a classifier.
  private func network() throws -> Graph {
    var m = TestModel()
    let p = i16(0.0003)
    let x = try m.rounded(m.input([2, 3, 8, 8]), p)
    let stem = try m.rounded(m.add(Unary(.relu), convolution(x, [4, 3, 3, 3], stride: 2, &m)), p)
    let deep = try m.rounded(convolution(stem, [4, 1, 3, 3], groups: 4, &m), p)
    let thin = try m.rounded(convolution(deep, [4, 4, 1, 1], &m), p)
    let sum = try m.rounded(m.add(Binary(.add), stem, thin), p)
    let largest = try m.rounded(m.add(Pool(.maximum, window: .square(2, stride: 2)), sum), p)
    let average = try m.rounded(
      m.add(Pool(.average(countsPadding: false), window: .square(2, stride: 2)), sum), p)
    let joined = try m.rounded(m.add(Concatenate(axis: 1), largest, average), p)
    let mean = try m.rounded(m.add(Reduce(.mean, axes: [2, 3], keepsAxes: true), joined), p)
    let scaled = try m.rounded(m.add(Binary(.multiply), joined, mean), p)
    let flat = try m.add(Reshape(shape: [2, 32]), scaled)
    m.output(try m.rounded(m.add(MatMul(), flat, m.integerWeights([32, 5], axis: 1)), i16(0.001)))
    return m.graph
  }

  @Test func everythingBetweenIntegersComputesInThem() throws {
    let result = try optimized(try network(), Pipeline.standard(level: 2), tolerance: 0.005)
    #expect(
      result.outline == """
        %0 = quantize(x0) i16
        %1 = transpose(%0) [0,2,3,1]
        %2 = qconv(%1, c[4,3,3,3], c[4]) last pad1 bias then relu
        %3 = qconv(%2, c[4,3,3,1], c[4]) last pad1 bias
        %4 = qconv(%3, c[4,1,1,4], c[4]) last bias
        %5 = qadd(%2, %4)
        %6 = pool.max(%5) last
        %7 = qpool.average(%5) last
        %8 = concat(%6, %7)
        %9 = qreduce.mean(%8)
        %10 = qmultiply(%8, %9)
        %11 = reshape(%10) [2,32]
        %12 = qmatmul(%11, c[32,5])
        %13 = dequantize(%12) i16
        return %13
        """)
  }

  @Test func functionsWithoutAFormStayReal() throws {
    var m = TestModel()
    let p = i16(0.0003)
    let x = try m.rounded(m.input([1, 3, 8, 8]), p)
    let gated = try m.rounded(m.add(Unary(.sigmoid), m.rounded(convolution(x, [4, 3, 1, 1], &m), p)), p)
    let soft = try m.rounded(m.add(Softmax(.softmax, axis: 1), gated), p)
    m.output(try m.rounded(convolution(soft, [2, 4, 1, 1], &m), p))
    let result = try optimized(m.graph, Pipeline.standard(level: 2), tolerance: 0.005)
    let operators = (result.topologicalOrder() ?? []).map { result[$0].op }
    #expect(operators.count { $0 is QuantizedConvolution } == 2)
    #expect(!operators.contains { $0 is LookupTable || $0 is QuantizedSoftmax || $0 is Convolution })
    #expect(operators.contains { ($0 as? Unary)?.function == .sigmoid } && operators.contains { $0 is Softmax })
  }

  @Test func otherQuantizationsStayReal() throws {
    // A zero point, and 16 bits without a sign.
    for p in [
      QuantizationParameters(.int16, scale: 0.0003, zeroPoint: 100),
      QuantizationParameters(.uint16, scale: 0.0003, zeroPoint: 32768),
    ] {
      var m = TestModel()
      let x = try m.rounded(m.input([1, 3, 8, 8]), p)
      m.output(try m.rounded(convolution(x, [4, 3, 1, 1], &m), p))
      let result = try optimized(m.graph, Pipeline.standard(level: 2), tolerance: 0.001)
      let operators = (result.topologicalOrder() ?? []).map { result[$0].op }
      #expect(operators.contains { $0 is Convolution } && !operators.contains { $0 is QuantizedConvolution })
    }
  }

  @Test func bytesInAndSixteenBitsOutMeetInRealNumbers() throws {
    var m = TestModel()
    let x = try m.rounded(m.input([1, 3, 8, 8]), TestModel.u8(0.02, 110))
    m.output(try m.rounded(convolution(x, [4, 3, 1, 1], &m), i16(0.0003)))
    let result = try optimized(m.graph, Pipeline.standard(level: 2), tolerance: 0.001)
    let operators = (result.topologicalOrder() ?? []).map { result[$0].op }
    #expect(operators.contains { ($0 as? QuantizedConvolution)?.scheme.output == nil && $0 is QuantizedConvolution })
    #expect(operators.contains { ($0 as? Quantize)?.parameters.element == .int16 })
  }

  @Test func sixteenBitsAreMoved() throws {
    var m = TestModel()
    let x = try m.rounded(m.input([1, 2, 6, 6]), i16(0.0003))
    var moved = try m.add(Transpose(permutation: [0, 1, 3, 2]), x)
    moved = try m.add(Pad(.constant, before: [0, 0, 1, 1], after: [0, 0, 1, 1]), moved)
    moved = try m.add(Slice(starts: [0, 0, 1, 0], counts: [1, 2, 4, 7], steps: [1, 1, 2, 1]), moved)
    moved = try m.add(Reshape(shape: [1, 2, 28]), moved)
    m.output(try m.rounded(moved, i16(0.0003)))
    let result = try optimized(m.graph, Pipeline.standard(level: 2), tolerance: 0)
    let last = result.outputs[0].value
    #expect((result.producer(of: last)?.node.op as? Dequantize)?.parameters.element == .int16)
    #expect((result.topologicalOrder() ?? []).count { result[$0].op is Quantize } == 1)
  }
}
