import DLCGraph
import DLCOperators
import DLCTensor
import Testing

@testable import DLCPasses

@Suite struct LayoutTests {
  private static let layout: [Pass] = [
    .spatialChannelsLast, .alignRanks, .mergeTransposes, .shareCommon, .chooseLayout, .mergeTransposes,
  ]

  @Test func turnsSpatialOperators() throws {
    try check(
      [.spatialChannelsLast],
      before: """
        %0 = conv(x0, c[3,2,3,3]) pad1
        return %0
        """,
      after: """
        %0 = transpose(x0) [0,2,3,1]
        %1 = conv(%0, c[3,3,3,2]) last pad1
        %2 = transpose(%1) [0,3,1,2]
        return %2
        """
    ) { m in m.output(try m.conv(m.input([1, 2, 4, 4]), to: 3)) }
  }

  @Test func alignsRanks() throws {
    try check(
      [.alignRanks],
      before: """
        %0 = add(x0, c[2,1,1])
        %1 = multiply(%0, x1)
        %2 = multiply(%1, 2.0)
        return %2
        """,
      after: """
        %0 = add(x0, c[1,2,1,1])
        %1 = reshape(x1) [1,1,1,4]
        %2 = multiply(%0, %1)
        %3 = multiply(%2, 2.0)
        return %3
        """
    ) { m in
      let sum = try m.add(Binary(.add), m.input([1, 2, 4, 4]), m.weights([2, 1, 1]))
      let product = try m.add(Binary(.multiply), sum, m.input([4]))
      m.output(try m.add(Binary(.multiply), product, m.constant([2])))
    }
  }

  @Test func mergesTranspositions() throws {
    try check(
      [.mergeTransposes],
      before: """
        %0 = transpose(x0) [0,2,3,1]
        %1 = transpose(%0) [0,2,1,3]
        %2 = transpose(%0) [0,3,1,2]
        %3 = relu(%2)
        return %1, %3
        """,
      after: """
        %0 = relu(x0)
        %1 = transpose(x0) [0,3,2,1]
        return %1, %0
        """
    ) { m in
      let turned = try m.add(Transpose(permutation: [0, 2, 3, 1]), m.input([1, 2, 4, 4]))
      let other = try m.add(Transpose(permutation: [0, 2, 1, 3]), turned)
      m.output(other, try m.add(Unary(.relu), m.add(Transpose(permutation: [0, 3, 1, 2]), turned)))
    }
  }

  /// Nodes of the outline that are transpositions.
  private func transpositions(_ graph: Graph) -> Int {
    (graph.topologicalOrder() ?? []).count { graph[$0].op is Transpose }
  }

  @Test func residualsNeedNoTransposition() throws {
    var m = TestModel()
    let a = try m.add(Unary(.relu), m.conv(m.input([1, 3, 6, 6]), to: 4))
    let b = try m.add(Unary(.relu), m.add(Binary(.add), a, m.conv(a, to: 4)))
    m.output(try m.conv(b, to: 2))
    #expect(
      try optimized(m.graph, Self.layout).outline == """
        %0 = transpose(x0) [0,2,3,1]
        %1 = conv(%0, c[4,3,3,3]) last pad1
        %2 = relu(%1)
        %3 = conv(%2, c[4,3,3,4]) last pad1
        %4 = add(%2, %3)
        %5 = relu(%4)
        %6 = conv(%5, c[2,3,3,4]) last pad1
        %7 = transpose(%6) [0,3,1,2]
        return %7
        """)
  }

  @Test func oneChannelInputIsReshaped() throws {
    var m = TestModel()
    let x = try m.conv(m.input([2, 1, 6, 6]), to: 4)
    m.output(try m.add(Reduce(.mean, axes: [2, 3], keepsAxes: false), m.add(Unary(.relu), x)))
    #expect(
      try optimized(m.graph, Self.layout).outline == """
        %0 = reshape(x0) [2,6,6,1]
        %1 = conv(%0, c[4,3,3,1]) last pad1
        %2 = relu(%1)
        %3 = reduce.mean(%2)
        return %3
        """)
  }

  @Test func concatenationAndSlicesMoveChannels() throws {
    var m = TestModel()
    let x = try m.conv(m.input([1, 3, 6, 6]), to: 4)
    let left = try m.add(Slice(starts: [0, 0, 0, 0], counts: [1, 2, 6, 6], steps: [1, 1, 1, 1]), x)
    let right = try m.add(Slice(starts: [0, 2, 0, 0], counts: [1, 2, 6, 6], steps: [1, 1, 1, 1]), x)
    m.output(try m.conv(m.add(Concatenate(axis: 1), m.conv(left, to: 3), right, m.add(Unary(.sin), left)), to: 2))
    let result = try optimized(m.graph, Self.layout)
    #expect(transpositions(result) == 2, "\(result)")
  }

  @Test func channelShuffleStaysChannelsLast() throws {
    var m = TestModel()
    let x = try m.conv(m.input([1, 3, 6, 6]), to: 8)
    let grouped = try m.add(Reshape(shape: [1, 2, 4, 6, 6]), x)
    let shuffled = try m.add(Reshape(shape: [1, 8, 6, 6]), m.add(Transpose(permutation: [0, 2, 1, 3, 4]), grouped))
    m.output(try m.conv(shuffled, to: 2))
    #expect(
      try optimized(m.graph, Self.layout).outline == """
        %0 = transpose(x0) [0,2,3,1]
        %1 = conv(%0, c[8,3,3,3]) last pad1
        %2 = reshape(%1) [1,6,6,2,4]
        %3 = transpose(%2) [0,1,2,4,3]
        %4 = reshape(%3) [1,6,6,8]
        %5 = conv(%4, c[2,3,3,8]) last pad1
        %6 = transpose(%5) [0,3,1,2]
        return %6
        """)
  }

  @Test func squeezeAndExciteNeedsNoTransposition() throws {
    var m = TestModel()
    let x = try m.conv(m.input([2, 3, 6, 6]), to: 4)
    let pooled = try m.add(Reduce(.mean, axes: [2, 3], keepsAxes: true), x)
    let hidden = try m.add(MatMul(), m.add(Reshape(shape: [2, 4]), pooled), m.weights([4, 4]))
    let gate = try m.add(Reshape(shape: [2, 4, 1, 1]), m.add(Unary(.sigmoid), hidden))
    m.output(try m.conv(m.add(Binary(.multiply), x, gate), to: 2))
    #expect(transpositions(try optimized(m.graph, Self.layout)) == 2)
  }

  @Test func patchEmbeddingIsReadAsItLies() throws {
    var m = TestModel()
    let x = try m.conv(m.input([1, 3, 6, 6]), to: 8, kernel: 2, stride: 2, pad: 0)
    let tokens = try m.add(Transpose(permutation: [0, 2, 1]), m.add(Reshape(shape: [1, 8, 9]), x))
    m.output(try m.add(MatMul(), tokens, m.weights([8, 4])))
    #expect(
      try optimized(m.graph, Self.layout).outline == """
        %0 = transpose(x0) [0,2,3,1]
        %1 = conv(%0, c[8,2,2,3]) last
        %2 = reshape(%1) [1,9,8]
        %3 = matmul(%2, c[8,4])
        return %3
        """)
  }

  @Test(arguments: [false, true]) func flatteningGoesIntoWeights(transposed: Bool) throws {
    var m = TestModel()
    let x = try m.add(Pool(.maximum, window: .square(2, stride: 2)), m.conv(m.input([2, 3, 6, 6]), to: 4))
    let flat = try m.add(Unary(.relu), m.add(Reshape(shape: [2, 36]), m.add(Unary(.relu), x)))
    m.output(try m.add(MatMul(transposeB: transposed), flat, m.weights(transposed ? [5, 36] : [36, 5])))
    let result = try optimized(m.graph, Self.layout + [.flattenIntoWeights])
    #expect(
      result.outline == """
        %0 = transpose(x0) [0,2,3,1]
        %1 = conv(%0, c[4,3,3,3]) last pad1
        %2 = pool.max(%1) last
        %3 = relu(%2)
        %4 = reshape(%3) [2,36]
        %5 = relu(%4)
        %6 = matmul(%5, \(transposed ? "c[5,36]) tb" : "c[36,5])")
        return %6
        """)
  }

  @Test func attentionKeepsItsTranspositions() throws {
    var m = TestModel()
    let x = m.input([1, 6, 8])
    func heads(_ model: inout TestModel) throws -> ValueID {
      let split = try model.add(Reshape(shape: [1, 6, 2, 4]), model.add(MatMul(), x, model.weights([8, 8])))
      return try model.add(Transpose(permutation: [0, 2, 1, 3]), split)
    }
    let q = try m.add(Binary(.multiply), heads(&m), m.constant([0.5]))
    let k = try m.add(Transpose(permutation: [0, 1, 3, 2]), heads(&m))
    let attention = try m.add(MatMul(), q, k)
    let mixed = try m.add(Transpose(permutation: [0, 2, 1, 3]), m.add(MatMul(), attention, heads(&m)))
    m.output(try m.add(Reshape(shape: [1, 6, 8]), mixed))
    let result = try optimized(m.graph, Pipeline.standard(level: 2))
    #expect(transpositions(result) == 4, "\(result)")
  }

  @Test func encoderAndDecoderStayChannelsLast() throws {
    var m = TestModel()
    let x = try m.add(Unary(.relu), m.batchNorm(m.conv(m.input([1, 3, 8, 8]), to: 4)))
    let small = try m.conv(m.add(Pool(.maximum, window: .square(2, stride: 2)), x), to: 6)
    let up = try m.add(
      ConvolutionTranspose(window: .square(2, stride: 2), outputPadding: [0, 0]), small, m.weights([6, 4, 2, 2]))
    let resized = try m.add(
      Resize(.nearest, coordinate: .asymmetric, nearest: .floor, shape: [1, 6, 8, 8], scales: [1, 1, 2, 2]), small)
    let normal = try m.add(InstanceNormalization(epsilon: 1e-5), up, m.weights([4]), m.weights([4]))
    let joined = try m.add(Concatenate(axis: 1), x, normal, resized)
    let scores = try m.conv(joined, to: 1, kernel: 1, epilogue: Epilogue(bias: true), m.weights([1]))
    m.output(try m.add(Unary(.sigmoid), scores))
    let result = try optimized(m.graph, Pipeline.standard(level: 2))
    // One at the input; the output has one channel, so its transposition is a reshape.
    #expect(transpositions(result) == 1, "\(result)")
  }

  @Test func softmaxAndArgumentsOverChannelsFollow() throws {
    var m = TestModel()
    let x = try m.conv(m.input([1, 1, 4, 4]), to: 5)
    let classes = try m.add(ArgReduce(.maximum, axis: 1, keepsAxis: false, selectsLast: false), x)
    m.output(
      classes, try m.add(Reduce(.maximum, axes: [1, 2], keepsAxes: false), m.add(Softmax(.softmax, axis: 1), x)))
    #expect(transpositions(try optimized(m.graph, Pipeline.standard(level: 2))) == 0)
  }

  @Test func inputThatIsOutputKeepsBothTranspositions() throws {
    var m = TestModel()
    let x = m.input([1, 2, 3, 4])
    m.output(try m.add(Transpose(permutation: [0, 3, 1, 2]), m.add(Transpose(permutation: [0, 2, 3, 1]), x)))
    let result = try optimized(m.graph, Pipeline.standard(level: 2))
    #expect(result.nodeCount >= 1)
  }

  /// Random graphs of convolutions, arithmetic, concatenations, transpositions and reshapes.
  @Test(arguments: 1...60) func randomGraphsKeepTheirAnswers(seed: Int) throws {
    var random = SplitMix(state: UInt64(seed) &* 7919)
    var m = TestModel()
    var images = [m.input([1, 4, 4, 4])]
    if seed % 2 == 0 { images.append(m.input([1, 4, 4, 4])) }
    for _ in 0..<Int(3 + random.next() % 9) {
      let x = images.randomElement(using: &random)!
      let other = images.randomElement(using: &random)!
      let kinds: [Binary.Kind] = [.add, .multiply, .subtract, .maximum]
      let y: ValueID
      switch random.next() % 13 {
      case 0, 1:
        y = try m.conv(x, to: 4, kernel: random.next() % 2 == 0 ? 3 : 1, groups: random.next() % 3 == 0 ? 4 : 1)
      case 2: y = try m.batchNorm(x)
      case 3: y = try m.add(Unary(.relu), x)
      case 4: y = try m.add(Binary(kinds.randomElement(using: &random)!), x, other)
      case 5: y = try m.conv(m.add(Concatenate(axis: 1), x, other), to: 4, kernel: 1)
      case 6: y = try m.add(Binary(kinds.randomElement(using: &random)!), x, m.weights([4, 1, 1]))
      case 7:
        let permutation = [0] + [1, 2, 3].shuffled(using: &random)
        y = try m.add(Transpose(permutation: permutation), x)
      case 8:
        let grouped = try m.add(Reshape(shape: [1, 2, 2, 4, 4]), x)
        y = try m.add(Reshape(shape: [1, 4, 4, 4]), m.add(Transpose(permutation: [0, 2, 1, 3, 4]), grouped))
      case 9: y = try m.add(Pool(.average(countsPadding: true), window: .square(3, pad: 1)), x)
      case 10:
        let gate = try m.add(Unary(.sigmoid), m.add(Reduce(.mean, axes: [2, 3], keepsAxes: true), x))
        y = try m.add(Binary(.multiply), other, gate)
      case 11:
        let padded = try m.add(Pad(.constant, before: [0, 0, 1, 0], after: [0, 0, 0, 1]), x)
        y = try m.add(Slice(starts: [0, 0, 0, 1], counts: [1, 4, 4, 4], steps: [1, 1, 1, 1]), padded)
      default: y = try m.add(Reshape(shape: [1, 4, 4, 4]), m.add(Reshape(shape: [1, 4, 16]), x))
      }
      images.append(try m.add(Unary(.tanh), y))
    }
    m.output(images[images.count - 1])
    if seed % 3 == 0 { m.output(try m.add(Reshape(shape: [1, 64]), images[images.count / 2])) }
    for level in Pipeline.levels {
      let result = try optimized(m.graph, Pipeline.standard(level: level), tolerance: 1e-3)
      #expect(try result.compacted().firstDefect() == nil)
    }
  }
}
