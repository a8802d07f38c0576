import DLCGraph
import DLCOperators
import DLCTensor
import Testing

@testable import DLCQuantization

@Suite struct ModeTests {
  private func network() throws -> TestNetwork {
    var net = TestNetwork()
    let a = try net.linear(net.input([4, 64]), 48, function: .silu(alpha: 1), name: "a")
    net.output(try net.linear(a, 10, name: "y"))
    return net
  }

  private func quantized(_ net: TestNetwork, _ mode: QuantizationMode) throws -> QuantizedGraph {
    var options = QuantizationOptions()
    options.mode = mode
    return try PostTrainingQuantization.quantize(
      net.graph, options: options, samples: net.samples(24), runner: referenceRunner)
  }

  @Test(arguments: [QuantizationMode.int8Weights, .dynamic]) func weightsAloneAreQuantized(_ mode: QuantizationMode)
    throws
  {
    let net = try network()
    let result = try quantized(net, mode)
    #expect(result.graph.census == ["matmul": 2, "dequantize": 2])
    #expect(result.graph.firstDefect() == nil)
    #expect(try decibels(result.graph, against: net.graph) > 38)
  }

  @Test func fourBitsHaveAScaleForEachGroup() throws {
    let net = try network()
    let result = try quantized(net, .int4Weights)
    #expect(result.graph.census == ["matmul": 2, "dequantize": 2, "reshape": 2])
    #expect(result.graph.firstDefect() == nil)
    let shapes = result.graph.values.compactMap { $0.constant?.element == .int8 ? $0.type.shape : nil }
    // 48 rows of 2 groups of 32; 10 rows of 2 groups of 24, the largest divisor of 48 below 32.
    #expect(shapes == [[96, 32], [20, 24]])
    for value in result.graph.values where value.constant?.element == .int8 {
      #expect(value.constant!.elements(as: Int8.self).allSatisfy { $0.magnitude <= 7 })
    }
    #expect(try decibels(result.graph, against: net.graph) > 17)
    #expect(result.report.weightBytes < 48 * 64 / 2 + 480 / 2 + 116 * 4 + 58 * 4 + 1)
  }

  @Test func sixteenBitActivationsLoseNextToNothing() throws {
    let net = try network()
    let result = try quantized(net, .int16x8)
    #expect(result.graph.parameters(feeding: "y")?.element == .int16)
    #expect(result.report.tensors.allSatisfy { $0.expectedDecibels > 75 && !$0.isClipped })
    #expect(try decibels(result.graph, against: net.graph) > 35)
  }

  @Test(arguments: QuantizationMode.allCases) func tablesOfFloatLookupsAreQuantizedByRow(_ mode: QuantizationMode)
    throws
  {
    var net = TestNetwork()
    let indices = net.graph.addConstant(Tensor([Int64](0..<4), shape: [4]))
    var values = net.values(64 * 32)
    // One row of other magnitude, and one of zeros.
    for k in 0..<32 { (values[k], values[32 + k]) = (100 * values[k], 0) }
    let rows = try net.node(Gather(axis: 0), net.constant(values, [64, 32]), indices, name: "rows")
    let shift = try net.node(Unary(.sin), rows, name: "shift")
    net.output(try net.node(Binary(.add), net.linear(net.input([4, 32]), 32, name: "y"), shift, name: "sum"))
    let result = try quantized(net, mode)
    let table = try #require(result.graph.parameters(feeding: "rows"))
    #expect(table.element == .int8 && table.axis == 0 && table.scales.count == 64)
    let largest = values[..<32].map(\.magnitude).max()!
    #expect(table.scales[0] == largest / 127)
    #expect(result.report.weightBytes < 64 * 32 + 64 * 4 + 4 * 8 + 32 * 32 + 32 * 8 + 1)
  }

  @Test(arguments: [1, 2]) func fourBitsOfTransposedConvolutionsKeepTheirPlaces(_ groups: Int) throws {
    var net = TestNetwork()
    let weights = net.constant(net.values(32 * 6 * 9, 0.3), [32, 6, 3, 3])
    let window = Window(kernel: [3, 3], strides: [2, 2], dilations: [1, 1], padBegin: [1, 1], padEnd: [1, 1])
    let op = ConvolutionTranspose(window: window, outputPadding: [0, 0], groups: groups)
    net.output(try net.node(op, net.input([1, 32, 5, 4]), weights, name: "y"))
    let result = try quantized(net, .int4Weights)
    #expect(result.graph.firstDefect() == nil)
    let shapes = result.graph.values.compactMap { $0.constant?.element == .int8 ? $0.type.shape : nil }
    #expect(shapes == [[54 * groups, 32 / groups]])
    #expect(try decibels(result.graph, against: net.graph) > 17)
  }

  @Test(arguments: [false, true]) func fourBitsOfBatchedMatricesKeepTheirPlaces(_ transposed: Bool) throws {
    var net = TestNetwork()
    let weights = net.constant(net.values(3 * 16 * 10, 0.3), transposed ? [3, 10, 16] : [3, 16, 10])
    net.output(try net.node(MatMul(transposeB: transposed), net.input([3, 8, 16]), weights, name: "y"))
    let result = try quantized(net, .int4Weights)
    let shapes = result.graph.values.compactMap { $0.constant?.element == .int8 ? $0.type.shape : nil }
    #expect(shapes == [[30, 16]])
    #expect(try decibels(result.graph, against: net.graph) > 17)
  }

  @Test func depthsWithoutAGroupFallBackToEightBits() throws {
    var net = TestNetwork()
    net.output(try net.linear(net.input([4, 37]), 12, name: "y"))
    let result = try quantized(net, .int4Weights)
    #expect(result.graph.census == ["matmul": 1, "dequantize": 1])
  }
}

@Suite struct MixedPrecisionTests {
  /// Four convolutions of which the third has weights that eight bits do badly on.
  private func network() throws -> TestNetwork {
    var net = TestNetwork()
    var x = net.input([1, 4, 4, 4])
    for name in ["a", "b", "c", "d"] {
      var weights = net.values(144, 0.2)
      if name == "c" { for k in 0..<4 { weights[k * 36] = 60 } }
      x = try net.convolution(x, 4, function: name == "d" ? nil : .relu, weights: weights, name: name)
    }
    net.output(x)
    return net
  }

  /// Calls the quantizer with the metric 1 - similarity in noise share.
  private func quantized(_ net: TestNetwork, maxDrop: Double, maxBytes: Int? = nil) throws -> QuantizedGraph {
    var options = QuantizationOptions()
    options.maxDrop = maxDrop
    options.maxPlanBytes = maxBytes
    options.costModel = .everything
    options.equalizes = false
    options.optimizesRounding = false
    options.correctsBias = false
    let context = CalibrationContext(
      samples: net.samples(6), runner: referenceRunner, options: options, progress: { _ in })
    let reference = try OutputReference(context, net.graph)
    return try PostTrainingQuantization.quantize(
      net.graph, options: options, samples: net.samples(6), runner: referenceRunner,
      metric: { (graph: Graph) throws(QuantizationError) in
        // Decibels as a drop: 40 dB is 0, 20 dB is 0.2.
        max(40 - (try reference.decibels(graph)), 0) / 100
      })
  }

  @Test func looseBoundsKeepEverythingInIntegers() throws {
    let result = try quantized(try network(), maxDrop: 1)
    #expect(result.report.layers.allSatisfy { $0.precision == "int8" })
    #expect(result.report.drop != nil)
  }

  @Test func theMostSensitiveOperatorsReturnFirst() throws {
    let net = try network()
    let start = try #require(try quantized(net, maxDrop: 1).report.drop)
    let result = try quantized(net, maxDrop: start - 0.01)
    let floats = result.report.layers.filter { $0.precision == "float" }.map(\.name)
    #expect(!floats.isEmpty && floats.count < 4)
    let least = result.report.layers.min { ($0.sensitivity ?? 0) < ($1.sensitivity ?? 0) }
    #expect(floats.contains(least?.name ?? ""))
    #expect(try #require(result.report.drop) <= start - 0.01)
    #expect(result.report.unreached == nil)
  }

  @Test func allFloatReachesAnyDrop() throws {
    let result = try quantized(try network(), maxDrop: 0)
    #expect(result.report.drop == 0)
  }

  @Test func theNetworkBackInFloatsIsAsItCame() throws {
    let net = try network()
    var options = QuantizationOptions()
    options.maxDrop = 0
    options.costModel = .everything
    options.equalizes = false
    let result = try PostTrainingQuantization.quantize(
      net.graph, options: options, samples: net.samples(6), runner: referenceRunner,
      metric: { (graph: Graph) throws(QuantizationError) in graph.census["quantize"] == nil ? 0 : 1 })
    // Biases were moved on the way: the steps were kept.
    #expect(result.report.steps.contains { $0.name == "rounding optimization" && $0.kept })
    #expect(result.report.layers.allSatisfy { $0.precision == "float" })
    #expect(try decibels(result.graph, against: net.graph) == .infinity)
  }

  @Test func boundsThatExcludeEachOtherReportTheBestPoint() throws {
    let net = try network()
    let bytes = try quantized(net, maxDrop: 1).report.weightBytes
    let result = try quantized(net, maxDrop: 0, maxBytes: bytes + 500)
    #expect(result.report.weightBytes <= bytes + 500)
    #expect(result.report.unreached?.contains("best point") == true)
    let tight = try quantized(net, maxDrop: 1, maxBytes: bytes - 1)
    #expect(tight.report.unreached?.contains("it has \(bytes)") == true)
  }
}

@Suite struct SyntheticSamplesTests {
  @Test func imagesAreSmoothAndSeeded() throws {
    var net = TestNetwork()
    net.output(try net.convolution(net.input([1, 3, 32, 32]), 4, name: "y"))
    var images: [[Tensor]] = []
    for seed in [1, 1, 2] as [UInt64] {
      try SyntheticSamples(net.graph, count: 1, seed: seed).forEach(limit: 9) {
        (inputs: [Tensor]) throws(QuantizationError) in
        images.append(inputs)
        return true
      }
    }
    #expect(images.count == 3 && images[0] == images[1] && images[0] != images[2])
    let values = images[0][0].doubles()
    var (steps, spread) = (0.0, 0.0)
    for k in 1..<1024 {
      steps += (values[k] - values[k - 1]) * (values[k] - values[k - 1])
      spread += values[k] * values[k]
    }
    #expect(steps < 0.6 * spread)
  }

  @Test func tokensStayInsideTheirTable() throws {
    var net = TestNetwork()
    let tokens = net.input([2, 8], .int64)
    let flags = net.input([2], .bool)
    let table = net.constant(net.values(30 * 4), [30, 4])
    net.output(try net.node(Gather(axis: 0), table, tokens, name: "embedded"))
    net.output(flags)
    var seen: Set<Int> = []
    try SyntheticSamples(net.graph, count: 40).forEach(limit: 40) { (inputs: [Tensor]) throws(QuantizationError) in
      seen.formUnion(inputs[0].integers() ?? [])
      return true
    }
    #expect(seen.min() == 0 && seen.max() == 29)
  }

  @Test(arguments: [(ElementType.uint8, 0.0...255), (.int8, -128...127)]) func bytesAreSpreadOverTheirRange(
    _ element: ElementType, _ range: ClosedRange<Double>
  ) throws {
    var net = TestNetwork()
    let pixels = net.input([1, 3, 16, 16], element)
    net.output(try net.node(Cast(to: .float32), pixels, name: "y"))
    var seen: Set<Double> = []
    try SyntheticSamples(net.graph, count: 16).forEach(limit: 16) { (inputs: [Tensor]) throws(QuantizationError) in
      seen.formUnion(inputs[0].doubles())
      return true
    }
    #expect(seen.min() == range.lowerBound && seen.max() == range.upperBound && seen.count > 200)
  }

  @Test func statisticsChooseTheDistribution() throws {
    // As trained on bytes: the normalization's mean and variance are those of sums over 0...255.
    var net = TestNetwork()
    let x = net.input([1, 3, 8, 8])
    let sums = try net.convolution(
      x, 4, kernel: 1, function: nil, weights: [Float](repeating: 0.3, count: 12), name: "sums")
    let scale = net.constant([1, 1, 1, 1], [4])
    let zero = net.constant([0, 0, 0, 0], [4])
    let mean = net.constant([108, 108, 108, 108], [4])
    let variance = net.constant([1600, 1600, 1600, 1600], [4])
    let y = try net.node(BatchNormalization(epsilon: 0), sums, scale, zero, mean, variance, name: "y")
    net.output(try net.node(Unary(.relu), y, name: "z"))
    let statistics = ChannelStatistics.collected(from: net.graph)
    #expect(statistics.map(\.value) == ["y", "z"])
    #expect(abs(statistics[1].means[0] - 0.3989) < 0.001 && abs(statistics[1].deviations[0] - 0.5838) < 0.001)
    let fitted = try SyntheticSamples(net.graph).fitted(to: net.graph, statistics: statistics, runner: referenceRunner)
    #expect(fitted.distribution.bounds == 0...255)
    let unknown = try SyntheticSamples(net.graph).fitted(to: net.graph, statistics: [], runner: referenceRunner)
    #expect(unknown.distribution == SyntheticSamples.Distribution())
  }
}
