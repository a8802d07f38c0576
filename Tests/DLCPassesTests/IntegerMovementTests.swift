import DLCGraph
import DLCOperators
import DLCTensor
import Testing

@testable import DLCPasses

@Suite struct IntegerMovementTests {
  private let p = TestModel.u8(0.02, 110)

  @Test func movementAndMaxPoolingBetweenEqualScalesRunOnBytes() throws {
    try checkIntegers(
      """
      %0 = quantize(x0) u8
      %1 = pool.max(%0)
      %2 = transpose(%1) [0,2,3,1]
      %3 = reshape(%2) [9,2]
      %4 = dequantize(%3) u8
      return %4
      """
    ) { m in
      let x = try m.rounded(m.input([1, 2, 6, 6]), p)
      let pooled = try m.rounded(m.add(Pool(.maximum, window: .square(2, stride: 2)), x), p)
      let turned = try m.add(Transpose(permutation: [0, 2, 3, 1]), pooled)
      m.output(try m.rounded(m.add(Reshape(shape: [9, 2]), turned), p))
    }
  }

  @Test func quantizationComesBeforeMovementOfRealNumbers() throws {
    try checkIntegers(
      """
      %0 = quantize(x0) u8
      %1 = qconv(%0, c[2,2,1,1])
      %2 = reshape(%1) [2,9]
      %3 = dequantize(%2) u8
      return %3
      """, step: 0.1
    ) { m in
      let x = try m.rounded(m.input([1, 2, 3, 3]), p)
      let y = try m.add(Convolution(window: .square(1)), x, m.integerWeights([2, 2, 1, 1]))
      m.output(try m.rounded(m.add(Reshape(shape: [2, 9]), y), TestModel.u8(0.1, 100)))
    }
  }

  @Test func concatenationRequantizesWhatDiffers() throws {
    try checkIntegers(
      """
      %0 = quantize(x0) u8
      %1 = quantize(x1) u8
      %2 = lookup(%1) u8 to u8
      %3 = concat(%0, %2)
      %4 = dequantize(%3) u8
      return %4
      """
    ) { m in
      let a = try m.rounded(m.input([2, 3]), p)
      let b = try m.rounded(m.input([2, 3]), TestModel.u8(0.03, 90))
      m.output(try m.rounded(m.add(Concatenate(axis: 1), a, b), p))
    }
  }

  @Test func paddingBecomesTheZeroPoint() throws {
    var m = TestModel()
    let x = try m.rounded(m.input([2, 3]), p)
    m.output(try m.rounded(m.add(Pad(.constant, before: [0, 1], after: [0, 1]), x), p))
    let result = try optimized(m.graph, FormIntegersTests.formation, tolerance: 1e-6)
    #expect(
      result.outline == """
        %0 = quantize(x0) u8
        %1 = pad.constant(%0, 110.0)
        %2 = dequantize(%1) u8
        return %2
        """)
  }

  @Test func valueThatIsNoIntegerIsNotPaddedWith() throws {
    var m = TestModel()
    let x = try m.rounded(m.input([2, 3]), p)
    m.output(try m.add(Pad(.constant, before: [0, 1], after: [0, 1], hasValue: true), x, m.constant([0.013])))
    #expect(try optimized(m.graph, FormIntegersTests.formation, tolerance: 1e-6).outline == m.graph.outline)
  }

  @Test func sameParametersVanishAndOthersAreATable() throws {
    try checkIntegers(
      """
      %0 = quantize(x0) u8
      %1 = lookup(%0) u8 to u8
      %2 = dequantize(%1) u8
      return %2
      """
    ) { m in
      let twice = try m.rounded(m.rounded(m.input([2, 3]), p), p)
      m.output(try m.rounded(twice, TestModel.u8(0.05, 30)))
    }
  }

  @Test func signedActivationsBecomeUnsigned() throws {
    let p = QuantizationParameters(.int8, scale: 0.02, zeroPoint: -3)
    try checkIntegers(
      """
      %0 = quantize(x0) u8
      %1 = pool.max(%0)
      %2 = lookup(%1) u8 to i8
      %3 = dequantize(%1) u8
      return %2, %3
      """
    ) { m in
      let pooled = try m.add(Pool(.maximum, window: .square(2)), m.add(Quantize(p), m.input([1, 2, 3, 3])))
      m.output(pooled, try m.add(Dequantize(p), pooled))
    }
  }

  @Test func signedInputAndOutputKeepTheirType() throws {
    let p = QuantizationParameters(.int8, scale: 0.02, zeroPoint: -3)
    let q = QuantizationParameters(.int8, scale: 0.1, zeroPoint: 4)
    try checkIntegers(
      """
      %0 = lookup(x0) i8 to u8
      %1 = qconv(%0, c[2,2,1,1])
      %2 = lookup(%1) u8 to i8
      return %2
      """, step: 1
    ) { m in
      let x = try m.add(Dequantize(p), m.input([1, 2, 3, 3], .int8))
      m.output(try m.add(Quantize(q), m.add(Convolution(window: .square(1)), x, m.integerWeights([2, 2, 1, 1]))))
    }
  }

  @Test func constantIntegersKeepTheirScalesWhenTheyMove() throws {
    var m = TestModel()
    let x = try m.rounded(m.input([3, 4]), p)
    let turned = try m.add(Transpose(permutation: [1, 0]), m.integerWeights([5, 4]))
    m.output(try m.rounded(m.add(MatMul(), x, turned), TestModel.u8(0.1, 100)))
    let result = try optimized(m.graph, FormIntegersTests.formation, tolerance: 0.101)
    let product = result.nodes.compactMap { $0?.op as? QuantizedMatMul }.first
    #expect(product?.scheme.weightScales.count == 5)
  }
}
