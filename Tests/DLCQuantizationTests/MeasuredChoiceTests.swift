import DLCGraph
import DLCOperators
import DLCTensor
import Testing

@testable import DLCQuantization

/// Rows of uniform numbers that `change` makes into what a test needs.
private struct Rows: SampleSource {
  let shape: Shape
  var limit = 18
  let change: @Sendable (_ row: Int, _ values: inout [Float]) -> Void

  var count: Int? { limit }
  var digest: UInt64 { 1 }

  func forEach(limit: Int, _ body: ([Tensor]) throws(QuantizationError) -> Bool) throws(QuantizationError) {
    var random = SeededRandom(state: 11)
    for _ in 0..<min(limit, self.limit) {
      var all: [Float] = []
      for row in 0..<shape[0] {
        var values = (0..<shape[1]).map { _ in Float(2 * random.unit() - 1) }
        change(row, &values)
        all += values
      }
      if try !body([Tensor(all, shape: shape)]) { return }
    }
  }
}

private func options() -> QuantizationOptions {
  var options = QuantizationOptions()
  options.equalizes = false
  options.correctsBias = false
  options.optimizesRounding = false
  options.costModel = .everything
  return options
}

private func noise(_ graph: Graph, _ reference: Graph, _ samples: Rows) throws -> Double {
  var (noise, signal) = (0.0, 0.0)
  try samples.forEach(limit: 6) { (inputs: [Tensor]) throws(QuantizationError) in
    let (found, expected) = (try referenceRunner(graph).run(inputs), try referenceRunner(reference).run(inputs))
    for (x, y) in zip(found[0].doubles(), expected[0].doubles()) {
      noise += (x - y) * (x - y)
      signal += y * y
    }
    return true
  }
  return Decibels.ofNoise(noise / signal)
}

@Suite struct MeasuredChoiceTests {
  /// A depthwise convolution of stride 2 behind a SiLU whose channels have these strengths, and weights that undo them.
  private func detector(_ strengths: [Float]) throws -> TestNetwork {
    var net = TestNetwork()
    let x = net.input([1, 8, 12, 12])
    let (first, second) = (net.values(8 * 8, 0.35), net.values(8 * 9, 0.5))
    let a = try net.convolution(
      x, 8, kernel: 1, function: .silu(alpha: 1), weights: first.enumerated().map { $1 * strengths[$0 / 8] },
      bias: strengths, name: "a")
    net.output(
      try net.convolution(
        a, 8, groups: 8, stride: 2, function: nil, weights: second.enumerated().map { $1 / strengths[$0 / 9] },
        name: "d"))
    return net
  }

  @Test(arguments: [(200, "float"), (1, "int8")] as [(Float, String)])
  func operatorsOfLittleGainAreFloatsWhereTheyAreTheNoise(strongest: Float, precision: String) throws {
    let net = try detector([strongest, 1, 1, 2, 1, 1, 1, 1])
    var options = options()
    options.costModel = .standard
    let result = try PostTrainingQuantization.quantize(
      net.graph, options: options, samples: net.samples(12), runner: referenceRunner)
    #expect(result.report.layers.first { $0.name == "a" }?.precision == "int8")
    #expect(result.report.layers.first { $0.name == "d" }?.precision == precision)
    #expect(try decibels(result.graph, against: net.graph) > 20)
  }

  /// x `[8, 16]` times weights that undo the magnitudes of its columns.
  private func policy(_ factors: [Float]) throws -> TestNetwork {
    var net = TestNetwork()
    let x = net.input([8, 16])
    var weights = net.values(16 * 12, 0.25)
    for k in weights.indices { weights[k] /= factors[k / 12] }
    let a = try net.linear(x, 12, function: .relu, weights: weights, name: "a")
    net.output(try net.linear(a, 6, name: "b"))
    return net
  }

  @Test func columnsOfTheInputAreScaledWhereTheyDiffer() throws {
    let factors = (0..<16).map { $0 % 4 == 0 ? Float(300) : 1 }
    let net = try policy(factors)
    let samples = Rows(shape: [8, 16]) { _, values in
      for k in values.indices { values[k] *= factors[k] }
    }
    var plainly = options()
    plainly.balancesNormalizations = false
    let plain = try PostTrainingQuantization.quantize(
      net.graph, options: plainly, samples: samples, runner: referenceRunner)
    let scaled = try PostTrainingQuantization.quantize(
      net.graph, options: options(), samples: samples, runner: referenceRunner)
    let (before, after) = (try noise(plain.graph, net.graph, samples), try noise(scaled.graph, net.graph, samples))
    #expect(after > before + 10 && after > 30, "\(before) \(after)")
    #expect(scaled.graph.nodeCount == plain.graph.nodeCount + 1)
  }

  @Test func columnsThatAreAlikeCostNothing() throws {
    let net = try policy([Float](repeating: 1, count: 16))
    let samples = Rows(shape: [8, 16]) { _, _ in }
    let result = try PostTrainingQuantization.quantize(
      net.graph, options: options(), samples: samples, runner: referenceRunner)
    #expect(!result.graph.census.keys.contains(Binary(.multiply).mnemonic), "\(result.graph.census)")
  }

  /// Two branches with a rare large element each: one that nothing reads, one that the output lives of.
  @Test func rangesFollowWhatTheOutputsNeed() throws {
    var net = TestNetwork()
    let x = net.input([128, 8])
    func branch(_ column: Int, needed: Bool, _ names: (String, String)) throws {
      var first = net.values(8 * 32, 0.3)
      for k in 0..<8 { first[k * 32] = k == column ? 200 : 0 }
      for unit in 1..<32 { first[column * 32 + unit] = 0 }
      var second = net.values(32 * 4, 0.2)
      for output in 0..<4 { second[output] = needed ? 0.5 : 0 }
      let hidden = try net.linear(x, 32, function: .relu, weights: first, name: names.0)
      net.output(try net.linear(hidden, 4, weights: second, name: names.1))
    }
    try branch(6, needed: false, ("a", "b"))
    try branch(7, needed: true, ("c", "d"))
    let samples = Rows(shape: [128, 8]) { row, values in
      (values[6], values[7]) = (row == 5 ? 1 : 0, row == 9 ? 1 : 0)
    }
    var changed = options()
    changed.balancesNormalizations = false
    let result = try PostTrainingQuantization.quantize(
      net.graph, options: changed, samples: samples, runner: referenceRunner)
    let useless = try #require(result.graph.parameters(feeding: "b"))
    let needed = try #require(result.graph.parameters(feeding: "d"))
    #expect(useless.scale < 0.1 && needed.scale > 0.5, "\(useless) \(needed)")
    #expect(result.report.steps.contains { $0.name == "ranges of single tensors" && $0.kept })
  }

  @Test(arguments: [(1e6, 128, 256), (1e9, 20, 64), (1e11, 16, 64)])
  func cheapNetworksAreJudgedOnMoreSamples(_ products: Double, _ judged: Int, _ fitted: Int) {
    var context = CalibrationContext(
      samples: Rows(shape: [1, 1], limit: 1000) { _, _ in }, runner: referenceRunner, options: QuantizationOptions(),
      progress: { _ in })
    context.products = products
    #expect(context.measured == judged)
    #expect(context.fitted == judged..<judged + fitted)
  }

  /// Samples that are all but exact do not hide one that is wrong.
  @Test func oneBadSampleShowsInTheMeasure() throws {
    func network(_ function: Function) throws -> Graph {
      var net = TestNetwork()
      let x = net.input([4])
      net.output(try net.node(Unary(function), x, name: "y"))
      return net.graph
    }
    let good = Tensor([0.5, -0.25, 0.125, 1] as [Float], shape: [4])
    let bad = Tensor([5, -2.5, 1.25, 10] as [Float], shape: [4])
    let samples = TensorSamples([[bad]] + [[Tensor]](repeating: [good], count: 8))
    let context = CalibrationContext(
      samples: samples, runner: referenceRunner, options: QuantizationOptions(), progress: { _ in })
    let reference = try OutputReference(context, try network(.identity))
    #expect(reference.count == 3 && reference.leastCut == 64 * 9 / 3)
    let found = try reference.decibels(try network(.clip(low: -1, high: 1)))
    #expect(found < 60, "\(found)")
  }
}
