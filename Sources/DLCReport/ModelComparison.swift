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
  package var data: DataRequest?
  package var randomSamples: Int?
  package var seed: UInt64
  package var threads: Int
  package var bars: Bars
  /// Whether errors are traced to the layers where they arise; the reference is an ONNX model then.
  package var perLayer: Bool

  package init(
    reference: String, candidate: String, data: DataRequest?, randomSamples: Int?, seed: UInt64, threads: Int,
    bars: Bars, perLayer: Bool = false
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

  /// One output over all samples.
  package struct Output {
    package var name: String
    /// Over all samples as one.
    package var total = TensorDifference()
    /// Of the samples one by one, the least.
    package var worstCosine = 1.0
    package var worstSQNR = Double.infinity
  }

  package struct Outcome {
    package var samples = 0
    package var outputs: [Output] = []
    package var skipped: [SkippedSample] = []
    /// Remarks for the user, one sentence each.
    package var notes: [String] = []
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
                  ("name", .string($0.name)), ("max_abs", .number($0.total.maxAbsolute)),
                  ("mean_abs", .number($0.total.meanAbsolute)),
                  ("cosine", .number($0.total.cosine)), ("sqnr_db", .number($0.total.sqnr)),
                  ("worst_cosine", .number($0.worstCosine)), ("worst_sqnr_db", .number($0.worstSQNR)),
                ])
              })
          ),
          ("top1_agreement", top1.map { .number($0) } ?? .null), ("samples", .integer(samples)),
          ("skipped", SkippedSample.json(skipped)), ("passed", .bool(passed)),
        ] + (layers.map { [("layers", $0.json)] } ?? []))
    }

    package var lines: [String] {
      let rows =
        [["output", "max abs", "mean abs", "cosine", "SQNR dB", "of the worst sample"]]
        + outputs.map {
          [
            $0.name, short($0.total.maxAbsolute), short($0.total.meanAbsolute), short($0.total.cosine),
            short($0.total.sqnr), short($0.worstSQNR),
          ]
        }
      let agreement = top1.map { ["top-1 agreement \(short($0 * 100)) % over \(samples) samples"] } ?? []
      return Listing.table(rows, numeric: [1, 2, 3, 4, 5]) + agreement + (layers.map { [""] + $0.lines } ?? [])
        + SkippedSample.lines(skipped) + missed
    }
  }

  /// Runs both models on every sample. What `options` say of dimensions and inputs goes to the model that has these, or to both;
  /// what neither has is an error.
  package func run(options: CompileOptions) throws -> Outcome {
    let (own, others) = (try Bindable(reference), try Bindable(candidate))
    let referenceOptions = own.narrowed(options, beside: others)
    let first = try Engine.open(reference, options: referenceOptions)
    let second = try Engine.open(candidate, options: others.narrowed(options, beside: own))
    try checkPorts(first, second)
    let (a, b) = (try first.session(threads: threads), try second.session(threads: threads))
    var outcome = Outcome(outputs: first.outputs.map { Output(name: $0.name) })
    var agreements: [Double] = []
    var runs = 0
    var attribution = try perLayer ? layerAttribution(referenceOptions) : nil
    let source = try Source(self, first, second)
    outcome.notes = source.notes
    while let (inputs, samples, rows) = try source.next() {
      var expected = try a.run(inputs)
      var found: [Tensor]
      if attribution != nil {
        let steps = try b.observe(inputs)
        found = b.outputs()
        try attribution?.add(inputs, steps)
      } else {
        found = try b.run(inputs)
      }
      outcome.samples += samples
      runs += 1
      if samples < rows {
        expected = expected.map { $0.leading(samples, of: rows) }
        found = found.map { $0.leading(samples, of: rows) }
      }
      for k in expected.indices {
        let difference = TensorDifference(reference: expected[k], candidate: found[k])
        outcome.outputs[k].total.add(difference)
        outcome.outputs[k].worstCosine = min(outcome.outputs[k].worstCosine, difference.cosine)
        outcome.outputs[k].worstSQNR = min(outcome.outputs[k].worstSQNR, difference.sqnr)
        if let agreement = top1Agreement(reference: expected[k], candidate: found[k]) { agreements.append(agreement) }
      }
    }
    outcome.skipped = source.skipped
    if let data, runs == 0 { throw Failure(.badData, "'\(data.path)' holds no samples that can be read.") }
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
      if let bar = bars.maxAbsolute, !(output.total.maxAbsolute <= bar) {
        missed.append(
          "missed: output '\(output.name)' max abs \(short(output.total.maxAbsolute)), at most \(short(bar)) wanted")
      }
      if let bar = bars.minCosine, !(output.total.cosine >= bar) {
        missed.append("missed: output '\(output.name)' cosine \(output.total.cosine), at least \(bar) wanted")
      }
      if let bar = bars.minSQNR, !(output.total.sqnr >= bar) {
        missed.append(
          "missed: output '\(output.name)' SQNR \(short(output.total.sqnr)) dB, at least \(short(bar)) wanted")
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

  /// What can be bound in a model; nothing in a plan.
  private struct Bindable {
    private var symbols: Set<String> = []
    private var inputs: Set<String> = []

    init(_ path: String) throws {
      if Engine.isOnnx(path) { (symbols, inputs) = try Engine.bindable(in: path) }
    }

    /// `options` without what only the other model has.
    func narrowed(_ options: CompileOptions, beside other: Bindable) -> CompileOptions {
      func isOurs(_ name: String, _ own: Set<String>, _ others: Set<String>) -> Bool {
        own.contains(name) || !others.contains(name)
      }
      var result = options
      result.importing.dimensions = options.importing.dimensions.filter { isOurs($0.key, symbols, other.symbols) }
      result.importing.inputShapes = options.importing.inputShapes.filter { isOurs($0.key, inputs, other.inputs) }
      result.importing.constants = options.importing.constants.filter { isOurs($0.key, inputs, other.inputs) }
      return result
    }
  }

  /// Inputs of one run after another: random ones, or the data's.
  private final class Source {
    private let comparison: ModelComparison
    private let model: LoadedModel
    private let batches: BatchStream?
    private var index = 0

    /// Remarks on the data for the user.
    let notes: [String]

    init(_ comparison: ModelComparison, _ model: LoadedModel, _ other: LoadedModel) throws {
      self.comparison = comparison
      self.model = model
      var notes: [String] = []
      batches = try comparison.data?.batches(for: model, or: [other], notes: &notes)
      self.notes = notes
    }

    var skipped: [SkippedSample] { batches?.skipped ?? [] }

    /// The inputs, the samples among them, and the rows of the run.
    func next() throws -> (inputs: [Tensor], samples: Int, rows: Int)? {
      if let batches {
        guard let batch = try batches.next() else { return nil }
        return (try model.fill(batch.inputs, seed: nil), batch.samples.count, batch.rows)
      }
      guard index < comparison.randomSamples ?? 0 else { return nil }
      index += 1
      return (try model.fill([:], seed: comparison.seed &+ UInt64(index - 1)), 1, 1)
    }
  }
}

extension Tensor {
  /// The first `samples` of `rows` equal parts along the leading axis; the whole where it has no such parts.
  fileprivate func leading(_ samples: Int, of rows: Int) -> Tensor {
    guard rows > 0, let extent = shape.dimensions.first, extent % rows == 0 else { return self }
    let type = TensorType(element, Shape([extent / rows * samples] + shape.dimensions.dropFirst()))
    return Tensor(type) { target in withBytes { target.copyBytes(from: $0[0..<type.byteCount]) } }
  }
}
