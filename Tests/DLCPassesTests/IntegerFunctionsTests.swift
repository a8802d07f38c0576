import DLCGraph
import DLCOperators
import DLCTensor
import Testing

@testable import DLCPasses

@Suite struct IntegerFunctionsTests {
  private let p = TestModel.u8(0.02, 110)
  private let q = TestModel.u8(0.01, 30)

  @Test func chainOfFunctionsAndScalarsIsOneTable() throws {
    try checkIntegers(
      """
      %0 = quantize(x0) u8
      %1 = lookup(%0) u8 to u8
      %2 = dequantize(%1) u8
      return %2
      """
    ) { m in
      let x = try m.rounded(m.input([2, 3]), p)
      let y = try m.add(Binary(.add), m.add(Unary(.gelu), x), m.constant([0.3]))
      m.output(try m.rounded(m.add(Binary(.multiply, then: .relu), y, m.constant([1.2], [1, 1])), q))
    }
  }

  @Test func productWithItsOwnSigmoidIsOneTable() throws {
    try checkIntegers(
      """
      %0 = quantize(x0) u8
      %1 = lookup(%0) u8 to u8
      %2 = dequantize(%1) u8
      return %2
      """
    ) { m in
      let x = try m.rounded(m.input([2, 3]), p)
      let gate = try m.rounded(m.add(Unary(.sigmoid), x), TestModel.u8(1.0 / 256, 0))
      m.output(try m.rounded(m.add(Binary(.multiply), x, gate), q))
    }
  }

  @Test func realResultsAreLookedUp() throws {
    try checkIntegers(
      """
      %0 = quantize(x0) u8
      %1 = lookup(%0) u8 to f32
      return %1
      """
    ) { m in
      m.output(try m.add(Unary(.tanh), m.add(Unary(.exp), m.rounded(m.input([2, 3]), p))))
    }
  }

  @Test func tableGoesIntoTheConvolutionBeforeIt() throws {
    try checkIntegers(
      """
      %0 = quantize(x0) u8
      %1 = qconv(%0, c[2,2,1,1]) table
      %2 = dequantize(%1) u8
      return %2
      """, step: 0.1
    ) { m in
      let x = try m.rounded(m.input([1, 2, 3, 3]), p)
      let y = try m.rounded(
        m.add(Convolution(window: .square(1)), x, m.integerWeights([2, 2, 1, 1])), TestModel.u8(0.05, 128))
      m.output(try m.rounded(m.add(Unary(.hardSwish), y), TestModel.u8(0.04, 20)))
    }
  }

  @Test func tableOfAResultThatOthersReadStaysApart() throws {
    try checkIntegers(
      """
      %0 = quantize(x0) u8
      %1 = quantize(x1) u8
      %2 = qadd(%0, %1)
      %3 = dequantize(%2) u8
      %4 = lookup(%2) u8 to u8
      %5 = dequantize(%4) u8
      return %3, %5
      """, step: 0.02
    ) { m in
      let sum = try m.rounded(
        m.add(Binary(.add), m.rounded(m.input([4]), p), m.rounded(m.input([4]), p)), TestModel.u8(0.02, 128))
      m.output(sum, try m.rounded(m.add(Unary(.silu(alpha: 1)), sum), q))
    }
  }

  @Test func twoTablesInARowAreOne() throws {
    try checkIntegers(
      """
      %0 = quantize(x0) u8
      %1 = quantize(x1) u8
      %2 = qadd(%0, %1) table
      %3 = dequantize(%2) u8
      return %3
      """, step: 0.04
    ) { m in
      let sum = try m.rounded(
        m.add(Binary(.add), m.rounded(m.input([4]), p), m.rounded(m.input([4]), p)), TestModel.u8(0.02, 128))
      m.output(try m.rounded(m.rounded(m.add(Unary(.elu(alpha: 1)), sum), q), TestModel.u8(0.013, 25)))
    }
  }
}
