import DLCGraph
import DLCOperators
import DLCTensor
import Testing

@testable import DLCPasses

@Suite struct FoldingTests {
  @Test func foldsConstants() throws {
    try check(
      [.foldConstants],
      before: """
        %0 = transpose(c[3,4]) [1,0]
        %1 = add(%0, c[4,3])
        %2 = multiply(x0, %1)
        return %2
        """,
      after: """
        %0 = multiply(x0, c[4,3])
        return %0
        """
    ) { m in
      let x = m.input([4, 3])
      let turned = try m.add(Transpose(permutation: [1, 0]), m.weights([3, 4]))
      m.output(try m.add(Binary(.multiply), x, m.add(Binary(.add), turned, m.weights([4, 3]))))
    }
  }

  @Test func foldsConstantOnlyWithinBudget() throws {
    var m = TestModel()
    let x = m.input([200, 200])
    let large = try m.add(Expand(shape: [200, 200]), m.weights([200, 1]))
    m.output(try m.add(Concatenate(axis: 0), x, large))
    #expect(try optimized(m.graph, [.foldConstants]).outline == m.graph.outline)
  }

  @Test func removesDeadNodes() throws {
    try check(
      [.removeDead],
      before: """
        %0 = exp(x0)
        %1 = relu(x0)
        %2 = sin(%0)
        return %1
        """,
      after: """
        %0 = relu(x0)
        return %0
        """
    ) { m in
      let x = m.input([3])
      let dead = try m.add(Unary(.exp), x)
      m.output(try m.add(Unary(.relu), x))
      _ = try m.add(Unary(.sin), dead)
    }
  }

  @Test func sharesEqualNodesAndConstants() throws {
    try check(
      [.shareCommon],
      before: """
        %0 = add(x0, c[3])
        %1 = add(x0, c[3])
        %2 = sin(%0)
        %3 = sin(%1)
        %4 = multiply(%2, %3)
        return %4
        """,
      after: """
        %0 = add(x0, c[3])
        %1 = sin(%0)
        %2 = multiply(%1, %1)
        return %2
        """
    ) { m in
      let x = m.input([3])
      let a = try m.add(Binary(.add), x, m.constant([1, 2, 3], [3]))
      let b = try m.add(Binary(.add), x, m.constant([1, 2, 3], [3]))
      m.output(try m.add(Binary(.multiply), m.add(Unary(.sin), a), m.add(Unary(.sin), b)))
    }
  }

  @Test func outputsOfTheModelAreNotMadeOne() throws {
    var m = TestModel()
    let x = m.input([3])
    m.output(try m.add(Unary(.sin), x), try m.add(Unary(.sin), x))
    #expect(try optimized(m.graph, [.shareCommon]).nodeCount == 2)
  }

  @Test(arguments: [ElementType.float16, .bfloat16]) func widensHalves(element: ElementType) throws {
    try check(
      [.widenHalf],
      before: """
        %0 = matmul(x0, c[3,2])
        %1 = relu(%0)
        %2 = cast(%1)
        return %1, %2
        """,
      after: """
        %0 = cast(x0)
        %1 = matmul(%0, c[3,2])
        %2 = relu(%1)
        %3 = cast(%2)
        return %3, %2
        """, tolerance: 0.05
    ) { m in
      let x = m.input([2, 3], element)
      let y = try m.add(Unary(.relu), m.add(MatMul(), x, m.weights([3, 2], element)))
      m.output(y, try m.add(Cast(to: .float32), y))
    }
  }

  @Test func foldsBatchNormIntoConvolution() throws {
    try check(
      [.fuseBatchNorm],
      before: """
        %0 = conv(x0, c[4,2,3,3], c[4]) pad1 bias
        %1 = batch_norm(%0, c[4], c[4], c[4], c[4])
        return %1
        """,
      after: """
        %0 = conv(x0, c[4,2,3,3], c[4]) pad1 bias
        return %0
        """
    ) { m in
      let x = m.input([1, 4, 5, 5])
      m.output(try m.batchNorm(m.conv(x, to: 4, groups: 2, epilogue: Epilogue(bias: true), m.weights([4]))))
    }
  }

  @Test(arguments: [1, 2]) func foldsBatchNormIntoTransposedConvolution(groups: Int) throws {
    var m = TestModel()
    let x = m.input([1, 4, 3, 3])
    let op = ConvolutionTranspose(window: .square(2, stride: 2), outputPadding: [0, 0], groups: groups)
    m.output(try m.batchNorm(m.add(op, x, m.weights([4, 6 / groups, 2, 2]))))
    let result = try optimized(m.graph, [.fuseBatchNorm])
    #expect(result.outline == "%0 = conv_transpose(x0, c[4,\(6 / groups),2,2], c[6]) bias\nreturn %0")
  }

  @Test func decomposesOtherBatchNorms() throws {
    try check(
      [.decomposeBatchNorm],
      before: """
        %0 = batch_norm(x0, c[2], c[2], c[2], c[2])
        return %0
        """,
      after: """
        %0 = multiply(x0, c[2,1,1])
        %1 = add(%0, c[2,1,1])
        return %1
        """
    ) { m in m.output(try m.batchNorm(m.input([1, 2, 3, 3]))) }
    var m = TestModel()
    let x = m.input([2, 3, 2, 2])
    let statistics = try m.add(Unary(.exp), m.input([3]))
    m.output(try m.add(BatchNormalization(epsilon: 1e-3), x, statistics, m.weights([3]), m.weights([3]), statistics))
    let result = try optimized(m.graph, [.decomposeBatchNorm])
    #expect(result.topologicalOrder()?.contains { result[$0].op is BatchNormalization } == false)
  }

  @Test func foldsScaleAndShiftAfterContractions() throws {
    try check(
      [.foldAffine],
      before: """
        %0 = conv(x0, c[4,2,3,3]) pad1
        %1 = multiply(%0, c[4,1,1])
        %2 = subtract(%1, c[1,4,1,1])
        %3 = divide(%2, 3.0)
        return %3
        """,
      after: """
        %0 = conv(x0, c[4,2,3,3], c[4]) pad1 bias
        return %0
        """
    ) { m in
      let y = try m.conv(m.input([1, 2, 4, 4]), to: 4)
      let scaled = try m.add(Binary(.multiply), y, m.weights([4, 1, 1]))
      let shifted = try m.add(Binary(.subtract), scaled, m.weights([1, 4, 1, 1]))
      m.output(try m.add(Binary(.divide), shifted, m.constant([3])))
    }
  }

  @Test(arguments: [false, true]) func foldsIntoMatrixProducts(transposed: Bool) throws {
    var m = TestModel()
    let x = m.input([2, 3])
    let before = try m.add(Binary(.add), m.add(Binary(.multiply), x, m.weights([3])), m.weights([1, 3]))
    let y = try m.add(MatMul(transposeB: transposed), before, m.weights(transposed ? [5, 3] : [3, 5]))
    m.output(try m.add(Binary(.subtract), m.weights([5]), y))
    let result = try optimized(m.graph, [.foldAffine])
    #expect(result.nodeCount == 1)
  }

  @Test func shiftBeforePaddedConvolutionStays() throws {
    try check(
      [.foldAffine],
      before: """
        %0 = subtract(x0, c[2,1,1])
        %1 = multiply(%0, c[2,1,1])
        %2 = conv(%1, c[3,2,3,3]) pad1
        return %2
        """,
      after: """
        %0 = subtract(x0, c[2,1,1])
        %1 = conv(%0, c[3,2,3,3]) pad1
        return %1
        """
    ) { m in
      let x = try m.add(Binary(.subtract), m.input([1, 2, 4, 4]), m.weights([2, 1, 1]))
      m.output(try m.conv(m.add(Binary(.multiply), x, m.weights([2, 1, 1])), to: 3))
    }
    var m = TestModel()
    let x = try m.add(Binary(.subtract), m.input([1, 4, 4, 4]), m.weights([4, 1, 1]))
    m.output(try m.conv(x, to: 6, pad: 0, groups: 2))
    #expect(try optimized(m.graph, [.foldAffine]).nodeCount == 1)
  }

  @Test func scaleAcrossPixelsOrWithResidualStays() throws {
    var m = TestModel()
    let y = try m.conv(m.input([1, 2, 4, 4]), to: 4)
    let varied = try m.add(Binary(.multiply), y, m.weights([4, 4]))
    let r = m.input([1, 4, 4, 4])
    let residual = try m.conv(varied, to: 4, epilogue: Epilogue(residual: true), r)
    m.output(try m.add(Binary(.multiply), residual, m.weights([4, 1, 1])))
    #expect(try optimized(m.graph, [.foldAffine]).outline == m.graph.outline)
  }

  @Test func padsInsideTheWindow() throws {
    try check(
      [.fusePadding],
      before: """
        %0 = pad.constant(x0)
        %1 = conv(%0, c[3,2,3,3]) pad1
        return %1
        """,
      after: """
        %0 = conv(x0, c[3,2,3,3]) pad2
        return %0
        """
    ) { m in
      let padded = try m.add(Pad(.constant, before: [0, 0, 1, 1], after: [0, 0, 1, 2]), m.input([1, 2, 4, 4]))
      m.output(try m.conv(padded, to: 3))
    }
    var m = TestModel()
    let x = m.input([1, 2, 4, 4])
    let pad = Pad(.constant, before: [0, 0, 1, 1], after: [0, 0, 1, 1])
    let averaged = try m.add(Pool(.average(countsPadding: true), window: .square(3)), m.add(pad, x))
    m.output(averaged, try m.add(Pool(.maximum, window: .square(2)), m.add(pad, x)))
    let mirrored = try m.add(Pad(.reflect, before: [0, 0, 1, 1], after: [0, 0, 1, 1]), x)
    m.output(
      try m.conv(mirrored, to: 3),
      try m.conv(m.add(Pad(.constant, before: [0, 1, 0, 0], after: [0, 0, 0, 0]), x), to: 2))
    #expect(try optimized(m.graph, [.fusePadding]).nodeCount == m.graph.nodeCount - 1)
  }
}
