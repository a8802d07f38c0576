import DLCCompiler
import DLCData
import DLCGraph
import DLCOnnx
import DLCOperators
import DLCQuantization
import DLCTensor
import Foundation
import Testing

@testable import DLCReport

/// Faults planted in a network with dense, depthwise and pointwise convolutions, a residual and a classifier.
@Suite struct LayerAttributionTests {
  /// The layers, and how many output channels each has.
  private static let channels: [(name: String, count: Int)] = [
    ("stem", 8), ("wide", 16), ("depthwise", 16), ("narrow", 8), ("last", 8), ("head", 6),
  ]

  /// The network; `scaled` has the weights of output channel 3 multiplied by 100.
  private func network(scaled: String? = nil) throws -> Graph {
    var graph = Graph(name: "faulty")
    var generator = SplitMix64(seed: 5)
    func weights(_ shape: Shape, _ layer: String, gain: Float) -> ValueID {
      var values = Tensor.random(TensorType(.float32, shape), using: &generator).elements(as: Float.self).map {
        $0 * gain
      }
      let (inner, isMatrix) = (values.count / shape[0], shape.rank == 2)
      if layer == scaled {
        for k in values.indices where (isMatrix ? k % shape[1] : k / inner) == 3 { values[k] *= 100 }
      }
      return graph.addConstant(Tensor(values, shape: shape), name: layer + ".weight")
    }
    func convolution(
      _ x: ValueID, _ shape: Shape, groups: Int = 1, residual: ValueID? = nil, _ name: String
    ) throws -> ValueID {
      let pad = [shape[2] / 2, shape[3] / 2]
      let op = Convolution(
        window: Window(kernel: [shape[2], shape[3]], strides: [1, 1], dilations: [1, 1], padBegin: pad, padEnd: pad),
        groups: groups, epilogue: Epilogue(bias: true, residual: residual != nil, function: .relu))
      let w = weights(shape, name, gain: Float((2 / Double(shape[1] * shape[2] * shape[3])).squareRoot()))
      let b = graph.addConstant(
        Tensor((0..<shape[0]).map { Float($0 % 5) / 20 }, shape: [shape[0]]), name: name + ".bias")
      return try graph.add(op, [x, w, b] + (residual.map { [$0] } ?? []), name: name, outputNames: [name + "_out"])[0]
    }
    let x = graph.addInput(
      name: "x", type: TensorType(.float32, [1, 3, 10, 10]), declared: [1, 3, 10, 10].map { .fixed($0) })
    let stem = try convolution(x, [8, 3, 3, 3], "stem")
    let wide = try convolution(stem, [16, 8, 1, 1], "wide")
    let depthwise = try convolution(wide, [16, 1, 3, 3], groups: 16, "depthwise")
    let narrow = try convolution(depthwise, [8, 16, 1, 1], residual: stem, "narrow")
    let last = try convolution(narrow, [8, 8, 3, 3], "last")
    let mean = try graph.add(Reduce(.mean, axes: [2, 3], keepsAxes: false), [last], name: "pool")[0]
    let y = try graph.add(MatMul(), [mean, weights([8, 6], "head", gain: 0.5)], name: "head", outputNames: ["y"])[0]
    graph.outputs.append(Port(name: "y", value: y, declared: [.fixed(1), .fixed(6)]))
    return graph
  }

  private func withFolder<T>(_ body: (String) throws -> T) throws -> T {
    let folder = NSTemporaryDirectory() + "dlc-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    return try body(folder)
  }

  private func layers(_ reference: String, _ candidate: String) throws -> [LayerAttributionResult.Layer] {
    let comparison = ModelComparison(
      reference: reference, candidate: candidate, data: nil, randomSamples: 6, seed: 3, threads: 1,
      bars: .init(maxAbsolute: nil, minCosine: nil, minSQNR: nil, minTop1: nil), perLayer: true)
    return try #require(try comparison.run(options: CompileOptions()).layers).layers
  }

  private var request: QuantizationRequest { QuantizationRequest(QuantizationOptions(), data: nil, threads: 1) }

  @Test(arguments: channels.map(\.name)) func namesAChannelScaledInTheModel(_ layer: String) throws {
    try withFolder { folder in
      let (healthy, faulty) = (folder + "/healthy.onnx", folder + "/faulty.onnx")
      try OnnxWriter.write(try network(), to: healthy)
      try OnnxWriter.write(try network(scaled: layer), to: faulty)
      let plan = folder + "/faulty.plan"
      _ = try Engine.compile(faulty, to: plan, options: CompileOptions(), quantization: request)
      let first = try #require(try layers(healthy, plan).first)
      #expect(first.name == layer && first.cause == "channel gain", "\(first)")
      #expect(first.explanation?.hasPrefix("channel 3 ") == true, "\(first)")
      #expect(first.remedy?.contains("weights and scale") == true)
    }
  }

  /// A layer whose step takes in the sum with a layer that comes later in the model, as the mean of a variational encoder.
  @Test func aSumWithALaterLayerIsComparedInItsPlace() throws {
    var graph = Graph(name: "encoder")
    var generator = SplitMix64(seed: 9)
    let x = graph.addInput(name: "x", type: TensorType(.float32, [4, 24]), declared: [.fixed(4), .fixed(24)])
    func layer(_ name: String) throws -> ValueID {
      let weights = graph.addConstant(
        Tensor.random(TensorType(.float32, [24, 12]), using: &generator), name: name + ".w")
      return try graph.add(MatMul(), [x, weights], name: name, outputNames: [name + "_out"])[0]
    }
    let (mean, deviation) = (try layer("mean"), try layer("deviation"))
    let bent = try graph.add(Unary(.sin), [deviation], name: "bent", outputNames: ["bent_out"])[0]
    let sum = try graph.add(Binary(.add), [mean, bent], name: "sum", outputNames: ["y"])[0]
    graph.outputs.append(Port(name: "y", value: sum, declared: [.fixed(4), .fixed(12)]))
    try withFolder { folder in
      let (model, plan) = (folder + "/m.onnx", folder + "/m.plan")
      try OnnxWriter.write(graph, to: model)
      _ = try Engine.compile(model, to: plan, options: CompileOptions())
      let found = try layers(model, plan)
      #expect(Set(found.map(\.name)).isSuperset(of: ["mean", "deviation"]))
      #expect(found.allSatisfy { $0.cause == nil }, "\(found)")
    }
  }

  /// The quantized network of the healthy model, changed by `change`, beside that model.
  private func afterChanging(
    _ change: (inout Graph) throws -> Void
  ) throws -> [LayerAttributionResult.Layer] {
    try withFolder { folder in
      let (healthy, quantized) = (folder + "/healthy.onnx", folder + "/quantized.onnx")
      try OnnxWriter.write(try network(), to: healthy)
      _ = try Engine.export(healthy, to: quantized, options: CompileOptions(), quantization: request)
      let imported = try Importer.run(path: quantized)
      var graph = imported.graph
      try change(&graph)
      try OnnxWriter.write(graph, to: quantized, metadata: imported.metadata)
      return try layers(healthy, quantized)
    }
  }

  private func node(_ name: String, in graph: Graph) throws -> Node {
    let id = try #require(
      graph.topologicalOrder()?.first { graph[$0].name == name && Contraction(graph[$0].op) != nil })
    return graph[id]
  }

  /// Replaces the parameters of the conversion that computes `value`.
  private func setParameters(
    of value: ValueID, in graph: inout Graph, _ change: (inout QuantizationParameters) -> Void
  ) throws {
    let (_, node) = try #require(graph.producer(of: value))
    var patch = GraphPatch(graph)
    var op: any Operator = node.op
    if var quantize = op as? Quantize {
      change(&quantize.parameters)
      op = quantize
    } else if var dequantize = op as? Dequantize {
      change(&dequantize.parameters)
      op = dequantize
    }
    patch.replace(value, with: try patch.add(op, node.inputs, name: node.name)[0])
    graph.apply(patch)
  }

  @Test(arguments: channels) func namesAScaledChannelOfQuantizedWeights(_ layer: String, _ count: Int) throws {
    let found = try afterChanging { graph in
      let node = try node(layer, in: graph)
      // A layer that is too small to gain from integers stays in floats: its weights themselves, `[K, N]`.
      if let weights = graph.constant(node.inputs[1]) {
        let values = weights.elements(as: Float.self).enumerated().map { $1 * ($0 % count == 3 ? 100 : 1) }
        var patch = GraphPatch(graph)
        patch.replace(node.inputs[1], with: patch.addConstant(Tensor(values, shape: weights.shape)))
        graph.apply(patch)
        return
      }
      try setParameters(of: node.inputs[1], in: &graph) { parameters in
        #expect(parameters.scales.count == count)
        parameters.scales[3] *= 100
      }
    }
    let first = try #require(found.first)
    #expect(first.name == layer && first.cause == "channel gain", "\(first)")
    #expect(first.explanation?.hasPrefix("channel 3 ") == true, "\(first)")
  }

  @Test(arguments: channels.dropLast(2).map(\.name)) func namesAClippedRange(_ layer: String) throws {
    let found = try afterChanging { graph in
      var value = try node(layer, in: graph).outputs[0]
      while let user = graph.onlyUser(of: value) {
        value = graph[user].outputs[0]
        if graph[user].op is Quantize { break }
      }
      for user in graph[value].users {
        try setParameters(of: graph[user].outputs[0], in: &graph) { $0.scales[0] /= 8 }
      }
      try setParameters(of: value, in: &graph) { $0.scales[0] /= 8 }
    }
    let first = try #require(found.first)
    #expect(first.name == layer && first.cause == "saturation", "\(first)")
    #expect(first.remedy?.contains("calibrate") == true)
  }

  /// Equalized channels are compared as the numbers of the model that they stand for.
  @Test func aHealthyNetworkHasNoFault() throws {
    let found = try afterChanging { _ in }
    #expect(Set(found.map(\.name)).isSuperset(of: Self.channels.map(\.name)))
    for layer in found {
      #expect(layer.ownSQNR > 20, "\(layer)")
      // A range may cut off a value in a thousand where finer steps gain more.
      #expect(layer.cause != "channel gain" && (layer.cause != "saturation" || layer.ownSQNR > 30), "\(layer)")
    }
    #expect(abs(found.reduce(0) { $0 + $1.share } - 1) < 1e-6)
  }

  /// A binding goes to the model that has such a dimension; one that neither has is an error.
  @Test func bindsWhatOneOfTheModelsHas() throws {
    let open = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("samples/digits/digits.onnx").path
    try withFolder { folder in
      var options = CompileOptions()
      options.importing.dimensions = ["N": 1]
      let bound = folder + "/bound.onnx"
      _ = try Engine.export(open, to: bound, options: options)
      func compare(_ a: String, _ b: String, _ options: CompileOptions) throws -> ModelComparison.Outcome {
        try ModelComparison(
          reference: a, candidate: b, data: nil, randomSamples: 1, seed: 1, threads: 1,
          bars: .init(maxAbsolute: 1e-4, minCosine: nil, minSQNR: nil, minTop1: nil)
        ).run(options: options)
      }
      #expect(try compare(open, bound, options).passed)
      #expect(try compare(bound, open, options).passed)
      #expect(throws: UncompilableModel.self) { try compare(bound, bound, options) }
      options.importing.dimensions["M"] = 2
      #expect(throws: UncompilableModel.self) { try compare(open, bound, options) }
    }
  }
}
