import DLCCompiler
import DLCData
import DLCTensor

/// How far a candidate model's outputs lie from a reference model's on the same inputs.
package struct ModelComparison {
  /// Bars that a candidate must reach; nil: not asked for.
  package struct Bars {
    package var maxAbsolute: Double?
    package var minCosine: Double?
    package var minSQNR: Double?
    package var minTop1: Double?

    package init(maxAbsolute: Double?, minCosine: Double?, minSQNR: Double?, minTop1: Double?) {
      self.maxAbsolute = maxAbsolute
      self.minCosine = minCosine
      self.minSQNR = minSQNR
      self.minTop1 = minTop1
    }
  }

  package var reference: String
  package var candidate: String
  package var data: String?
  package var randomSamples: Int?
  package var seed: UInt64
  package var threads: Int
  package var bars: Bars
  /// Whether errors are traced to the layers where they arise; the reference is an ONNX model then.
  package var perLayer: Bool

  package init(
    reference: String, candidate: String, data: String?, randomSamples: Int?, seed: UInt64, threads: Int, bars: Bars,
    perLayer: Bool = false
  ) {
    self.perLayer = perLayer
    self.reference = reference
    self.candidate = candidate
    self.data = data
    self.randomSamples = randomSamples
    self.seed = seed
    self.threads = threads
    self.bars = bars
  }

  /// One output over all samples: the worst of each measure, the mean of the mean error.
  package struct Output {
    package var name: String
    package var maxAbsolute = 0.0
    package var meanAbsolute = 0.0
    package var cosine = 1.0
    package var sqnr = Double.infinity
  }

  package struct Outcome {
    package var samples = 0
    package var outputs: [Output] = []
    /// Share of rows whose best class agrees, over outputs that look like scores; nil without any.
    package var top1: Double?
    /// Bars that were missed, as sentences.
    package var missed: [String] = []
    /// Where the error arises, when that was asked for.
    package var layers: LayerAttributionResult?

    package var passed: Bool { missed.isEmpty }

    package var json: JSONValue {
      .object(
        [
          (
            "outputs",
            .array(
              outputs.map {
                .object([
                  ("name", .string($0.name)), ("max_abs", .number($0.maxAbsolute)),
                  ("mean_abs", .number($0.meanAbsolute)),
                  ("cosine", .number($0.cosine)), ("sqnr_db", .number($0.sqnr)),
                ])
              })
          ),
          ("top1_agreement", top1.map { .number($0) } ?? .null), ("samples", .integer(samples)),
          ("passed", .bool(passed)),
        ] + (layers.map { [("layers", $0.json)] } ?? []))
    }

    package var lines: [String] {
      let rows =
        [["output", "max abs", "mean abs", "cosine", "SQNR dB"]]
        + outputs.map { [$0.name, short($0.maxAbsolute), short($0.meanAbsolute), short($0.cosine), short($0.sqnr)] }
      let agreement = top1.map { ["top-1 agreement \(short($0 * 100)) % over \(samples) samples"] } ?? []
      return Listing.table(rows, numeric: [1, 2, 3, 4]) + agreement + (layers.map { [""] + $0.lines } ?? []) + missed
    }
  }

  /// Runs both models on every sample.
  package func run(options: CompileOptions) throws -> Outcome {
    let first = try Engine.open(reference, options: options)
    let second = try Engine.open(candidate, options: options)
    try checkPorts(first, second)
    let (a, b) = (try first.session(threads: threads), try second.session(threads: threads))
    var outcome = Outcome(outputs: first.outputs.map { Output(name: $0.name) })
    var agreements: [Double] = []
    var attribution = try perLayer ? layerAttribution(options) : nil
    for inputs in try samples(first) {
      let expected = try a.run(inputs)
      var found: [Tensor]
      if attribution != nil {
        let steps = try b.observe(inputs)
        found = b.outputs()
        try attribution?.add(inputs, steps)
      } else {
        found = try b.run(inputs)
      }
      outcome.samples += 1
      for k in expected.indices {
        let difference = TensorDifference(reference: expected[k], candidate: found[k])
        outcome.outputs[k].maxAbsolute = max(outcome.outputs[k].maxAbsolute, difference.maxAbsolute)
        outcome.outputs[k].meanAbsolute += difference.meanAbsolute
        outcome.outputs[k].cosine = min(outcome.outputs[k].cosine, difference.cosine)
        outcome.outputs[k].sqnr = min(outcome.outputs[k].sqnr, difference.sqnr)
        if let agreement = top1Agreement(reference: expected[k], candidate: found[k]) { agreements.append(agreement) }
      }
    }
    for k in outcome.outputs.indices { outcome.outputs[k].meanAbsolute /= Double(max(outcome.samples, 1)) }
    if !agreements.isEmpty { outcome.top1 = agreements.reduce(0, +) / Double(agreements.count) }
    outcome.missed = missedBars(outcome)
    outcome.layers = attribution?.result()
    return outcome
  }

  private func layerAttribution(_ options: CompileOptions) throws -> LayerAttribution {
    guard Engine.isOnnx(reference) else {
      throw Failure(
        .usage,
        "--per-layer needs the ONNX model as reference, '\(reference)' is a plan. Give the .onnx file it was made from."
      )
    }
    return try LayerAttribution(reference: reference, options: options, threads: threads)
  }

  private func missedBars(_ outcome: Outcome) -> [String] {
    var missed: [String] = []
    for output in outcome.outputs {
      if let bar = bars.maxAbsolute, !(output.maxAbsolute <= bar) {
        missed.append(
          "missed: output '\(output.name)' max abs \(short(output.maxAbsolute)), at most \(short(bar)) wanted")
      }
      if let bar = bars.minCosine, !(output.cosine >= bar) {
        missed.append("missed: output '\(output.name)' cosine \(output.cosine), at least \(bar) wanted")
      }
      if let bar = bars.minSQNR, !(output.sqnr >= bar) {
        missed.append("missed: output '\(output.name)' SQNR \(short(output.sqnr)) dB, at least \(short(bar)) wanted")
      }
    }
    if let bar = bars.minTop1, !((outcome.top1 ?? 1) >= bar) {
      missed.append("missed: top-1 agreement \(short(outcome.top1 ?? 1)), at least \(short(bar)) wanted")
    }
    return missed
  }

  private func checkPorts(_ first: LoadedModel, _ second: LoadedModel) throws {
    for (kind, a, b) in [("inputs", first.inputs, second.inputs), ("outputs", first.outputs, second.outputs)] {
      guard a.map(\.type) == b.map(\.type) else {
        let (left, right) = (a.map(\.description).joined(separator: ", "), b.map(\.description).joined(separator: ", "))
        throw Failure(
          .badData, "the models have different \(kind): \(reference) has \(left); \(candidate) has \(right).")
      }
    }
  }

  private func samples(_ model: LoadedModel) throws -> [[Tensor]] {
    if let randomSamples {
      var samples: [[Tensor]] = []
      for k in 0..<randomSamples { samples.append(try model.fill([:], seed: seed &+ UInt64(k))) }
      return samples
    }
    guard let data else { return [] }
    var samples: [[Tensor]] = []
    for set in try TestDataSet.load(data, outputNames: model.outputs.map(\.name)) {
      var inputs: [String: Tensor] = [:]
      for (k, port) in model.inputs.enumerated() { inputs[port.name] = set.inputs.tensor(port.name, at: k) }
      for k in 0..<batches(inputs, model.inputs) {
        var sample = inputs
        for port in model.inputs { sample[port.name] = inputs[port.name].map { slice(k, of: $0, as: port.type) } }
        samples.append(try model.fill(sample, seed: nil))
      }
    }
    return samples
  }

  /// How many runs the leading axes of the given inputs hold; 1 when they do not all hold the same number.
  private func batches(_ inputs: [String: Tensor], _ ports: [PortInfo]) -> Int {
    let counts = ports.map { port -> Int in
      guard let given = inputs[port.name], given.element == port.type.element, given.shape.rank == port.type.shape.rank,
        let all = given.shape.dimensions.first, let one = port.type.shape.dimensions.first, one > 0, all % one == 0,
        given.shape.dimensions.dropFirst() == port.type.shape.dimensions.dropFirst()
      else { return 1 }
      return all / one
    }
    guard let first = counts.first, counts.allSatisfy({ $0 == first }) else { return 1 }
    return first
  }

  /// The `index`-th run of `tensor`; `tensor` itself when it holds no more than one.
  private func slice(_ index: Int, of tensor: Tensor, as type: TensorType) -> Tensor {
    guard tensor.type != type, tensor.count > type.shape.count, type.shape.count > 0 else { return tensor }
    return Tensor(type) { target in
      tensor.withBytes { source in
        target.copyBytes(from: source[(index * type.byteCount)..<((index + 1) * type.byteCount)])
      }
    }
  }
}
