import DLCGraph
import DLCOnnx
import DLCPasses
import DLCPlanWriter
import Foundation

/// The compiler: import, passes, plan.
package enum Compiler {
  /// A compiled model before it is written.
  package struct Compiled {
    package var graph: Graph
    package var writer: PlanWriter
    package var passes: PassReport
    /// Remarks for the user, one sentence each.
    package var notes: [String]
    /// Wall time in seconds, from opening the file.
    package var seconds: Double
  }

  /// A model as a channels-first float graph with its fusions made: what quantization works on.
  package struct Prepared {
    package var graph: Graph
    /// Remarks for the user, one sentence each.
    package var notes: [String]
    /// The file's weights, which the graph's constants lie in.
    package var source: OnnxSource
    package var file: String
    package var digest: String
    package var passes: PassReport
    /// What quantization has divided channels of values by; of a model that was quantized before, what its file says.
    package var channelScales = ChannelScales()
    /// Wall time in seconds so far.
    package var seconds: Double
  }

  /// Compiles the ONNX model in the file at `path`.
  package static func compile(_ path: String, options: CompileOptions) throws(CompileError) -> Compiled {
    try finish(prepare(path, options: options), options: options)
  }

  /// Reads the ONNX model in the file at `path` and runs the passes that keep it a float graph.
  ///
  /// `inspect` sees the graph as it was imported, which the passes change. Without `fuses`, activations and residuals stay
  /// nodes of their own.
  package static func prepare(
    _ path: String, options: CompileOptions, fuses: Bool = true, inspect: (Graph) -> Void = { _ in }
  ) throws(CompileError) -> Prepared {
    let start = ContinuousClock().now
    // The digest reads the whole file; before the import, so that its pages are gone when others are needed.
    let digest = SourceDigest.hexadecimal(ofFile: path)
    let imported: Importer.Result
    do { imported = try Importer.run(path: path, options: options.importing) } catch { throw .importing(error) }
    inspect(imported.graph)
    var graph = imported.graph
    let runner = try passRunner(options, imported.source)
    let passes: PassReport
    let float = Pipeline.parts(level: options.level).float.filter { fuses || !Pipeline.fusions.contains($0.name) }
    do { passes = try runner.run(float, on: &graph) } catch { throw .internalFault("\(error)") }
    return Prepared(
      graph: graph, notes: imported.notes, source: imported.source, file: path, digest: digest, passes: passes,
      channelScales: ChannelScales(metadata: imported.metadata), seconds: seconds(since: start))
  }

  /// Runs the other passes over a prepared graph, which may have been quantized, and plans it.
  package static func finish(_ prepared: Prepared, options: CompileOptions) throws(CompileError) -> Compiled {
    let start = ContinuousClock().now
    var graph = prepared.graph
    let runner = try passRunner(options, prepared.source, after: prepared.passes)
    let passes: PassReport
    do {
      passes = try runner.run(
        Pipeline.parts(level: options.level, dynamic: options.quantizesDynamically).rest, on: &graph,
        after: prepared.passes)
      graph = try graph.compacted()
    } catch let error as PassError {
      throw .internalFault("\(error)")
    } catch {
      throw .internalFault("\(error)")
    }
    let writer = try plan(graph, prepared, options)
    prepared.source.releasePages()
    return Compiled(
      graph: graph, writer: writer, passes: passes, notes: prepared.notes,
      seconds: prepared.seconds + seconds(since: start))
  }

  private static func seconds(since start: ContinuousClock.Instant) -> Double {
    let duration = (ContinuousClock().now - start).components
    return Double(duration.seconds) + Double(duration.attoseconds) / 1e18
  }

  /// Most memory for activations that the runtime believes a plan to need, in bytes.
  private static let mostArenaBytes = 1 << 40

  private static func refused(_ file: String, _ reason: String, advice: String) -> CompileError {
    .problems(file: file, [ImportProblem(node: "", op: "", opset: 0, type: "", reason: reason, advice: advice)])
  }

  private static func passRunner(
    _ options: CompileOptions, _ source: OnnxSource, after earlier: PassReport = PassReport()
  ) throws(CompileError) -> PassRunner {
    let dump: (@Sendable (Pass, Graph) -> Void)?
    if let folder = options.dumpFolder {
      dump = try GraphDump(folder, written: earlier.entries.count { $0.patches > 0 }).callback
    } else {
      dump = nil
    }
    return PassRunner(verification: .eachPass, stopAfter: options.stopAfter) { pass, graph in
      source.releasePages()
      dump?(pass, graph)
    }
  }

  private static func plan(
    _ graph: Graph, _ prepared: Prepared, _ options: CompileOptions
  ) throws(CompileError) -> PlanWriter {
    let file = prepared.file
    var planOptions = PlanOptions()
    planOptions.source = URL(fileURLWithPath: file).lastPathComponent
    planOptions.sourceHash = prepared.digest
    planOptions.channelScales = prepared.channelScales.scales
    planOptions.options = options.provenance
    planOptions.compiler = "dlc 0.1.0"
    planOptions.preprocessing = options.preprocessing
    let writer: PlanWriter
    do { writer = try PlanWriter(graph, options: planOptions) } catch {
      switch error {
      case .unsupported(let node, let op, let reason):
        throw .problems(
          file: file,
          [
            ImportProblem(
              node: node, op: op, opset: 0, type: "", reason: reason,
              advice: "Replace this operation or its type before exporting.")
          ])
      case .weightsTooLarge, .tooLarge: throw refused(file, "\(error)", advice: "")
      case .cannotWrite: throw .unwritable("\(error).")
      case .malformed: throw .internalFault("\(error)")
      }
    }
    guard writer.report.arenaBytes <= mostArenaBytes else {
      throw refused(
        file, "a run would need \(writer.report.arenaBytes) bytes of memory; plans may ask for \(mostArenaBytes)",
        advice: "Bind smaller dimensions with --dim or --input.")
    }
    if let limit = options.maxArenaBytes, writer.report.arenaBytes > limit {
      throw .limit(
        "\(file): the plan's arena needs \(writer.report.arenaBytes) bytes, --max-arena-bytes allows \(limit); these steps need at least \(writer.report.arenaLowerBoundBytes)."
      )
    }
    try check(writer.report, file: file, options)
    return writer
  }

  private static func check(_ report: PlanReport, file: String, _ options: CompileOptions) throws(CompileError) {
    if let limit = options.maxPlanBytes, report.planBytes > limit {
      throw .limit(
        "\(file): the plan has \(report.planBytes) bytes, --max-plan-bytes allows \(limit); its weights have \(report.weightsBytes)."
      )
    }
  }

  /// Adds to a plan that is not written yet what was measured of it.
  package static func add(
    _ contract: PlanContract, to compiled: inout Compiled, file: String, options: CompileOptions
  ) throws(CompileError) {
    do { try compiled.writer.add(contract) } catch { throw refused(file, "\(error)", advice: "") }
    try check(compiled.writer.report, file: file, options)
  }
}
