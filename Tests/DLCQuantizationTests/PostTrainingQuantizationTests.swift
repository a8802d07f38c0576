import DLCGraph
import DLCOperators
import DLCTensor
import Testing

@testable import DLCQuantization

private func quantized(
  _ network: TestNetwork, _ options: QuantizationOptions = QuantizationOptions(), samples: Int = 16
) throws -> QuantizedGraph {
  var options = options
  options.costModel = .everything
  let result = try PostTrainingQuantization.quantize(
    network.graph, options: options, samples: network.samples(samples), runner: referenceRunner)
  #expect(result.graph.firstDefect() == nil)
  #expect(
    result.graph.inputs.map { result.graph[$0.value].type } == network.graph.inputs.map { network.graph[$0.value].type }
  )
  #expect(result.graph.outputs.map(\.name) == network.graph.outputs.map(\.name))
  return result
}

/// conv-relu-conv-residual-concat-pool-linear-softmax.
private func classifier() throws -> TestNetwork {
  var net = TestNetwork()
  let x = net.input([1, 3, 5, 5])
  let a = try net.convolution(x, 8, name: "a")
  let b = try net.convolution(a, 8, name: "b")
  let c = try net.convolution(b, 8, residual: a, name: "c")
  let d = try net.convolution(a, 4, kernel: 1, name: "d")
  let both = try net.node(Concatenate(axis: 1), c, d, name: "both")
  let pooled = try net.node(Reduce(.mean, axes: [2, 3], keepsAxes: false), both, name: "pooled")
  let logits = try net.linear(pooled, 10, name: "logits")
  net.output(try net.node(Softmax(.softmax, axis: 1), logits, name: "probabilities"))
  return net
}

@Suite struct PostTrainingQuantizationTests {
  @Test func convolutionsKeepTheirAccuracy() throws {
    var net = TestNetwork()
    let a = try net.convolution(
      try net.convolution(net.input([1, 3, 5, 5]), 8, name: "a"), 6, function: nil, name: "b")
    net.output(a)
    let result = try quantized(net)
    #expect(result.graph.census == ["quantize": 2, "dequantize": 4, "conv": 2])
    #expect(try decibels(result.graph, against: net.graph) > 33)
    #expect(result.report.outputDecibels > 33)
    // What relu leaves has no negative part.
    #expect(result.graph.parameters(feeding: "b")?.zeroPoint == 0)
  }

  @Test func wholeClassifierRunsOnIntegers() throws {
    let net = try classifier()
    let result = try quantized(net)
    #expect(try decibels(result.graph, against: net.graph) > 33)
    let graph = result.graph
    for name in ["a", "b", "c", "d", "pooled", "logits"] { #expect(graph.parameters(feeding: name) != nil, "\(name)") }
    // The last softmax reads the logits as they are summed: nothing is lost at the output.
    #expect(graph.parameters(feeding: "probabilities") == nil)
    #expect(result.report.layers.allSatisfy { $0.precision == "int8" })
    #expect(result.report.layers.count == 7)
  }

  @Test func residualAndBranchesReadOneStoredTensor() throws {
    let result = try quantized(try classifier())
    let graph = result.graph
    let first = graph.topologicalOrder()!.first { graph[$0].name == "a" && graph[$0].op is Convolution }!
    #expect(graph[graph[first].outputs[0]].users.count == 1)
    #expect(graph.parameters(feeding: "c", 3) == graph.parameters(feeding: "b"))
  }

  @Test func concatenationSharesOneScale() throws {
    let graph = try quantized(try classifier()).graph
    let own = graph.parameters(feeding: "both", 0)
    #expect(own != nil && own == graph.parameters(feeding: "both", 1))
    #expect(own == graph.parameters(feeding: "pooled"))
  }

  /// Means vary less than what they are of: under one scale with it they would be coarse.
  @Test func averagesHaveAScaleOfTheirOwn() throws {
    var net = TestNetwork()
    let a = try net.convolution(net.input([1, 3, 8, 8]), 8, name: "a")
    let window = Window(kernel: [4, 4], strides: [4, 4], dilations: [1, 1], padBegin: [0, 0], padEnd: [0, 0])
    let means = try net.node(Pool(.average(countsPadding: false), window: window), a, name: "means")
    net.output(try net.convolution(means, 4, kernel: 1, function: nil, name: "y"))
    let graph = try quantized(net).graph
    let (elements, own) = (graph.parameters(feeding: "means"), graph.parameters(feeding: "y"))
    #expect(try #require(own).scale < 0.7 * (try #require(elements)).scale)
  }

  @Test func concatenationOfUnlikeRangesKeepsTheFinerScaleForOthers() throws {
    var net = TestNetwork()
    let x = net.input([1, 4, 4, 4])
    let fine = try net.convolution(x, 4, weights: net.values(144, 0.005), bias: [0, 0, 0, 0], name: "fine")
    let wide = try net.convolution(x, 4, name: "wide")
    let both = try net.node(Concatenate(axis: 1), fine, wide, name: "both")
    net.output(try net.convolution(both, 4, function: nil, name: "y"))
    net.output(try net.convolution(fine, 4, function: nil, name: "z"))
    let graph = try quantized(net).graph
    let shared = graph.parameters(feeding: "both", 0)!
    #expect(shared == graph.parameters(feeding: "y"))
    #expect(graph.parameters(feeding: "z")!.scale < shared.scale / 4)
  }

  @Test func functionsOtherThanClampsGetAnArgumentWithItsOwnScale() throws {
    var net = TestNetwork()
    let a = try net.convolution(net.input([1, 3, 5, 5]), 8, function: .hardSwish, name: "a")
    net.output(try net.convolution(a, 4, function: nil, name: "y"))
    let result = try quantized(net)
    #expect(result.graph.census["hard_swish"] == 1)
    #expect(result.graph.census["quantize"] == 3)
    #expect(try decibels(result.graph, against: net.graph) > 28)
  }

  @Test func attentionQuantizesBothProducts() throws {
    var net = TestNetwork()
    let x = net.input([6, 16])
    let scale = net.constant([Float](repeating: 1, count: 16), [16])
    let normal = try net.node(
      LayerNormalization(axis: 1, epsilon: 1e-5, hasScale: true, hasBias: false), x, scale, name: "norm")
    let (q, k) = (try net.linear(normal, 16, name: "q"), try net.linear(normal, 16, name: "k"))
    let v = try net.linear(normal, 16, name: "v")
    let scores = try net.node(MatMul(transposeB: true), q, k, name: "scores")
    let weights = try net.node(Softmax(.softmax, axis: 1), scores, name: "weights")
    let mixed = try net.node(MatMul(), weights, v, name: "mixed")
    net.output(try net.linear(mixed, 8, name: "y"))
    let result = try quantized(net)
    #expect(try decibels(result.graph, against: net.graph) > 26)
    let graph = result.graph
    #expect(graph.parameters(feeding: "scores", 1)?.zeroPoint == 128)
    #expect(graph.parameters(feeding: "mixed", 1)?.zeroPoint == 128)
    #expect(graph.parameters(feeding: "mixed", 0) == QuantizationParameters(.uint8, scale: 1 / 256, zeroPoint: 0))
    #expect(graph.parameters(feeding: "norm") == nil)
  }

  @Test(arguments: [Binary.Kind.add, .subtract]) func masksAreCutToWhatTheirSumsCanShow(_ kind: Binary.Kind) throws {
    var net = TestNetwork()
    let x = net.input([6, 16])
    let scores = try net.node(
      MatMul(transposeB: true), net.linear(x, 16, name: "q"), net.linear(x, 16, name: "k"), name: "scores")
    let hidden: Float = kind == .add ? -1e9 : 1e9
    let mask = net.constant((0..<36).map { $0 % 6 > $0 / 6 ? hidden : 0 }, [6, 6])
    let masked = try net.node(Binary(kind), scores, mask, name: "masked")
    let weights = try net.node(Softmax(.softmax, axis: 1), masked, name: "weights")
    net.output(try net.linear(net.node(MatMul(), weights, x, name: "mixed"), 8, name: "y"))
    let result = try quantized(net)
    let parameters = try #require(result.graph.parameters(feeding: "masked", 1))
    let cut = kind == .add ? -parameters.realRange().lowerBound : parameters.realRange().upperBound
    #expect(cut > 20 && cut < 200)
    #expect(try decibels(result.graph, against: net.graph) > 26)
  }

  @Test func plantedOutlierIsClipped() throws {
    var net = TestNetwork()
    let x = net.input([1, 4, 6, 6])
    net.output(try net.convolution(x, 4, function: nil, name: "y"))
    var samples: [[Tensor]] = []
    try net.samples(24).forEach(limit: 24) { (inputs: [Tensor]) throws(QuantizationError) in
      var values = inputs[0].floats()
      if samples.isEmpty { values[5] = 150 }
      samples.append([Tensor(values, shape: inputs[0].shape)])
      return true
    }
    var options = QuantizationOptions()
    options.costModel = .everything
    func quality(_ method: RangeMethod) throws -> Double {
      options.rangeMethod = method
      let result = try PostTrainingQuantization.quantize(
        net.graph, options: options, samples: TensorSamples(samples), runner: referenceRunner)
      return try decibels(result.graph, against: net.graph)
    }
    #expect(try quality(.automatic) > quality(.minMax) + 6)
  }

  @Test func tensorsOfInfinitiesStayFloat() throws {
    var net = TestNetwork()
    let a = try net.convolution(net.input([1, 3, 4, 4]), 4, name: "a")
    let log = try net.node(Unary(.log), a, name: "log")
    net.output(try net.convolution(log, 2, function: nil, name: "y"))
    let result = try quantized(net)
    #expect(result.graph.parameters(feeding: "a") != nil && result.graph.parameters(feeding: "y") == nil)
    #expect(result.report.warnings.count == 1)
  }

  @Test func nothingToQuantizeIsSaid() throws {
    var net = TestNetwork()
    net.output(try net.node(Unary(.relu), net.input([4]), name: "y"))
    let result = try quantized(net)
    #expect(result.graph.census == ["relu": 1] && result.report.warnings.count == 1)
  }

  @Test func sameDataGiveTheSameNetwork() throws {
    let (a, b) = (try quantized(try classifier()), try quantized(try classifier()))
    #expect(a.graph.contentDigest == b.graph.contentDigest)
    #expect(a.report.tensors == b.report.tensors)
  }

  @Test func samplesThatDoNotFitAreRefused() throws {
    let net = try classifier()
    let wrong = TensorSamples([[Tensor([Float](repeating: 0, count: 4), shape: [4])]])
    let error = #expect(throws: QuantizationError.self) {
      try PostTrainingQuantization.quantize(net.graph, samples: wrong, runner: referenceRunner)
    }
    #expect(error?.description.contains("sample 1 has [f32[4]]") == true)
    #expect(throws: QuantizationError.samples("it holds no sample")) {
      try PostTrainingQuantization.quantize(net.graph, samples: TensorSamples([]), runner: referenceRunner)
    }
  }

  @Test func namedNodesStayFloat() throws {
    var options = QuantizationOptions()
    options.floatNodes = ["b"]
    let result = try quantized(try classifier(), options)
    #expect(result.graph.parameters(feeding: "a") != nil)
    #expect(result.report.layers.first { $0.name == "b" }?.precision == "float")
    // It reads what others store as integers.
    let graph = result.graph
    let b = graph.topologicalOrder()!.first { graph[$0].name == "b" && graph[$0].op is Convolution }!
    #expect(graph.producer(of: graph[b].inputs[1]) == nil)
  }

  @Test func scalarsAreNotQuantized() throws {
    var net = TestNetwork()
    let a = try net.convolution(net.input([1, 3, 4, 4]), 4, name: "a")
    let half = net.constant([0.37], [1])
    let scaled = try net.node(Binary(.divide), a, half, name: "scaled")
    net.output(try net.convolution(scaled, 2, function: nil, name: "y"))
    let graph = try quantized(net).graph
    let node = graph.topologicalOrder()!.map { graph[$0] }.first { $0.name == "scaled" && $0.op is Binary }!
    #expect(graph.parameters(feeding: "scaled") != nil && graph.constant(node.inputs[1])?.element == .float32)
  }

  @Test func residualsOfFloatResultsStayFloat() throws {
    var net = TestNetwork()
    let x = net.input([6, 16])
    let scale = net.constant([Float](repeating: 1, count: 16), [16])
    let op = LayerNormalization(axis: 1, epsilon: 1e-5, hasScale: true, hasBias: false)
    let first = try net.node(op, x, scale, name: "first")
    let weights = net.constant(net.values(256, 0.25), [16, 16])
    let sum = try net.node(MatMul(epilogue: Epilogue(residual: true)), first, weights, first, name: "sum")
    net.output(try net.node(op, sum, scale, name: "y"))
    let graph = try quantized(net).graph
    #expect(graph.parameters(feeding: "sum", 0) != nil)
    // The preparation's bias of zeros is gone: the residual is the third input, as it was.
    #expect(graph.parameters(feeding: "sum", 2) == nil)
  }
}
