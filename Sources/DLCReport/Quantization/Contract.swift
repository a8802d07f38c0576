import CDLC
import DLCCompiler
import DLCData
import DLCGraph
import DLCPlanWriter
import DLCRuntime
import DLCTensor
import Foundation

extension MeasuredDifference {
  /// The figures as a plan carries them. Tolerances are for machines whose float kernels round otherwise, which can move
  /// an activation by one step; integers are the same everywhere.
  var metrics: [PlanContract.Metric] {
    var result: [PlanContract.Metric] = [
      .init("sqnr_db", total.sqnr, tolerance: 0.5), .init("sqnr_db_min", minSQNR, tolerance: 1),
      .init("cosine_min", minCosine, tolerance: 0.005), .init("max_abs", maxAbsolute, tolerance: maxAbsolute / 4),
    ]
    if let top1Agreement { result.append(.init("top1_agreement", top1Agreement, tolerance: 0.01)) }
    if let accuracy {
      result.append(.init("accuracy_float", accuracy.float, tolerance: 0.005))
      result.append(.init("accuracy_quantized", accuracy.quantized, tolerance: 0.005))
    }
    return result
  }
}

extension Engine {
  private static let witnessSeed: UInt64 = 1

  /// Runs the finished plan once and writes into it what quantization measured and what this run answered. A plan that does
  /// not take made-up inputs gets no witness.
  static func addContract(
    _ outcome: QuantizationOutcome, to compiled: inout Compiler.Compiled, _ model: String, _ options: CompileOptions
  ) throws {
    var contract = outcome.contract
    contract.witness = try witness(of: LoadedModel(compiled), ranges: outcome.difference.inputRanges)
    if contract.witness == nil {
      compiled.notes.append("The plan refuses made-up inputs: it carries no answers that a device can check.")
    }
    do { try Compiler.add(contract, to: &compiled, file: model, options: options) } catch { throw failure(error) }
  }

  /// A plan states no preprocessing that its input cannot take. Throws `DataError`.
  static func checkPreprocessing(_ options: CompileOptions, _ graph: Graph, _ model: String) throws {
    guard let text = options.preprocessing, let port = graph.inputs.first, graph.inputs.count == 1 else { return }
    let preprocessing = try Preprocessing(text: Data(text.utf8), path: "--preprocess")
    let input = DataInput(name: port.name, type: graph[port.value].type)
    _ = try ImagePreparation(preprocessing, input: input, rows: DataInput.rows([input]), path: model)
  }

  private static func witness(of model: LoadedModel, ranges: [(low: Double, high: Double)]) throws
    -> PlanContract.Witness?
  {
    let bounds = model.inputs.indices.flatMap { k -> [Float] in
      guard k < ranges.count, ranges[k].low <= ranges[k].high else { return [-1, 1] }
      return [ranges[k].low, ranges[k].high].map { Float(max(-16_777_216, min(16_777_216, $0))) }
    }
    var expected: [Float] = []
    do throws(Fault) {
      // One thread and many give the same answers.
      let session = try Session(model.program, threads: 1)
      try bounds.withUnsafeBufferPointer { (ranges: UnsafeBufferPointer<Float>) throws(Fault) in
        try session.runWitness(seed: witnessSeed, ranges: ranges)
      }
      session.forEachWitnessElement { expected.append($0) }
    } catch {
      guard error.status == DLC_ERROR_INDEX else {
        throw Failure(.ourFault, "the plan's own answers cannot be computed: \(String(cString: Fault.message)).")
      }
      return nil
    }
    return .init(seed: witnessSeed, ranges: bounds, expected: expected, tolerance: tolerance(model.program))
  }

  /// Integers and softmax are computed alike everywhere; other floats are not, and one that is quantized again may land a step
  /// aside.
  private static func tolerance(_ program: Program) -> Float {
    let steps = (0..<program.stepCount).map { (name: String(cString: program.stepInfo($0).kernel), index: $0) }
    let inexact = steps.filter {
      !exactKernels.contains($0.name) && program.writesFloats(step: $0.index)
        // In float64 its exponentials are the C library's.
        && !($0.name == "softmax" && !program.writesDoubles(step: $0.index))
    }
    guard let first = inexact.first else { return 0 }
    let isQuantizedAgain = steps.contains {
      $0.index > first.index && ($0.name == "quantize" || $0.name == "dynamic_range")
    }
    return isQuantizedAgain ? 0.05 : 0.001
  }

  /// Kernel families that move data, or compute floats from integers in one way on every machine.
  private static let exactKernels: Set<String> = [
    "transpose", "copy", "pad", "gather", "gather_elements", "gather_nd", "select", "one_hot", "trilu",
    "reverse_sequence", "top_k", "quantize", "dequantize", "scale_accumulator", "dynamic_range", "qmatmul", "qconv",
    "qdwconv", "qconv_transpose", "lookup", "qbinary", "qpool", "qreduce", "qsoftmax",
  ]
}

extension LoadedModel {
  /// What the plan promises of its accuracy; nil for plans in floats. Nothing of it is checked yet.
  package var contract: PlanContract? {
    let entry = program.contractEntry
    guard entry.present else { return nil }
    var contract = PlanContract(
      metrics: (0..<min(Int(entry.metrics), Self.mostMetrics)).map { index in
        let metric = program.metric(index)
        return .init(String(cString: metric.name), metric.value, tolerance: metric.tolerance)
      }, samples: Int(entry.samples), data: String(cString: entry.data.bytes),
      dataHash: String(cString: entry.data_hash.bytes))
    if entry.witnessed {
      contract.witness = .init(
        seed: entry.seed, ranges: Array(UnsafeBufferPointer(start: entry.ranges, count: Int(entry.range_count))),
        expected: Array(UnsafeBufferPointer(start: entry.expected, count: Int(entry.expected_count))),
        tolerance: entry.tolerance)
    }
    return contract
  }

  /// Metrics that are looked at: a hostile plan may claim any number.
  private static let mostMetrics = 64

  /// The preprocessing that the plan states, as JSON; nil when it states none.
  package var preprocessingText: String? {
    program.preprocessingText.bytes.map { String(cString: $0) }
  }

  /// As a value. Throws `DataError` when the text is none.
  func preprocessing() throws(DataError) -> Preprocessing? {
    guard let text = preprocessingText else { return nil }
    return try Preprocessing(text: Data(text.utf8), path: "the plan's preprocessing")
  }
}

extension PlanContract {
  /// For scripts.
  package var json: JSONValue {
    .object([
      (
        "metrics",
        .array(
          metrics.map {
            .object([
              ("name", .string($0.name)), ("value", .number($0.value)), ("tolerance", .number($0.tolerance)),
            ])
          })
      ),
      ("samples", .integer(samples)), ("data", .string(data)), ("data_hash", .string(dataHash)),
      ("witness_tolerance", witness.map { .number(Double($0.tolerance)) } ?? .null),
    ])
  }

  /// For people: where the figures come from, then the figures.
  package var lines: [String] {
    let figures = metrics.map { "\($0.name) \(short($0.value))" }.joined(separator: ", ")
    return ["contract    quantized with \(data) (\(dataHash)); against floats on \(samples) of them: \(figures)"]
  }
}

/// Checks on this machine what a plan promises.
package enum ContractCheck {
  package struct Outcome {
    package var contract: PlanContract
    /// Why the check failed; nil when the promise is kept.
    package var failure: String?

    package var passed: Bool { failure == nil }

    package var json: JSONValue {
      guard case .object(let members) = contract.json else { return .null }
      return .object([("passed", .bool(passed)), ("reason", failure.map { .string($0) } ?? .null)] + members)
    }

    package var lines: [String] {
      let count = contract.witness?.expected.count ?? 0
      let tolerance = contract.witness?.tolerance ?? 0
      let nearness = tolerance == 0 ? "equal" : "within \(short(Double(tolerance)))"
      return contract.lines + [
        failure.map { "FAILED: \($0)." }
          ?? "passed: this machine's answers are \(nearness) (\(count) elements compared)"
      ]
    }
  }

  /// Runs the witness of the plan at `path`. Throws `Failure` when it is no plan or carries none.
  package static func run(_ path: String, threads: Int) throws -> Outcome {
    guard !Engine.isOnnx(path) else {
      throw Failure(
        .usage, "'\(path)' is no plan: without --data only a plan's own contract can be checked. Give --data DATA.")
    }
    let model = try LoadedModel(planAt: path)
    guard let contract = model.contract, contract.witness != nil else {
      throw Failure(.usage, "'\(path)' carries no contract: only quantized plans do. Give --data DATA.")
    }
    return Outcome(contract: contract, failure: try model.session(threads: threads).contractFailure())
  }
}
