import CHostMemory
import DLCCompiler
import DLCData
import DLCGraph
import DLCOperators
import DLCPlanWriter
import DLCQuantization
import DLCTensor
import Foundation

/// What quantizing a model came to.
package struct QuantizationOutcome {
  package var report: QuantizationReport
  package var difference: MeasuredDifference
  /// What the plan is to promise, without its witness, which only the plan itself can give.
  var contract: PlanContract
  /// Sentences for the user.
  package var notes: [String]
  /// Calibration samples that were left out.
  package var skipped: [SkippedSample] = []

  package var json: JSONValue {
    .object([
      ("difference", difference.json),
      ("drop", report.drop.map { .number($0) } ?? .null), ("skipped", SkippedSample.json(skipped)),
      (
        "steps",
        .array(
          report.steps.map {
            .object([
              ("name", .string($0.name)), ("before_db", .number($0.before)), ("after_db", .number($0.after)),
              ("kept", .bool($0.kept)),
            ])
          })
      ),
      (
        "layers",
        .array(
          report.layers.map {
            .object([
              ("name", .string($0.name)), ("operator", .string($0.mnemonic)), ("precision", .string($0.precision)),
              ("applied", .array($0.applied.map { .string($0) })),
              ("weights_db", $0.weightDecibels.map { .number($0) } ?? .null),
              ("sensitivity_db", $0.sensitivity.map { .number($0) } ?? .null),
            ])
          })
      ),
    ])
  }

  package var lines: [String] {
    let kept = report.steps.filter(\.kept).map { "\($0.name) +\(short($0.after - $0.before)) dB" }
    let floats = report.layers.count { $0.precision == "float" }
    return [difference.text]
      + (kept.isEmpty ? [] : ["improved by " + kept.joined(separator: ", ")])
      + (floats == 0 ? [] : ["\(floats) of \(report.layers.count) layers stay in floating point"])
      + SkippedSample.lines(skipped)
  }
}

extension Engine {
  /// Fewer samples than this are said to be few.
  private static let fewSamples = 16

  /// Reads a model and turns it into its quantize-dequantize form for `output`, and measures what that does to its answers.
  /// `options` gets what the plan has to record. Throws `Failure`, `UncompilableModel`, `DataError`.
  static func quantize(
    _ model: String, for output: String, _ options: inout CompileOptions, _ request: QuantizationRequest
  ) throws -> (prepared: Compiler.Prepared, outcome: QuantizationOutcome) {
    // Observed values come and go by the megabyte: kept by the allocator they would add up to far more than is in use.
    dlc_return_freed_memory()
    var statistics: [ChannelStatistics] = []
    let prepared = try prepare(model, options) { imported in
      if request.data == nil { statistics = ChannelStatistics.collected(from: imported) }
    }
    // Said before the work, which may take an hour, and behind what is wrong with the model.
    if let reason = FileAccess.reasonNotToCreate(output) {
      throw Failure(.cannotWrite, "cannot write '\(output)': \(reason). Check the folder and its permissions.")
    }
    let graph = prepared.graph
    var (calibration, check): (any SampleSource, any SampleSource)
    var labelled: CalibrationSamples?
    if let data = request.data {
      let inputs = graph.inputs.map { DataInput(name: $0.name, type: graph[$0.value].type) }
      let set = try DataSet.open(
        data.path, inputs: inputs, outputs: graph.outputs.map(\.name), preprocessing: data.preprocessing,
        labels: data.labels)
      guard set.count > 0 else { throw Failure(.badData, "'\(data.path)' holds no samples.") }
      let samples = try failing { () throws(QuantizationError) in
        try CalibrationSamples(
          set, limit: request.options.samples, skipsBad: data.skipsBad, refusesNaN: !graph.expectsNaN)
      }
      labelled = samples
      (calibration, check) = (samples, samples)
    } else {
      let plain = options
      let count = SyntheticSamples.count(for: graph)
      let samples = try failing { () throws(QuantizationError) in
        try SyntheticSamples(graph, count: count).fitted(
          to: graph, statistics: statistics
        ) { (probe: Graph) throws(QuantizationError) in
          try RuntimeExecution(probe, of: prepared, plain, threads: request.threads)
        }
      }
      calibration = KeptSamples(samples)
      check = SyntheticSamples(graph, count: count / 2, seed: 2, distribution: samples.distribution)
    }
    options.quantization = request.provenance(dataDigest: calibration.digest)
    options.quantizesDynamically = request.options.mode == .dynamic
    let settled = options
    func execution(_ graph: Graph) throws(QuantizationError) -> RuntimeExecution {
      try RuntimeExecution(graph, of: prepared, settled, threads: request.threads)
    }
    func forEach(
      _ limit: Int, _ body: ([Tensor], Int?) throws(QuantizationError) -> Bool
    ) throws(QuantizationError) {
      if let labelled { return try labelled.forEachLabelled(limit: limit, body) }
      try check.forEach(limit: limit) { (inputs: [Tensor]) throws(QuantizationError) in try body(inputs, nil) }
    }
    return try failing(state: request.stateFile) { () throws(QuantizationError) in
      let float = try execution(graph)
      let metric: DropMetric = { (candidate: Graph) throws(QuantizationError) in
        let difference = try MeasuredDifference(float: float, quantized: try execution(candidate), samples: forEach)
        return difference.drop
      }
      let result = try PostTrainingQuantization.quantize(
        graph, options: request.options, samples: calibration,
        runner: { (graph: Graph) throws(QuantizationError) in try execution(graph) },
        checkpoint: request.stateFile.map { CalibrationCheckpoint(file: $0) },
        metric: request.options.maxDrop == nil ? nil : metric,
        planSize: { (candidate: Graph) throws(QuantizationError) in try execution(candidate).planBytes }
      ) { (progress: QuantizationProgress) throws(QuantizationError) in request.progress?(progress) }
      if let unreached = result.report.unreached { throw .unreached(unreached) }
      var quantized = prepared
      quantized.graph = result.graph
      quantized.channelScales.scales.merge(result.channelScales) { $1 }
      let difference = try MeasuredDifference(float: float, quantized: try execution(result.graph), samples: forEach)
      var notes = result.report.warnings
      if request.data == nil { notes.insert(SyntheticSamples.warning, at: 0) }
      let skipped = labelled?.skipped ?? []
      if request.data != nil, difference.samples < fewSamples {
        notes.append(
          "Ranges come from \(difference.samples) sample\(difference.samples == 1 ? "" : "s") only, and what is measured on them is better than on others: give some hundred."
        )
      }
      let contract = PlanContract(
        metrics: difference.metrics, samples: difference.samples,
        data: request.dataDescription(count: calibration.count),
        dataHash: hexadecimal(try labelled?.contentDigest() ?? calibration.digest))
      let outcome = QuantizationOutcome(
        report: result.report, difference: difference, contract: contract, notes: notes, skipped: skipped)
      return (quantized, outcome)
    }
  }

  /// Quantization's errors as failures with their exit status. `state`: the file of calibration's state.
  private static func failing<T>(state: String? = nil, _ body: () throws(QuantizationError) -> T) throws -> T {
    do { return try body() } catch {
      switch error {
      case .checkpoint: throw Failure(.badData, (state.map { "'\($0)': " } ?? "") + "\(error)")
      case .unwritable: throw Failure(.cannotWrite, "\(error)")
      case .samples: throw Failure(.badData, "\(error)")
      case .execution: throw Failure(.badData, "\(error)")
      case .unreached(let text): throw Failure(.missedBar, text)
      case .stopped: throw Failure(.missedBar, "\(error)")
      case .internalFault: throw Failure(.ourFault, "\(error)")
      }
    }
  }
}

extension MeasuredDifference {
  /// What `--max-drop` bounds, in percentage points: lost accuracy where there are labels, else best classes that changed, else
  /// 100 (1 - cosine).
  var drop: Double {
    if let accuracy { return (accuracy.float - accuracy.quantized) * 100 }
    if let top1Agreement { return (1 - top1Agreement) * 100 }
    return (1 - minCosine) * 100
  }
}

extension Graph {
  /// Whether something asks which numbers are NaN: then they may be among the inputs.
  fileprivate var expectsNaN: Bool {
    nodes.contains { ($0?.op as? Unary)?.function == .isNaN }
  }
}

extension CalibrationCheckpoint {
  /// State in a file, replaced as a whole.
  init(file: String) {
    self.init(
      load: { FileManager.default.contents(atPath: file) },
      save: { (data: Data) throws(QuantizationError) in
        do { try data.write(to: URL(fileURLWithPath: file), options: .atomic) } catch {
          throw .unwritable(file)
        }
      })
  }
}
