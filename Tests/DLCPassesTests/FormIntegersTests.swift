import DLCGraph
import DLCOperators
import DLCTensor
import Testing

@testable import DLCPasses

@Suite struct FormIntegersTests {
  /// The passes that form integers, as they stand in the pipeline.
  static let formation: [Pass] = [
    .unsignedActivations, .integerMovement, .integerFunctions, .formIntegers, .fuseTables, .dequantizeConstants,
  ]

  /// Checks the outline after the formation, and that answers stay within a step of the last scale.
  private func check(
    _ after: String, step: Double = 0.1, sourceLocation: SourceLocation = #_sourceLocation,
    _ build: (inout TestModel) throws -> Void
  ) throws {
    try checkIntegers(after, step: step, sourceLocation: sourceLocation, build)
  }

  @Test func convolutionWithBiasAndRelu() throws {
    try check(
      """
      %0 = quantize(x0) u8
      %1 = qconv(%0, c[4,3,3,3], c[4]) pad1 bias then relu
      %2 = dequantize(%1) u8
      return %2
      """
    ) { m in
      let x = try m.rounded(m.input([1, 3, 5, 5]), TestModel.u8(0.02, 110))
      let op = Convolution(window: .square(3, pad: 1), epilogue: Epilogue(bias: true, function: .relu))
      let y = try m.add(op, x, m.integerWeights([4, 3, 3, 3]), m.weights([4]))
      m.output(try m.rounded(y, TestModel.u8(0.1, 0)))
    }
  }

  @Test func integerBiasOfTheSumsScaleStaysAsItIs() throws {
    var m = TestModel()
    let x = try m.rounded(m.input([1, 2, 4, 4]), TestModel.u8(0.5, 128))
    let w = try m.add(
      Dequantize(QuantizationParameters(.int8, scale: 0.25, zeroPoint: 0)), m.constant([3, -4], [1, 2, 1, 1], .int8))
    let b = try m.add(
      Dequantize(QuantizationParameters(.int32, scale: 0.125, zeroPoint: 0)), m.constant([16_777_217], [1], .int32))
    m.output(try m.add(Convolution(window: .square(1), epilogue: Epilogue(bias: true)), x, w, b))
    let result = try optimized(m.graph, Self.formation, tolerance: 1)
    let nodes = result.nodes.compactMap { $0 }
    let convolution = try #require(nodes.first { $0.op is QuantizedConvolution })
    #expect(result.constant(convolution.inputs[2])?.elements(as: Int32.self) == [16_777_217])
  }

  @Test func residualOfIntegersIsAddedInTheConvolution() throws {
    try check(
      """
      %0 = quantize(x0) u8
      %1 = quantize(x1) u8
      %2 = qconv(%0, c[3,3,1,1], %1) residual then clip
      %3 = dequantize(%2) u8
      return %3
      """
    ) { m in
      let x = try m.rounded(m.input([1, 3, 5, 5]), TestModel.u8(0.02, 110))
      let r = try m.rounded(m.input([1, 3, 5, 5]), TestModel.u8(0.03, 90))
      let op = Convolution(
        window: .square(1), epilogue: Epilogue(residual: true, function: .clip(low: -1, high: 1.5)))
      m.output(try m.rounded(m.add(op, x, m.integerWeights([3, 3, 1, 1]), r), TestModel.u8(0.1, 40)))
    }
  }

  @Test func realResidualAndFunctionFollowARealResult() throws {
    try check(
      """
      %0 = quantize(x0) u8
      %1 = qconv(%0, c[3,3,1,1]) real
      %2 = add(%1, x1)
      %3 = gelu(%2)
      %4 = quantize(%3) u8
      %5 = dequantize(%4) u8
      return %5
      """
    ) { m in
      let x = try m.rounded(m.input([1, 3, 5, 5]), TestModel.u8(0.02, 110))
      let op = Convolution(window: .square(1), epilogue: Epilogue(residual: true, function: .gelu))
      let y = try m.add(op, x, m.integerWeights([3, 3, 1, 1]), m.input([1, 3, 5, 5]))
      m.output(try m.rounded(y, TestModel.u8(0.1, 40)))
    }
  }

  @Test func resultThatIsReadAsRealIsQuantizedBeside() throws {
    try check(
      """
      %0 = quantize(x0) u8
      %1 = qconv(%0, c[2,2,1,1]) real
      %2 = quantize(%1) u8
      %3 = dequantize(%2) u8
      return %1, %3
      """
    ) { m in
      let x = try m.rounded(m.input([1, 2, 3, 3]), TestModel.u8(0.02, 110))
      let y = try m.add(Convolution(window: .square(1)), x, m.integerWeights([2, 2, 1, 1]))
      m.output(y, try m.rounded(y, TestModel.u8(0.1, 100)))
    }
  }

  @Test func transposedConvolutionRepeatsScalesForItsGroups() throws {
    var m = TestModel()
    let x = try m.rounded(m.input([1, 4, 3, 3]), TestModel.u8(0.02, 110))
    let op = ConvolutionTranspose(window: .square(2, stride: 2), outputPadding: [0, 0], groups: 2)
    m.output(try m.rounded(m.add(op, x, m.integerWeights([4, 3, 2, 2], axis: 1)), TestModel.u8(0.1, 120)))
    let result = try optimized(m.graph, Self.formation, tolerance: 0.101)
    let formed = result.nodes.compactMap { $0?.op as? QuantizedConvolutionTranspose }.first
    #expect(formed?.scheme.weightScales == (0..<6).map { 0.002 + 0.0005 * Float($0 % 3) })
  }

  @Test func weightsOfU8BecomeSignedWhereTheyFit() throws {
    for (zero, values, fits) in [
      (128, [0.0, 255, 128, 7], true), (3, [100, 0, 130, 5], true), (3, [255, 0, 1, 2], false),
    ]
      as [(Int32, [Double], Bool)]
    {
      var m = TestModel()
      let x = try m.rounded(m.input([3, 2]), TestModel.u8(0.02, 128))
      let w = try m.add(
        Dequantize(QuantizationParameters(.uint8, scale: 0.01, zeroPoint: zero)), m.constant(values, [2, 2], .uint8))
      m.output(try m.rounded(m.add(MatMul(), x, w), TestModel.u8(0.1, 120)))
      let result = try optimized(m.graph, Self.formation, tolerance: 0.101)
      #expect(result.nodes.contains { $0?.op is QuantizedMatMul } == fits)
      #expect(result.nodes.contains { $0?.op is MatMul } != fits)
    }
  }

  @Test func dequantizedSummandBecomesTheBiasAndTheTablePassesAReshape() throws {
    var m = TestModel()
    let x = try m.rounded(m.input([6, 3]), TestModel.u8(0.5, 128))
    let w = try m.add(
      Dequantize(QuantizationParameters(.int8, scale: 0.25, zeroPoint: 0)),
      m.constant([3, -4, 1, 2, 7, -9], [3, 2], .int8))
    let b = try m.add(
      Dequantize(QuantizationParameters(.int32, scale: 0.125, zeroPoint: 0)), m.constant([5, -70], [2], .int32))
    let sum = try m.rounded(m.add(Binary(.add), b, m.add(MatMul(), x, w)), TestModel.u8(1, 128))
    let y = try m.add(Unary(.gelu), m.add(Reshape(shape: [3, 2, 2]), sum))
    m.output(try m.rounded(y, TestModel.u8(0.5, 10)))
    let result = try optimized(m.graph, [.foldAffine] + Self.formation, tolerance: 0.51)
    let nodes = result.nodes.compactMap { $0 }
    let product = try #require(nodes.first { $0.op is QuantizedMatMul })
    #expect(result.constant(product.inputs[2])?.elements(as: Int32.self) == [5, -70])
    #expect((product.op as? QuantizedMatMul)?.scheme.table != nil)
    #expect(!nodes.contains { $0.op is LookupTable || $0.op is Binary })
  }

  @Test func productOfActivationsTakesAnyZeroPoints() throws {
    for zero in [0, 3, 120, 127, 128, 131, 255] as [Int32] {
      var m = TestModel()
      let a = try m.rounded(m.input([2, 3, 4]), TestModel.u8(0.02, 100))
      let b = try m.rounded(m.input([2, 5, 4]), TestModel.u8(0.02, zero))
      m.output(try m.rounded(m.add(MatMul(transposeB: true), a, b), TestModel.u8(0.1, 120)))
      let result = try optimized(m.graph, Self.formation, tolerance: 0.101)
      #expect(result.nodes.contains { ($0?.op as? QuantizedMatMul)?.scheme.weightZeroPoint == zero })
    }
  }

  @Test func sumsThatPass31BitsStayReal() throws {
    var m = TestModel()
    let x = try m.rounded(m.input([1, 70_000]), TestModel.u8(0.02, 0))
    let w = try m.add(
      Dequantize(QuantizationParameters(.int8, scale: 0.01, zeroPoint: 0)),
      m.constant([Double](repeating: 127, count: 70_000), [70_000, 1], .int8))
    m.output(try m.add(MatMul(), x, w))
    #expect(try optimized(m.graph, Self.formation).nodes.contains { $0?.op is MatMul })
  }

  @Test func elementwiseOperationsWithTwoScales() throws {
    for kind in [Binary.Kind.add, .subtract, .multiply, .minimum, .maximum] {
      try check(
        """
        %0 = quantize(x0) u8
        %1 = quantize(x1) u8
        %2 = q\(Binary(kind).mnemonic)(%0, %1) then relu
        %3 = dequantize(%2) u8
        return %3
        """
      ) { m in
        let a = try m.rounded(m.input([2, 3, 4]), TestModel.u8(0.02, 100))
        let b = try m.rounded(m.input([3, 1]), TestModel.u8(0.03, 90))
        m.output(try m.rounded(m.add(Binary(kind, then: .relu), a, b), TestModel.u8(0.1, 10)))
      }
    }
  }

  @Test func poolsReductionsAndSoftmax() throws {
    try check(
      """
      %0 = quantize(x0) u8
      %1 = qpool.average(%0)
      %2 = qreduce.mean(%1)
      %3 = qsoftmax(%2)
      %4 = dequantize(%3) u8
      return %4
      """, step: 0.01
    ) { m in
      let x = try m.rounded(m.input([1, 6, 5, 5]), TestModel.u8(0.02, 110))
      let pool = Pool(.average(countsPadding: false), window: .square(3, stride: 2, pad: 1))
      let pooled = try m.rounded(m.add(pool, x), TestModel.u8(0.015, 120))
      let mean = try m.rounded(m.add(Reduce(.mean, axes: [2, 3], keepsAxes: false), pooled), TestModel.u8(0.01, 128))
      m.output(try m.rounded(m.add(Softmax(.softmax, axis: 1), mean), TestModel.u8(1.0 / 256, 0)))
    }
  }

  @Test func reductionForRealReadersIsReal() throws {
    try check(
      """
      %0 = quantize(x0) u8
      %1 = qreduce.sum(%0) real
      return %1
      """, step: 1e-4
    ) { m in
      m.output(
        try m.add(Reduce(.sum, axes: [1], keepsAxes: true), m.rounded(m.input([2, 9]), TestModel.u8(0.02, 110))))
    }
  }

  @Test func weightsOfWhatStaysRealAreConstantsAgain() throws {
    try check(
      """
      %0 = conv(x0, c[2,2,1,1])
      return %0
      """, step: 1e-4
    ) { m in
      m.output(try m.add(Convolution(window: .square(1)), m.input([1, 2, 3, 3]), m.integerWeights([2, 2, 1, 1])))
    }
  }
}
