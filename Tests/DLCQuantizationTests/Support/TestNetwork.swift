import DLCGraph
import DLCOperators
import DLCTensor

@testable import DLCQuantization

/// Builds small networks with seeded weights.
struct TestNetwork {
  var graph = Graph(name: "test")
  var random: SeededRandom

  init(seed: UInt64 = 7) { random = SeededRandom(state: seed) }

  /// Normally distributed constants of the given deviation.
  mutating func values(_ count: Int, _ deviation: Double = 1) -> [Float] {
    (0..<count).map { _ in Float(deviation * random.normal()) }
  }

  mutating func input(_ shape: Shape, _ element: ElementType = .float32) -> ValueID {
    graph.addInput(
      name: "x\(graph.inputs.count)", type: TensorType(element, shape),
      declared: shape.dimensions.map { .fixed($0) })
  }

  mutating func constant(_ values: [Float], _ shape: Shape) -> ValueID {
    graph.addConstant(Tensor(values, shape: shape))
  }

  mutating func node(_ op: any Operator, _ inputs: ValueID..., name: String) throws -> ValueID {
    try graph.add(op, inputs, name: name, outputNames: [name])[0]
  }

  /// A convolution with weights of unit gain, or those given.
  mutating func convolution(
    _ x: ValueID, _ outputs: Int, kernel: Int = 3, groups: Int = 1, stride: Int = 1, function: Function? = .relu,
    residual: ValueID? = nil, weights: [Float]? = nil, bias: [Float]? = nil, name: String
  ) throws -> ValueID {
    let inputs = graph[x].type.shape[1] / groups
    let count = outputs * inputs * kernel * kernel
    let weights = weights ?? values(count, (2 / Double(inputs * kernel * kernel)).squareRoot())
    let w = constant(weights, [outputs, inputs, kernel, kernel])
    let b = constant(bias ?? values(outputs, 0.1), [outputs])
    let pad = [kernel / 2, kernel / 2]
    let op = Convolution(
      window: Window(
        kernel: [kernel, kernel], strides: [stride, stride], dilations: [1, 1], padBegin: pad, padEnd: pad),
      groups: groups, epilogue: Epilogue(bias: true, residual: residual != nil, function: function))
    return try graph.add(op, [x, w, b] + (residual.map { [$0] } ?? []), name: name, outputNames: [name])[0]
  }

  /// x `[..., K]` times weights `[K, N]` and a bias.
  mutating func linear(
    _ x: ValueID, _ outputs: Int, function: Function? = nil, weights: [Float]? = nil, name: String
  ) throws -> ValueID {
    let depth = graph[x].type.shape.dimensions.last!
    let w = constant(weights ?? values(depth * outputs, (1 / Double(depth)).squareRoot()), [depth, outputs])
    let b = constant(values(outputs, 0.1), [outputs])
    let op = MatMul(epilogue: Epilogue(bias: true, function: function))
    return try graph.add(op, [x, w, b], name: name, outputNames: [name])[0]
  }

  mutating func output(_ value: ValueID) {
    graph.outputs.append(Port(name: graph[value].name, value: value, declared: []))
  }

  /// Samples for the network's inputs.
  func samples(_ count: Int, seed: UInt64 = 3) -> SyntheticSamples {
    SyntheticSamples(graph, count: count, seed: seed, distribution: testDistribution)
  }
}

/// Bounded, so that a few samples show the whole range.
let testDistribution = SyntheticSamples.Distribution(bounds: -1...1)

/// Runs graphs by reference evaluation.
struct ReferenceExecution: GraphExecution {
  let graph: Graph

  func run(_ inputs: [Tensor]) throws(QuantizationError) -> [Tensor] {
    var known: [ValueID: Tensor] = [:]
    for (port, input) in zip(graph.inputs, inputs) { known[port.value] = input }
    func tensor(_ id: ValueID) throws(QuantizationError) -> Tensor {
      guard let tensor = known[id] ?? graph.constant(id) else { throw .execution("value \(id.index) was not computed") }
      return tensor
    }
    for id in graph.topologicalOrder() ?? [] {
      let node = graph[id]
      var arguments: [Tensor] = []
      for input in node.inputs { arguments.append(try tensor(input)) }
      let results: [Tensor]
      do { results = try node.op.evaluate(arguments) } catch { throw .execution(error.reason) }
      for (output, result) in zip(node.outputs, results) { known[output] = result }
    }
    var outputs: [Tensor] = []
    for port in graph.outputs { outputs.append(try tensor(port.value)) }
    return outputs
  }
}

/// The runner of all tests here; refuses graphs that break an invariant.
func referenceRunner(_ graph: Graph) throws(QuantizationError) -> any GraphExecution {
  if let defect = graph.firstDefect() { throw .execution(defect) }
  return ReferenceExecution(graph: graph)
}

/// Signal to noise of `graph` against `reference` on fresh samples, in dB.
func decibels(_ graph: Graph, against reference: Graph, samples: Int = 5, seed: UInt64 = 99) throws -> Double {
  var (noise, signal) = (0.0, 0.0)
  try SyntheticSamples(reference, count: samples, seed: seed, distribution: testDistribution).forEach(limit: samples) {
    (inputs: [Tensor]) throws(QuantizationError) in
    let expected = try referenceRunner(reference).run(inputs)
    let found = try referenceRunner(graph).run(inputs)
    for (a, b) in zip(found, expected) {
      for (x, y) in zip(a.doubles(), b.doubles()) {
        noise += (x - y) * (x - y)
        signal += y * y
      }
    }
    return true
  }
  return Decibels.ofNoise(noise / max(signal, 1e-300))
}

extension Graph {
  /// Mnemonics in order with how often they stand.
  var census: [String: Int] {
    var result: [String: Int] = [:]
    for id in topologicalOrder() ?? [] { result[self[id].op.mnemonic, default: 0] += 1 }
    return result
  }

  /// The parameters of the dequantize node that feeds input `index` of the node called `name`.
  func parameters(feeding name: String, _ index: Int = 0) -> QuantizationParameters? {
    for id in topologicalOrder() ?? [] where self[id].name == name {
      let node = self[id]
      if node.op is Quantize || node.op is Dequantize { continue }
      return (producer(of: node.inputs[index])?.node.op as? Dequantize)?.parameters
    }
    return nil
  }
}
