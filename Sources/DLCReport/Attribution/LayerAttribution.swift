import DLCCompiler
import DLCGraph
import DLCOperators
import DLCTensor

/// Traces a candidate's error to the layers where it arises.
///
/// A layer's own error is the candidate's answer minus what the reference computes from the candidate's own inputs. Its share
/// is what that error changes in the outputs after those of all layers before it, over the sum of all layers' changes: a fault
/// in a layer is counted there, and not in those that have to work with what it gives.
package struct LayerAttribution {
  private let prepared: Compiler.Prepared
  private let options: CompileOptions
  private let threads: Int
  private var matches: [Match] = []
  private var layers: [LayerError] = []
  private var sessions: Sessions?
  private var samples = 0

  /// Which of the candidate's observed tensors belongs to a layer, and how it lies there.
  private struct Match {
    var observed: Int
    var isChannelsLast: Bool
    /// What the reference's file says that its channels are divided by.
    var divisors: [Float]?
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
    prepared = try Engine.prepare(path, options, fuses: false)
  }

  /// Adds a sample: its inputs, and what every step of the candidate wrote.
  package mutating func add(_ inputs: [Tensor], _ candidate: [ObservedTensor]) throws {
    if sessions == nil { try match(inputs, candidate) }
    guard let sessions else { return }
    let outputs = prepared.graph.outputs.count
    let all = try sessions.observed.run(inputs)
    let given = zip(matches, layers).map { match, layer in
      Self.values(of: candidate[match.observed], match, layer)
    }
    let local = try sessions.local.run(
      inputs + zip(given, layers).map { Tensor($0, shape: $1.shape) })
    for k in matches.indices {
      layers[k].add(
        reference: all[outputs + k].elements(as: Float.self), local: local[k].elements(as: Float.self),
        candidate: given[k], grid: Self.grid(of: candidate[matches[k].observed], matches[k]))
    }
    // One run of the reference a layer: for the first sample, and where their number doubles, so that data sorted by classes
    // is seen in all its parts.
    if samples & (samples - 1) == 0 { try inject(inputs, Array(all[..<outputs]), given, local, sessions) }
    samples += 1
  }

  /// The layers by their share of the outputs' error, largest first.
  package func result() -> LayerAttributionResult {
    LayerAttributionResult(layers)
  }

  /// The candidate's values as the reference has them.
  private static func values(of tensor: ObservedTensor, _ match: Match, _ layer: LayerError) -> [Float] {
    var values =
      match.isChannelsLast ? ObservedTensor.channelsFirst(tensor.values, layer.shape) : tensor.values
    if let divisors = match.divisors, divisors.count == layer.channels.count {
      for k in values.indices { values[k] /= divisors[layer.channel(of: k)] }
    }
    return values
  }

  private static func grid(of tensor: ObservedTensor, _ match: Match) -> ObservedTensor.Grid? {
    guard var grid = tensor.grid, let divisors = match.divisors else { return tensor.grid }
    grid.steps = divisors.indices.map { grid.steps[grid.steps.count == divisors.count ? $0 : 0] / divisors[$0] }
    return grid
  }

  // Pairs the candidate's steps with the reference's nodes.
  private mutating func match(_ inputs: [Tensor], _ candidate: [ObservedTensor]) throws {
    let graph = prepared.graph
    let pairs = StepPairing(graph, candidate).pairs()
    guard !pairs.isEmpty else {
      throw Failure(
        .badData,
        "no step of the candidate has the name of a node of the reference, so --per-layer cannot pair them. Give the ONNX model that the candidate was made from as reference."
      )
    }
    let graphs = try ReferenceGraphs(graph, values: pairs.map(\.value))
    let observed = try session(graphs.observed)
    let answers = try observed.run(inputs)
    for (k, pair) in pairs.enumerated() {
      let node = graph[pair.node]
      let shape = graph[pair.value].type.shape
      let isSpatial = node.op is any SpatialOperator
      matches.append(
        Match(
          observed: pair.observed,
          isChannelsLast: candidate[pair.observed].isChannelsLast(
            shape, isSpatial: isSpatial, like: answers[graph.outputs.count + k].elements(as: Float.self)) ?? false,
          divisors: prepared.channelScales.scales[node.name]))
      layers.append(
        LayerError(
          name: node.name, mnemonic: node.op.mnemonic, shape: shape,
          channelAxis: Self.channelAxis(shape, isSpatial: isSpatial)))
    }
    sessions = Sessions(
      observed: observed, local: try session(graphs.local), injected: try session(graphs.injected),
      errorTypes: layers.map { TensorType(.float32, $0.shape) })
  }

  private static func channelAxis(_ shape: Shape, isSpatial: Bool) -> Int {
    if shape.rank >= 3, isSpatial || shape.rank == 4 { return 1 }
    return max(shape.rank - 1, 0)
  }

  private func session(_ graph: Graph) throws -> InferenceSession {
    var variant = prepared
    variant.graph = graph
    return try LoadedModel(try Engine.finish(variant, options)).session(threads: threads)
  }

  /// Adds the layers' own errors to the reference one after another, until it computes what the candidate does.
  private mutating func inject(
    _ inputs: [Tensor], _ expected: [Tensor], _ given: [[Float]], _ local: [Tensor], _ sessions: Sessions
  ) throws {
    let zeros = sessions.errorTypes.map { type in
      Tensor(type) { bytes in _ = bytes.initializeMemory(as: UInt8.self, repeating: 0) }
    }
    try sessions.injected.fill(inputs + zeros)
    let outputs = expected.indices.filter { expected[$0].element.isFloat }
    let signals = outputs.map { expected[$0].doubles().reduce(0) { $0 + $1 * $1 } }
    var before = outputs.map { expected[$0].doubles() }
    for k in layers.indices {
      let error = zip(given[k], local[k].elements(as: Float.self)).map { $0 - $1 }
      try sessions.injected.fill(inputs.count + k, Tensor(error, shape: layers[k].shape))
      try sessions.injected.run()
      let found = sessions.injected.outputs()
      let after = outputs.map { found[$0].doubles() }
      for (signal, (a, b)) in zip(signals, zip(before, after)) {
        let noise = zip(a, b).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
        if signal > 0, noise.isFinite { layers[k].outputNoise += noise / signal }
      }
      before = after
    }
  }
}
