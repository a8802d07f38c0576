import CDLC
import CDLCPlatform
import DLCCompiler
import DLCData
import DLCGraph
import DLCOnnx
import DLCPlanWriter
import DLCRuntime
import DLCTensor
import Foundation

/// Opens models, whether ONNX or plans, and compiles.
package enum Engine {
  package static var processorCount: Int { Int(dlc_processor_count()) }

  /// Whether the file is to be compiled: everything that does not carry a plan's identifier.
  package static func isOnnx(_ path: String) -> Bool {
    // Opening a pipe would wait for a writer; what is no regular file is refused by the importer.
    var status = stat()
    guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
      let file = FileHandle(forReadingAtPath: path)
    else { return true }
    defer { try? file.close() }
    let head = (try? file.read(upToCount: 8)) ?? Data()
    return Array(head.dropFirst(4)) != Array("DLCP".utf8)
  }

  /// Opens a plan, or compiles an ONNX model in memory. Throws `Failure`, and `UncompilableModel` with every reason.
  package static func open(_ path: String, options: CompileOptions) throws -> LoadedModel {
    guard isOnnx(path) else { return try LoadedModel(planAt: path) }
    let compiled = try compile(path, options)
    return try LoadedModel(compiled)
  }

  /// What `dlc compile` reports.
  package struct CompileOutcome {
    package var plan: String
    package var report: PlanReport
    package var notes: [String]
    package var operators: Int
    /// Operators that compute in integers.
    package var quantizedOperators: Int
    package var passes: [(name: String, patches: Int, milliseconds: Double)]
    package var seconds: Double
    package var quantization: QuantizationOutcome?

    package var json: JSONValue {
      .object(
        [
          ("plan", .string(plan)), ("plan_bytes", .integer(report.planBytes)),
          ("weights_bytes", .integer(report.weightsBytes)),
          ("arena_bytes", .integer(report.arenaBytes)),
          ("arena_lower_bound_bytes", .integer(report.arenaLowerBoundBytes)),
          ("macs", .integer(report.macs)), ("operators", .integer(operators)),
          ("quantized_operators", .integer(quantizedOperators)),
          ("steps", .integer(report.steps)), ("scratch_bytes", .integer(report.scratchBytes)),
          ("stack_bound_bytes", .integer(report.stackBytes)),
          (
            "passes",
            .array(
              passes.map {
                .object([
                  ("name", .string($0.name)), ("patches", .integer($0.patches)), ("ms", .number($0.milliseconds)),
                ])
              })
          ),
          ("seconds", .number(seconds)),
        ] + (quantization.map { [("quantization", $0.json)] } ?? []))
    }

    package var text: String {
      """
      \(plan): \(Listing.grouped(report.planBytes)) bytes, of these weights \(Listing.grouped(report.weightsBytes))
      arena \(Listing.grouped(report.arenaBytes)) bytes (lower bound \(Listing.grouped(report.arenaLowerBoundBytes))), \
      scratch \(Listing.grouped(report.scratchBytes)) per thread, stack at most \(Listing.grouped(report.stackBytes)), \
      \(Listing.grouped(report.macs)) MACs in \(report.steps) steps
      \(operators) operators\(quantizedOperators == 0 ? "" : ", \(quantizedOperators) in integers,") after \(passes.reduce(0) { $0 + $1.patches }) rewrites, compiled in \(short(seconds)) s
      """ + (quantization.map { "\n" + $0.lines.joined(separator: "\n") } ?? "")
    }
  }

  /// Compiles `model` and writes the plan.
  package static func compile(
    _ model: String, to output: String, options: CompileOptions, quantization request: QuantizationRequest? = nil
  ) throws -> CompileOutcome {
    guard isOnnx(model) else {
      throw Failure(.badData, "'\(model)' is a plan already; give the .onnx file it was made from.")
    }
    // Known before the work: a plan replaces the file of its name, which must not be a folder or a device.
    if let reason = FileAccess.reasonNotToReplace(output) {
      throw Failure(.cannotWrite, "cannot write '\(output)': \(reason).")
    }
    let start = DispatchTime.now().uptimeNanoseconds
    var compiled: Compiler.Compiled
    var quantization: QuantizationOutcome?
    if let request {
      var options = options
      let (prepared, outcome) = try quantize(model, for: output, &options, request)
      compiled = try finish(prepared, options)
      compiled.notes += outcome.notes
      quantization = outcome
      try addContract(outcome, to: &compiled, model, options)
    } else {
      compiled = try compile(model, options)
    }
    try checkPreprocessing(options, compiled.graph, model)
    do { try compiled.writer.write(to: output) } catch {
      guard case .cannotWrite(let path, let code) = error else { throw Failure(.cannotWrite, "\(error).") }
      let reason = String(cString: strerror(code)).lowercased()
      throw Failure(.cannotWrite, "cannot write '\(path)': \(reason). Check the folder and its permissions.")
    }
    return CompileOutcome(
      plan: output, report: compiled.writer.report, notes: compiled.notes, operators: compiled.graph.nodeCount,
      quantizedOperators: compiled.graph.integerNodeCount,
      passes: compiled.passes.entries.map { ($0.pass, $0.patches, $0.milliseconds) },
      seconds: Double(DispatchTime.now().uptimeNanoseconds - start) / 1e9, quantization: quantization)
  }

  /// Names of a model's inputs (those without a value of their own) and outputs, without compiling it.
  package static func ports(of path: String) throws -> (inputs: [String], outputs: [String]) {
    guard isOnnx(path) else {
      let model = try LoadedModel(planAt: path)
      return (model.inputs.map(\.name), model.outputs.map(\.name))
    }
    let model = try onnx(path)
    return (model.openInputs.map(\.name), model.graph.outputs.map(\.name))
  }

  /// What flags can bind in an ONNX model: the symbols in its inputs' shapes, and the inputs.
  static func bindable(in path: String) throws -> (symbols: Set<String>, inputs: Set<String>) {
    let inputs = try onnx(path).openInputs
    let symbols = inputs.flatMap { input -> [String] in
      guard case .tensor(_, let shape?) = input.type else { return [] }
      return shape.compactMap { if case .symbol(let name) = $0 { name } else { nil } }
    }
    return (Set(symbols), Set(inputs.map(\.name)))
  }

  private static func onnx(_ path: String) throws -> OnnxModel {
    do { return try OnnxModel(path: path) } catch { throw failure(.file(error)) }
  }

  /// Compiles; errors become failures with their exit status.
  static func compile(_ path: String, _ options: CompileOptions) throws -> Compiler.Compiled {
    do { return try Compiler.compile(path, options: options) } catch { throw failure(error) }
  }

  /// Reads a model up to where quantization begins; errors as `compile`.
  static func prepare(
    _ path: String, _ options: CompileOptions, fuses: Bool = true, inspect: (Graph) -> Void = { _ in }
  ) throws -> Compiler.Prepared {
    do { return try Compiler.prepare(path, options: options, fuses: fuses, inspect: inspect) } catch {
      throw failure(error)
    }
  }

  /// Plans a prepared graph; errors as `compile`.
  static func finish(_ prepared: Compiler.Prepared, _ options: CompileOptions) throws -> Compiler.Compiled {
    do { return try Compiler.finish(prepared, options: options) } catch { throw failure(error) }
  }

  static func failure(_ error: CompileError) -> any Error {
    switch error {
    case .importing(let error): failure(error)
    case .problems(let file, let problems): UncompilableModel(file: file, problems: problems)
    case .limit(let text): Failure(.missedBar, text)
    case .unwritable(let text): Failure(.cannotWrite, text)
    case .internalFault: Failure(.ourFault, "\(error)")
    }
  }

  private static func failure(_ error: ImportError) -> any Error {
    switch error {
    case .problems(let file, let problems): UncompilableModel(file: file, problems: problems)
    case .file(let file): Failure(file.isMissingInput ? .noInput : .badData, "\(file)")
    }
  }

  /// This machine's f32 rate on one thread: a matrix product that stays in the first-level cache, in GFLOP/s.
  package static func measuredPeakGFLOPs() -> Double {
    MachinePeak.measure()
  }
}

extension OnnxModel {
  /// The inputs that have no value of their own.
  fileprivate var openInputs: [OnnxValueInfo] {
    let known = Set(graph.initializers.map(\.name) + graph.sparseInitializers.map(\.values.name))
    return graph.inputs.filter { !known.contains($0.name) }
  }
}
