import DLCGraph
import DLCOperators
import DLCTensor
import Testing

@testable import DLCPasses

/// DynamicQuantizeLinear, MatMulInteger or ConvInteger, Cast and Mul, as files write them.
@Suite struct DynamicProductsTests {
  /// x quantized when run.
  private struct Quantized {
    var x: ValueID
    var parts: [ValueID]
  }

  private func quantized(_ x: ValueID, _ m: inout TestModel) throws -> Quantized {
    Quantized(x: x, parts: try m.graph.add(DynamicQuantize(), [x], name: "quantize"))
  }

  /// The scaled sums of x and `weights`, whose general form is computed beside the mark.
  private func product(
    _ base: Contraction, _ x: Quantized, _ weights: Tensor, zero: Int, scales: Tensor, _ m: inout TestModel
  ) throws -> ValueID {
    let w = m.graph.addConstant(weights)
    let zeros = m.constant([Double(zero)], [], weights.element)
    let left = try m.add(
      Binary(.subtract), m.add(Cast(to: .float32), x.parts[0]), m.add(Cast(to: .float32), x.parts[2]))
    let right = try m.add(
      Binary(.subtract), m.add(Cast(to: .float32), w), m.add(Cast(to: .float32), zeros))
    let sums = try m.add(
      IntegerSums(base), x.x, w, zeros, m.add(Cast(to: .int32), m.add(base.op, left, right)))
    let scale = try m.add(Binary(.multiply), x.parts[1], m.graph.addConstant(scales))
    return try m.add(Binary(.multiply), m.add(Cast(to: .float32), sums), scale)
  }

  /// Weights from `low` up, as `Integers`.
  private func weights(_ extents: [Int], low: Int) -> Tensor {
    let values = (0..<Shape(extents).count).map { ($0 * 73 + 11) % 255 + low }
    return low < 0
      ? Tensor(values.map { Int8($0) }, shape: Shape(extents)) : Tensor(values.map { UInt8($0) }, shape: Shape(extents))
  }

  private func scales(_ extents: [Int], _ least: Float = 0.001) -> Tensor {
    Tensor((0..<Shape(extents).count).map { least + 0.0002 * Float($0) }, shape: Shape(extents))
  }

  private func operators(
    level: Int = 2, _ build: (inout TestModel) throws -> Void
  ) throws -> [any Operator] {
    var model = TestModel()
    try build(&model)
    let result = try optimized(model.graph, Pipeline.standard(level: level), tolerance: 1e-4)
    return (result.topologicalOrder() ?? []).map { result[$0].op }
  }

  @Test func productsOfOneTensorShareItsQuantization() throws {
    let found = try operators { m in
      let x = try quantized(m.input([4, 48]), &m)
      for least in [0.001, 0.002] as [Float] {
        let y = try product(
          .matrix(MatMul()), x, weights([48, 32], low: -127), zero: 0, scales: scales([32], least), &m)
        m.output(try m.add(Unary(.relu), m.add(Binary(.add), y, m.weights([32]))))
      }
      let z = try product(.matrix(MatMul()), x, weights([48, 24], low: -127), zero: 0, scales: scales([]), &m)
      m.output(z)
    }
    #expect(found.count { $0 is DynamicQuantize } == 1)
    let products = found.compactMap { $0 as? DynamicProduct }
    #expect(products.count == 3)
    #expect(products.contains { $0.base.epilogue == Epilogue(bias: true, function: .relu) })
    #expect(!found.contains { $0 is MatMul || $0 is Cast || $0 is DynamicRounding })
  }

  /// Zero points that are no middle leave weights beyond i8: two products.
  @Test func weightsWithAZeroPoint() throws {
    let found = try operators { m in
      let x = try quantized(m.input([4, 48]), &m)
      m.output(
        try product(.matrix(MatMul()), x, weights([48, 32], low: 0), zero: 90, scales: scales([]), &m))
    }
    #expect(found.count { $0 is DynamicProduct } == 2)
    #expect(found.count { $0 is DynamicQuantize } == 1)
  }

  @Test(arguments: Pipeline.levels) func convolutionIsPaddedWithItsZeroPoint(level: Int) throws {
    let found = try operators(level: level) { m in
      let x = try quantized(m.input([2, 16, 6, 5]), &m)
      let op = Convolution(window: .square(3, stride: 2, pad: 1))
      let y = try product(
        .convolution(op), x, weights([12, 16, 3, 3], low: -127), zero: 0, scales: scales([12, 1, 1]), &m)
      m.output(try m.add(Unary(.relu), m.add(Binary(.add), y, m.weights([1, 12, 1, 1]))))
    }
    #expect(found.count { $0 is DynamicProduct } == 1)
    #expect(found.contains { ($0 as? Pad)?.hasValue == true })
    #expect(!found.contains { $0 is Convolution || $0 is DynamicRounding })
  }

  /// Depthwise, two for each channel, and groups between.
  @Test(arguments: [(144, 144), (144, 288), (4, 48)]) func groupsComputeInIntegers(
    _ groups: Int, _ outputs: Int
  ) throws {
    let found = try operators { m in
      let x = try quantized(m.input([2, 144, 6, 5]), &m)
      let op = Convolution(window: .square(3, pad: 1), groups: groups)
      let values = weights([outputs, 144 / groups, 3, 3], low: -127)
      let y = try product(.convolution(op), x, values, zero: 0, scales: scales([outputs, 1, 1]), &m)
      m.output(try m.add(Unary(.relu), m.add(Binary(.add), y, m.weights([1, outputs, 1, 1]))))
    }
    #expect(found.count { $0 is DynamicProduct } == 1)
    #expect(!found.contains { $0 is Convolution || $0 is DynamicRounding })
  }

  /// Sums that nobody scales as a whole stay what they are.
  @Test func otherSumsKeepTheirGeneralForm() throws {
    let found = try operators { m in
      let x = try quantized(m.input([4, 48]), &m)
      let other = try quantized(m.input([4, 48]), &m)
      let wrong = Quantized(x: x.x, parts: [x.parts[0], other.parts[1], x.parts[2]])
      m.output(
        try product(.matrix(MatMul()), wrong, weights([48, 32], low: -127), zero: 0, scales: scales([32]), &m))
    }
    #expect(!found.contains { $0 is IntegerSums || $0 is DynamicProduct })
    #expect(found.contains { $0 is MatMul })
  }
}
