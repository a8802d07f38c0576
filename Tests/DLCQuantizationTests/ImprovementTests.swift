import DLCGraph
import DLCOperators
import DLCTensor
import Testing

@testable import DLCQuantization

/// Only the improvements named.
private func options(equalizes: Bool = false, balances: Bool = false, corrects: Bool = false) -> QuantizationOptions {
  var options = QuantizationOptions()
  options.equalizes = equalizes
  options.balancesNormalizations = balances
  options.correctsBias = corrects
  options.optimizesRounding = false
  options.costModel = .everything
  return options
}

private func quantized(_ net: TestNetwork, _ options: QuantizationOptions) throws -> QuantizedGraph {
  try PostTrainingQuantization.quantize(net.graph, options: options, samples: net.samples(16), runner: referenceRunner)
}

@Suite struct ImprovementTests {
  /// conv-relu-conv whose middle channels differ by 256 and the weights behind undo it; depthwise or not.
  private func imbalanced(depthwise: Bool) throws -> TestNetwork {
    var net = TestNetwork()
    let x = net.input([1, 3, 5, 5])
    var first = net.values(8 * 27, 0.2)
    var second = depthwise ? net.values(8 * 9, 0.3) : net.values(4 * 8 * 9, 0.15)
    for c in 0..<8 {
      let factor = Float([1, 16, 256, 4][c % 4])
      for k in 0..<27 { first[c * 27 + k] *= factor }
      for k in second.indices where (depthwise ? k / 9 : k / 9 % 8) == c { second[k] /= factor }
    }
    let a = try net.convolution(x, 8, weights: first, bias: [Float](repeating: 0.02, count: 8), name: "a")
    let b = try net.convolution(
      a, depthwise ? 8 : 4, groups: depthwise ? 8 : 1, function: nil, weights: second, name: "b")
    net.output(b)
    return net
  }

  @Test(arguments: [false, true]) func equalizationRecoversAChannelImbalance(_ depthwise: Bool) throws {
    let net = try imbalanced(depthwise: depthwise)
    let plain = try quantized(net, options())
    let equalized = try quantized(net, options(equalizes: true))
    let (before, after) = (
      try decibels(plain.graph, against: net.graph), try decibels(equalized.graph, against: net.graph)
    )
    #expect(after > before + 10 && after > 30, "\(before) \(after)")
    #expect(equalized.report.steps.first?.kept == true)
    #expect(equalized.report.layers.first { $0.name == "a" }?.applied == ["equalized"])
  }

  @Test func equalizationThatIsACloseCallIsTriedAgainWithOptimizedRounding() throws {
    var options = options(equalizes: true)
    options.optimizesRounding = true
    var decisions: Set<Bool> = []
    for seed in [8, 11] as [UInt64] {
      var net = TestNetwork(seed: seed)
      var value = net.input([1, 3, 5, 5])
      for name in ["a", "b", "c"] {
        value = try net.convolution(value, 8, kernel: 1, function: .clip(low: 0, high: 2), name: name)
        value = try net.convolution(value, 8, groups: 8, name: name + "d")
      }
      net.output(try net.convolution(value, 4, function: nil, name: "y"))
      let report = try quantized(net, options).report
      let step = try #require(report.steps.first { $0.name == "equalization before rounding optimization" })
      decisions.insert(step.kept)
      #expect(report.steps.first { $0.name == "equalization" }?.kept == false)
      #expect(report.outputDecibels == (step.kept ? step.after : step.before))
      #expect(report.layers.contains { $0.applied.contains("equalized") } == step.kept)
    }
    #expect(decisions == [false, true])
  }

  @Test func equalizationLeavesTheFloatNetworkAsItIs() throws {
    let net = try imbalanced(depthwise: false)
    let network = try PreparedNetwork(net.graph, splits: true)
    var draft = QuantizationDraft(network: network)
    draft.participation = Participation(network) { _ in true }
    let site = try #require(BalanceSite.all(network, draft.participation).first)
    var channels = ChannelObserver(axis: 1)
    let probe = try draft.float.emit([.value(site.value)])
    try net.samples(4).forEach(limit: 4) { (inputs: [Tensor]) throws(QuantizationError) in
      channels.add(try referenceRunner(probe).run(inputs)[0])
      return true
    }
    let overrides = try #require(ChannelBalance(draft: draft, site: site).balanced(channels)).overrides
    draft.overrides = overrides
    // Powers of two: the reference evaluation, in doubles rounded to f32 between nodes, gives the same floats.
    #expect(try decibels(draft.float.emit(), against: net.graph) == .infinity)
  }

  @Test func normalizationIsBalancedAgainstTheProductsBehindIt() throws {
    var net = TestNetwork()
    let x = net.input([6, 16])
    var scale = [Float](repeating: 1, count: 16)
    (scale[3], scale[9]) = (200, 90)
    let scales = net.constant(scale, [16])
    let bias = net.constant(net.values(16, 0.1), [16])
    let normal = try net.node(
      LayerNormalization(axis: 1, epsilon: 1e-5, hasScale: true, hasBias: true), x, scales, bias, name: "norm")
    var weights = net.values(16 * 8, 0.3)
    for k in 0..<8 {
      weights[3 * 8 + k] /= 200
      weights[9 * 8 + k] /= 90
    }
    net.output(try net.linear(normal, 8, weights: weights, name: "y"))
    let before = try decibels(try quantized(net, options()).graph, against: net.graph)
    let balanced = try quantized(net, options(balances: true))
    let after = try decibels(balanced.graph, against: net.graph)
    #expect(after > before + 10 && after > 30, "\(before) \(after)")
  }

  @Test func residualsAndOtherReadersAreNotScaled() throws {
    var net = TestNetwork()
    let a = try net.convolution(net.input([1, 4, 4, 4]), 4, name: "a")
    let b = try net.convolution(a, 4, residual: a, name: "b")
    let c = try net.convolution(b, 4, function: .clip(low: 0, high: 6), name: "c")
    net.output(try net.convolution(c, 4, function: nil, name: "d"))
    let network = try PreparedNetwork(net.graph, splits: true)
    // a has two readers, b a residual, c a bound that scaling would move.
    #expect(BalanceSite.all(network, Participation(network) { _ in true }).isEmpty)
  }

  /// A draft of everything in integers, and the context it is measured in.
  private func drafted(_ net: TestNetwork) throws -> (draft: QuantizationDraft, context: CalibrationContext) {
    var draft = QuantizationDraft(network: try PreparedNetwork(net.graph, splits: true))
    draft.participation = Participation(draft.network) { _ in true }
    let context = CalibrationContext(
      samples: net.samples(12), runner: referenceRunner, options: options(), progress: { _ in })
    let classes = ScaleClasses(draft.network, draft.participation)
    let observers = try Observation(context: context, checkpoint: nil).observe(
      classes.observed, channelAxes: [:], in: draft)
    let assembly = DraftAssembly(options: options())
    _ = assembly.assignParameters(&draft, observers, method: .automatic)
    assembly.assignWeights(&draft)
    return (draft, context)
  }

  @Test func biasCorrectionRemovesThePlantedBias() throws {
    var net = TestNetwork()
    let x = net.input([1, 4, 5, 5])
    let a = try net.convolution(x, 6, bias: [Float](repeating: 2, count: 6), name: "a")
    net.output(
      try net.convolution(a, 6, function: nil, weights: net.values(6 * 6 * 9, 0.1).map { $0 + 0.05 }, name: "y"))
    var (planted, context) = try drafted(net)
    // Damage: every weight of the last layer one step too large.
    let last = try #require(planted.network.weighted.last)
    let exact = try #require(planted.weights[last]).integers
    planted.weights[last]?.integers = exact.map { $0 < 127 ? $0 + 1 : $0 }
    let corrected = try BiasCorrection(context: context).corrected(planted)
    func means(_ draft: QuantizationDraft) throws -> [Double] {
      try context.channelMeans([.sums(last)], in: draft, stage: .correcting)[0]
    }
    let expected = try means(planted.float)
    #expect(zip(try means(planted), expected).allSatisfy { abs($0 - $1) > 0.05 })
    #expect(zip(try means(corrected), expected).allSatisfy { abs($0 - $1) < 0.001 })
  }

  @Test(arguments: [1, 3, 13]) func biasCorrectionDoesNotCorrectAnInheritedErrorAgain(_ passes: Int) throws {
    var net = TestNetwork()
    var value = net.input([1, 8, 3, 3])
    for k in 0..<12 {
      value = try net.convolution(value, 8, kernel: 1, bias: [Float](repeating: 0.5, count: 8), name: "\(k)")
    }
    net.output(try net.convolution(value, 8, kernel: 1, function: nil, name: "y"))
    var (planted, context) = try drafted(net)
    let layers = planted.network.weighted
    // Damage that no weights cause: the first layer's results are clipped, and all that follows inherits the error.
    let clipped = planted.network.graph[layers[0]].outputs[0]
    planted.parameters[clipped]?.scales[0] *= 0.3
    func errors(_ draft: QuantizationDraft) throws -> [Double] {
      let probes = layers.map { Probe.sums($0) }
      let found = try context.channelMeans(probes, in: draft, stage: .correcting)
      let wanted = try context.channelMeans(probes, in: planted.float, stage: .correcting)
      return zip(found, wanted).map { zip($0, $1).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot() }
    }
    let before = try errors(planted)
    let after = try errors(try BiasCorrection(context: context, passes: passes).corrected(planted))
    #expect(before[1] > 0.3 && before[12] > 0.1, "\(before)")
    #expect(after[12] < 0.001, "\(after)")
    #expect(zip(after, before).allSatisfy { $0 < $1 * 1.1 + 0.01 }, "\(before) \(after)")
  }
}
