import DLCGraph
import DLCOperators
import DLCTensor
import Testing

@testable import DLCPasses

@Suite struct FusionTests {
  @Test func fusesActivations() throws {
    try check(
      [.fuseActivation],
      before: """
        %0 = conv(x0, c[3,2,3,3]) pad1
        %1 = gelu(%0)
        %2 = multiply(%1, x1)
        %3 = relu(%2)
        %4 = exp(%3)
        return %4
        """,
      after: """
        %0 = conv(x0, c[3,2,3,3]) pad1 then gelu
        %1 = multiply(%0, x1) then relu
        %2 = exp(%1)
        return %2
        """
    ) { m in
      let y = try m.add(Unary(.gelu), m.conv(m.input([1, 2, 4, 4]), to: 3))
      let product = try m.add(Binary(.multiply), y, m.input([1, 3, 4, 4]))
      m.output(try m.add(Unary(.exp), m.add(Unary(.relu), product)))
    }
  }

  @Test func fusesActivationIntoInstanceNormalization() throws {
    var m = TestModel()
    let normal = try m.add(InstanceNormalization(epsilon: 1e-5), m.input([1, 2, 4, 4]), m.weights([2]), m.weights([2]))
    m.output(try m.add(Unary(.relu), normal))
    #expect(try optimized(m.graph, [.fuseActivation]).nodeCount == 1)
  }

  @Test func scaleAndShiftOfAnImageIsOneStep() throws {
    try check(
      [.affineAsDepthwise],
      before: """
        %0 = multiply(c[1,1,1,3], x0)
        %1 = add(%0, c[3])
        %2 = add(%1, x1)
        return %2
        """,
      after: """
        %0 = conv(x0, c[3,1,1,1], c[3]) last bias
        %1 = add(%0, x1)
        return %1
        """
    ) { m in
      let x = m.input([2, 4, 4, 3])
      let product = try m.add(Binary(.multiply), m.weights([1, 1, 1, 3]), x)
      m.output(try m.add(Binary(.add), m.add(Binary(.add), product, m.weights([3])), m.input([2, 4, 4, 3])))
    }
  }

  @Test func resultThatOthersReadIsNotFused() throws {
    var m = TestModel()
    let y = try m.conv(m.input([1, 2, 4, 4]), to: 2)
    m.output(y, try m.add(Unary(.relu), y))
    let z = try m.conv(m.input([1, 2, 4, 4]), to: 2)
    m.output(try m.add(Binary(.add), m.add(Unary(.relu), z), z))
    #expect(try optimized(m.graph, [.fuseActivation, .fuseResidual]).outline == m.graph.outline)
  }

  @Test func fusesResiduals() throws {
    try check(
      [.fuseResidual, .fuseActivation],
      before: """
        %0 = conv(x0, c[2,2,3,3]) pad1
        %1 = conv(%0, c[2,2,3,3]) pad1
        %2 = add(%0, %1)
        %3 = relu(%2)
        return %3
        """,
      after: """
        %0 = conv(x0, c[2,2,3,3]) pad1
        %1 = conv(%0, c[2,2,3,3], %0) pad1 residual then relu
        return %1
        """
    ) { m in
      let a = try m.conv(m.input([1, 2, 4, 4]), to: 2)
      m.output(try m.add(Unary(.relu), m.add(Binary(.add), a, m.conv(a, to: 2))))
    }
  }

  @Test func additionAfterAnActivationIsNoResidual() throws {
    try check(
      [.fuseActivation, .fuseResidual],
      before: """
        %0 = conv(x0, c[2,2,3,3]) pad1
        %1 = relu(%0)
        %2 = add(%1, x0)
        return %2
        """,
      after: """
        %0 = conv(x0, c[2,2,3,3]) pad1 then relu
        %1 = add(%0, x0)
        return %1
        """
    ) { m in
      let x = m.input([1, 2, 4, 4])
      m.output(try m.add(Binary(.add), m.add(Unary(.relu), m.conv(x, to: 2)), x))
    }
  }

  @Test func broadcastAdditionIsNoResidual() throws {
    var m = TestModel()
    let y = try m.conv(m.input([1, 2, 4, 4]), to: 3)
    m.output(try m.add(Binary(.add), y, m.input([1, 3, 1, 1])))
    #expect(try optimized(m.graph, [.fuseResidual]).outline == m.graph.outline)
  }

  @Test func readsMatrixOperandsTransposed() throws {
    try check(
      [.transposesIntoMatMul],
      before: """
        %0 = transpose(x0) [0,2,1]
        %1 = transpose(x1) [0,2,3,1]
        %2 = matmul(%0, %1)
        return %2
        """,
      after: """
        %0 = transpose(x1) [0,2,1,3]
        %1 = matmul(x0, %0) ta tb
        return %1
        """
    ) { m in
      let a = try m.add(Transpose(permutation: [0, 2, 1]), m.input([2, 3, 4]))
      let b = try m.add(Transpose(permutation: [0, 2, 3, 1]), m.input([1, 5, 2, 3]))
      m.output(try m.add(MatMul(), a, b))
    }
  }

  private typealias Spelling = (_ m: inout TestModel, _ x: ValueID) throws -> ValueID

  /// Expects that the spelling of a function becomes one `Unary` of it.
  private func recognizes(
    _ function: Function, sourceLocation: SourceLocation = #_sourceLocation, _ spell: Spelling
  ) throws {
    var m = TestModel()
    let x = m.input([3, 5])
    m.output(try spell(&m, x))
    let result = try optimized(
      m.graph, [.canonicalize, .recognizeFunctions], tolerance: 2e-3, sourceLocation: sourceLocation)
    #expect(result.nodeCount == 1, "\(result)", sourceLocation: sourceLocation)
    #expect(
      result.topologicalOrder()?.compactMap { result[$0].op as? Unary } == [Unary(function)],
      sourceLocation: sourceLocation)
  }

  @Test func recognizesHardFunctions() throws {
    func relu6(_ m: inout TestModel, _ x: ValueID) throws -> ValueID {
      try m.add(Unary(.clip(low: 0, high: 6)), m.add(Binary(.add), m.constant([3]), x))
    }
    try recognizes(.hardSwish) { m, x in
      try m.add(Binary(.divide), m.add(Binary(.multiply), x, relu6(&m, x)), m.constant([6]))
    }
    try recognizes(.hardSwish) { m, x in
      try m.add(Binary(.multiply), m.add(Binary(.divide), relu6(&m, x), m.constant([6])), x)
    }
    try recognizes(.hardSwish) { m, x in
      try m.add(Binary(.multiply), m.add(Unary(.hardSigmoid(alpha: 1 / 6, beta: 0.5)), x), x)
    }
    try recognizes(.hardSigmoid(alpha: 1 / 6, beta: 0.5)) { m, x in
      try m.add(Binary(.multiply), relu6(&m, x), m.constant([0.16666667]))
    }
  }

  @Test func recognizesGelu() throws {
    func sum(_ m: inout TestModel, _ x: ValueID, by root: ValueID, _ kind: Binary.Kind) throws -> ValueID {
      let erf = try m.add(Unary(.erf), m.add(Binary(kind), x, root))
      return try m.add(Binary(.add), erf, m.constant([1]))
    }
    try recognizes(.gelu) { m, x in
      let product = try m.add(Binary(.multiply), x, sum(&m, x, by: m.constant([1.4142135]), .divide))
      return try m.add(Binary(.multiply), product, m.constant([0.5]))
    }
    try recognizes(.gelu) { m, x in
      let half = try m.add(Binary(.divide), x, m.constant([2], [1]))
      return try m.add(Binary(.multiply), half, sum(&m, x, by: m.constant([0.70710678]), .multiply))
    }
    try recognizes(.geluTanh) { m, x in
      let cube = try m.add(Binary(.multiply), m.constant([0.044715]), m.add(Binary(.power), x, m.constant([3])))
      let inner = try m.add(Binary(.multiply), m.add(Binary(.add), x, cube), m.constant([0.79788458]))
      let outer = try m.add(Binary(.add), m.add(Unary(.tanh), inner), m.constant([1]))
      return try m.add(Binary(.multiply), m.add(Binary(.multiply), x, m.constant([0.5])), outer)
    }
  }

  @Test func recognizesOtherFunctions() throws {
    try recognizes(.silu(alpha: 1)) { m, x in try m.add(Binary(.multiply), x, m.add(Unary(.sigmoid), x)) }
    try recognizes(.silu(alpha: 1.702)) { m, x in
      try m.add(Binary(.multiply), x, m.add(Unary(.sigmoid), m.add(Binary(.multiply), m.constant([1.702]), x)))
    }
    try recognizes(.mish) { m, x in try m.add(Binary(.multiply), x, m.add(Unary(.tanh), m.add(Unary(.softplus), x))) }
    try recognizes(.softplus) { m, x in
      try m.add(Unary(.log), m.add(Binary(.add), m.add(Unary(.exp), x), m.constant([1])))
    }
    try recognizes(.softsign) { m, x in
      try m.add(Binary(.divide), x, m.add(Binary(.add), m.constant([1]), m.add(Unary(.abs), x)))
    }
    try recognizes(.sigmoid) { m, x in
      try m.add(
        Binary(.divide), m.constant([1]),
        m.add(Binary(.add), m.constant([1]), m.add(Unary(.exp), m.add(Unary(.negate), x))))
    }
    try recognizes(.leakyRelu(slope: 0.25)) { m, x in
      try m.add(Binary(.maximum), x, m.add(Binary(.multiply), x, m.constant([0.25])))
    }
    try recognizes(.leakyRelu(slope: 0.25)) { m, x in try m.add(Binary(.prelu), x, m.constant([0.25], [1])) }
  }

  @Test func productOfDifferentValuesIsNoSilu() throws {
    var m = TestModel()
    let x = m.input([3])
    m.output(try m.add(Binary(.multiply), m.input([3]), m.add(Unary(.sigmoid), x)))
    #expect(try optimized(m.graph, [.recognizeFunctions]).outline == m.graph.outline)
  }

  /// A layer normalization over `axes` as PyTorch's exporter of opset 16 and older spells it.
  private func spelledLayerNorm(_ m: inout TestModel, _ x: ValueID, axes: [Int], scale: [Int]) throws -> ValueID {
    let centered = try m.add(Binary(.subtract), x, m.add(Reduce(.mean, axes: axes, keepsAxes: true), x))
    let squares = try m.add(Binary(.power), centered, m.constant([2]))
    let variance = try m.add(
      Binary(.add), m.add(Reduce(.mean, axes: axes, keepsAxes: true), squares), m.constant([1e-5]))
    let normal = try m.add(Binary(.divide), centered, m.add(Unary(.sqrt), variance))
    return try m.add(Binary(.add), m.add(Binary(.multiply), normal, m.weights(scale)), m.weights(scale))
  }

  @Test func recognizesLayerNorm() throws {
    var m = TestModel()
    m.output(try spelledLayerNorm(&m, m.input([2, 3, 8]), axes: [2], scale: [8]))
    let passes: [Pass] = [.canonicalize, .recognizeFunctions, .recognizeLayerNorm]
    #expect(try optimized(m.graph, passes).outline == "%0 = layer_norm(x0, c[8], c[8])\nreturn %0")
  }

  @Test func recognizesLayerNormOverChannels() throws {
    var m = TestModel()
    let x = try m.conv(m.input([1, 1, 4, 4]), to: 6)
    m.output(try m.conv(spelledLayerNorm(&m, x, axes: [1], scale: [6, 1, 1]), to: 2))
    let result = try optimized(m.graph, Pipeline.standard(level: 2))
    #expect(
      result.outline == """
        %0 = reshape(x0) [1,4,4,1]
        %1 = conv(%0, c[6,3,3,1]) last pad1
        %2 = layer_norm(%1, c[6], c[6])
        %3 = conv(%2, c[2,3,3,6]) last pad1
        %4 = transpose(%3) [0,3,1,2]
        return %4
        """)
  }

  @Test func recognizesRootMeanSquareNorm() throws {
    var m = TestModel()
    let x = m.input([2, 3, 8])
    let squares = try m.add(Reduce(.mean, axes: [2], keepsAxes: true), m.add(Binary(.power), x, m.constant([2])))
    let root = try m.add(Unary(.sqrt), m.add(Binary(.add), squares, m.constant([1e-6])))
    let normal = try m.add(Binary(.multiply), x, m.add(Unary(.reciprocal), root))
    m.output(try m.add(Binary(.multiply), m.weights([8]), normal))
    let passes: [Pass] = [.canonicalize, .recognizeFunctions, .recognizeLayerNorm]
    let result = try optimized(m.graph, passes)
    #expect(result.nodeCount == 1)
    #expect((result.topologicalOrder()?.first.map { result[$0].op as? LayerNormalization })??.kind == .rootMeanSquare)
  }
}
