import DLCGraph
import DLCOperators
import DLCTensor
import Testing

@testable import DLCPasses

/// Networks whose weights alone were quantized, through the pipeline.
@Suite struct StoreWeightsTests {
  /// A convolution, a depthwise one with few weights, and a classifier after flattening.
  private func network(groups: Bool = false) throws -> Graph {
    var m = TestModel()
    let x = m.input([2, 16, 4, 4])
    let op = Convolution(window: .square(3, pad: 1), epilogue: Epilogue(bias: true, function: .relu))
    let y = try m.add(
      op, x, try groups ? m.groupedWeights([24, 16, 3, 3], size: 16) : m.integerWeights([24, 16, 3, 3]), m.weights([24])
    )
    let deep = try m.add(
      Convolution(window: .square(3, pad: 1), groups: 24), y, m.integerWeights([24, 1, 3, 3]))
    let flat = try m.add(Reshape(shape: [2, 384]), deep)
    m.output(try m.add(MatMul(), flat, m.integerWeights([384, 10], axis: 1)))
    return m.graph
  }

  @Test(arguments: Pipeline.levels) func weightsStayIntegers(level: Int) throws {
    for groups in [false, true] {
      let result = try optimized(try network(groups: groups), Pipeline.standard(level: level), tolerance: 1e-3)
      let operators = (result.topologicalOrder() ?? []).map { result[$0].op }
      #expect(operators.count { $0 is StoredContraction } == 2)
      // Too few weights to be worth a step.
      #expect(operators.count { $0 is Convolution } == 1)
      #expect(!operators.contains { $0 is Dequantize })
      for id in result.topologicalOrder() ?? [] where result[id].op is Convolution {
        #expect(result.constant(result[id].inputs[1]) != nil)
      }
    }
  }

  @Test func activationsAreQuantizedWhenRunWhereAsked() throws {
    let passes = Pipeline.parts(level: 2, dynamic: true)
    // Outputs are in the thousands: a thousandth of them.
    let result = try optimized(try network(), passes.float + passes.rest, tolerance: 3)
    let operators = (result.topologicalOrder() ?? []).map { result[$0].op }
    #expect(operators.count { $0 is DynamicContraction } == 2)
    #expect(!operators.contains { $0 is StoredContraction })
    let grouped = try optimized(try network(groups: true), passes.float + passes.rest, tolerance: 3)
    let mixed = (grouped.topologicalOrder() ?? []).map { grouped[$0].op }
    // Groups along the depth have no integer product.
    #expect(mixed.count { $0 is DynamicContraction } == 1)
    #expect(mixed.count { $0 is StoredContraction } == 1)
  }

  @Test func tablesStayIntegers() throws {
    var m = TestModel()
    let rows = m.constant([3, 0, -1, 63], [4], .int64)
    m.output(try m.add(Gather(axis: 0), m.integerWeights([64, 24]), rows))
    // Scales along another axis than the one that is looked up, and a lookup of columns.
    m.output(try m.add(Gather(axis: 0), m.integerWeights([64, 24], axis: 1), rows))
    m.output(try m.add(Gather(axis: 1), m.integerWeights([3, 64, 24], axis: 1), m.input([2], .int32)))
    let result = try optimized(m.graph, [.storeTables, .dequantizeConstants, .removeDead], tolerance: 0)
    #expect(
      result.outline == """
        %0 = gather(c[64,24], c[4])
        %1 = gather(c[64,24], c[4])
        %2 = cast(%1)
        %3 = gather(c[64,1], c[4])
        %4 = multiply(%2, %3)
        %5 = gather(c[3,64,24], x0)
        %6 = cast(%5)
        %7 = gather(c[1,64,1], x0)
        %8 = multiply(%6, %7)
        return %4, %0, %8
        """)
  }

  @Test func residualIsAddedAfterTheIntegers() throws {
    var m = TestModel()
    let x = m.input([4, 48])
    let op = MatMul(epilogue: Epilogue(residual: true, function: .relu))
    m.output(try m.add(op, x, m.integerWeights([48, 48], axis: 1), m.input([4, 48])))
    let result = try optimized(
      m.graph, [.formIntegers, .quantizeDynamically, .storeWeights, .removeDead], tolerance: 0.5)
    #expect(
      result.outline == """
        %0 = dynamic_matmul(x0, c[48,48], c[48])
        %1 = add(%0, x1) then relu
        return %1
        """)
  }

  @Test func weightsThatAreReadOtherwiseAreReal() throws {
    var m = TestModel()
    let x = m.input([4, 48])
    let w = try m.integerWeights([48, 48], axis: 1)
    m.output(try m.add(MatMul(), x, w))
    m.output(try m.add(Unary(.relu), w))
    let result = try optimized(m.graph, Pipeline.standard(level: 0), tolerance: 1e-4)
    #expect(
      !(result.topologicalOrder() ?? []).contains { result[$0].op is StoredContraction || result[$0].op is Dequantize })
  }
}

extension TestModel {
  /// Random 4-bit weights with a scale for each `size` in order, as a reshaped dequantization.
  fileprivate mutating func groupedWeights(_ extents: [Int], size: Int) throws -> ValueID {
    let count = extents.reduce(1, *)
    let values = (0..<count).map { (k: Int) -> Double in
      let code = (k * 7 + k / 5) % 15 - 7
      return Double(code)
    }
    let scales = (0..<count / size).map { (k: Int) -> Float in 0.02 + 0.001 * Float(k % 9) }
    let parameters = QuantizationParameters(
      .int8, scales: scales, zeroPoints: [Int32](repeating: 0, count: scales.count), axis: 0)
    let real = try add(Dequantize(parameters), constant(values, [count / size, size], .int8))
    return try add(Reshape(shape: Shape(extents)), real)
  }
}
