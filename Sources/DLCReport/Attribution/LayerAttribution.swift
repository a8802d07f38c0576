import DLCCompiler
import DLCGraph
import DLCOperators
import DLCTensor

/// Traces a candidate's error to the layers where it arises.
///
/// A layer's own error is the candidate's answer minus what the reference computes from the candidate's own inputs. Its share
/// is what that error alone, added to the reference's run, does to the outputs, over the sum of all layers' effects.
package struct LayerAttribution {
  /// Samples whose errors are also followed to the outputs, one run of the reference a layer and sample.
  private static let injectedSamples = 3

  private let prepared: Compiler.Prepared
  private let options: CompileOptions
  private let threads: Int
  private var graphs: ReferenceGraphs?
  private var matches: [Match] = []
  private var layers: [LayerError] = []
  private var sessions: Sessions?
  private var samples = 0

  /// A value of the reference and the candidate's step that computes it.
  private struct Match {
    var value: ValueID
    /// Which of the candidate's observed tensors.
    var observed: Int
    var isChannelsLast: Bool
  }

  private struct Sessions {
    var observed: InferenceSession
    var local: InferenceSession
    var injected: InferenceSession
    var errorTypes: [TensorType]
  }

  /// Attribution to layers of the ONNX model at `path`. Throws what compiling throws.
  package init(reference path: String, options: CompileOptions, threads: Int) throws {
    self.options = options
    self.threads = threads
    prepared = try Engine.prepare(path, options)
  }

  /// Adds a sample: its inputs, and what every step of the candidate wrote.
  package mutating func add(_ inputs: [Tensor], _ candidate: [ObservedTensor]) throws {
    if graphs == nil { try match(inputs, candidate) }
    guard let graphs, let sessions else { return }
    let outputs = prepared.graph.outputs.count
    let all = try sessions.observed.run(inputs)
    let given = zip(matches, layers).map { match, layer in
      Self.values(of: candidate[match.observed], match, layer.shape)
    }
    let local = try sessions.local.run(
      inputs + zip(given, layers).map { Tensor($0, shape: $1.shape) })
    for k in matches.indices {
      let grid = candidate[matches[k].observed].grid
      layers[k].add(
        reference: all[outputs + k].elements(as: Float.self), local: local[k].elements(as: Float.self),
        candidate: given[k], grid: grid)
    }
    if samples < Self.injectedSamples {
      try inject(inputs, Array(all[..<outputs]), given, local, graphs, sessions)
    }
    samples += 1
  }

  /// The layers by their share of the outputs' error, largest first.
  package func result() -> LayerAttributionResult {
    LayerAttributionResult(layers)
  }

  private static func values(of tensor: ObservedTensor, _ match: Match, _ shape: Shape) -> [Float] {
    match.isChannelsLast ? ObservedTensor.channelsFirst(tensor.values, shape) : tensor.values
  }

  // Pairs the candidate's steps with the reference's nodes of the same name, by what they compute on the first sample.
  private mutating func match(_ inputs: [Tensor], _ candidate: [ObservedTensor]) throws {
    let graph = prepared.graph
    var named: [String: [Int]] = [:]
    for (k, tensor) in candidate.enumerated() { named[tensor.name, default: []].append(k) }
    let possible = (graph.topologicalOrder() ?? []).filter { id in
      let node = graph[id]
      return !node.name.isEmpty && named[node.name] != nil && node.outputs.count == 1
        && graph[node.outputs[0]].type.element == .float32 && !graph[node.outputs[0]].type.shape.isEmpty
    }
    let first = try ReferenceGraphs(graph, values: possible.map { graph[$0].outputs[0] })
    let answers = try session(first.observed).run(inputs)
    for (k, id) in possible.enumerated() {
      let node = graph[id]
      let type = graph[node.outputs[0]].type
      let reference = answers[graph.outputs.count + k].elements(as: Float.self)
      guard let best = Self.nearest(named[node.name] ?? [], in: candidate, type.shape, reference) else { continue }
      matches.append(Match(value: node.outputs[0], observed: best.index, isChannelsLast: best.isChannelsLast))
      layers.append(
        LayerError(
          name: node.name, mnemonic: node.op.mnemonic, shape: type.shape,
          channelAxis: Self.channelAxis(node.op, type.shape)))
    }
    guard !matches.isEmpty else {
      throw Failure(
        .badData,
        "no step of the candidate has the name of a node of the reference, so --per-layer cannot pair them. Give the ONNX model that the candidate was made from as reference."
      )
    }
    let graphs = try ReferenceGraphs(graph, values: matches.map(\.value))
    self.graphs = graphs
    sessions = Sessions(
      observed: try session(graphs.observed), local: try session(graphs.local), injected: try session(graphs.injected),
      errorTypes: layers.map { TensorType(.float32, $0.shape) })
  }

  /// The observed tensor among `indices` that lies nearest to the reference, the last one of equals; integers before floats,
  /// which may be what was there before rounding.
  private static func nearest(
    _ indices: [Int], in candidate: [ObservedTensor], _ shape: Shape, _ reference: [Float]
  ) -> (index: Int, isChannelsLast: Bool)? {
    var best: (index: Int, isChannelsLast: Bool, isInteger: Bool, cosine: Double)?
    for index in indices {
      guard let arranged = candidate[index].arranged(as: shape, like: reference) else { continue }
      let type = TensorType(.float32, shape)
      let cosine = TensorDifference(
        reference: Tensor(reference, shape: type.shape), candidate: Tensor(arranged.values, shape: type.shape)
      ).cosine
      let isInteger = candidate[index].grid != nil
      if let found = best, found.isInteger && !isInteger || (found.isInteger == isInteger && cosine < found.cosine) {
        continue
      }
      best = (index, arranged.isChannelsLast, isInteger, cosine)
    }
    return best.map { ($0.index, $0.isChannelsLast) }
  }

  private static func channelAxis(_ op: any Operator, _ shape: Shape) -> Int {
    if shape.rank >= 3, op is any SpatialOperator || shape.rank == 4 { return 1 }
    return max(shape.rank - 1, 0)
  }

  private func session(_ graph: Graph) throws -> InferenceSession {
    var variant = prepared
    variant.graph = graph
    return try LoadedModel(try Engine.finish(variant, options)).session(threads: threads)
  }

  private mutating func inject(
    _ inputs: [Tensor], _ expected: [Tensor], _ given: [[Float]], _ local: [Tensor], _ graphs: ReferenceGraphs,
    _ sessions: Sessions
  ) throws {
    let zeros = sessions.errorTypes.map { type in
      Tensor(type) { bytes in _ = bytes.initializeMemory(as: UInt8.self, repeating: 0) }
    }
    try sessions.injected.fill(inputs + zeros)
    let first = inputs.count
    for k in layers.indices {
      let error = zip(given[k], local[k].elements(as: Float.self)).map { $0 - $1 }
      try sessions.injected.fill(first + k, Tensor(error, shape: layers[k].shape))
      try sessions.injected.run()
      for (reference, found) in zip(expected, sessions.injected.outputs()) where reference.element.isFloat {
        let (a, b) = (reference.doubles(), found.doubles())
        var (signal, noise) = (0.0, 0.0)
        for (x, y) in zip(a, b) {
          signal += x * x
          noise += (x - y) * (x - y)
        }
        if signal > 0, noise.isFinite { layers[k].outputNoise += noise / signal }
      }
      try sessions.injected.fill(first + k, zeros[k])
    }
  }
}
