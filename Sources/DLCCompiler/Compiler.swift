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

  /// Compiles the ONNX model in the file at `path`.
  package static func compile(_ path: String, options: CompileOptions) throws(CompileError) -> Compiled {
    let clock = ContinuousClock()
    let start = clock.now
    let imported: Importer.Result
    do { imported = try Importer.run(path: path, options: options.importing) } catch { throw .importing(error) }
    var graph = imported.graph
    let report = try optimize(&graph, imported.source, options: options)
    let writer = try plan(graph, file: path, options: options)
    let duration = (clock.now - start).components
    return Compiled(
      graph: graph, writer: writer, passes: report, notes: imported.notes,
      seconds: Double(duration.seconds) + Double(duration.attoseconds) / 1e18)
  }

  private static func optimize(
    _ graph: inout Graph, _ source: OnnxSource, options: CompileOptions
  ) throws(CompileError) -> PassReport {
    var dump: (@Sendable (Pass, Graph) -> Void)?
    if let folder = options.dumpFolder { dump = try GraphDump(folder).callback }
    // Folded weights replace those of the file: without this both would take memory until the plan is written.
    let afterPass: @Sendable (Pass, Graph) -> Void = { [dump] pass, graph in
      dump?(pass, graph)
      source.releasePages()
    }
    let runner = PassRunner(verification: .eachPass, stopAfter: options.stopAfter, afterPass: afterPass)
    do {
      let report = try runner.run(Pipeline.standard(level: options.level), on: &graph)
      graph = try graph.compacted()
      return report
    } catch let error as PassError {
      throw .internalFault("\(error)")
    } catch {
      throw .internalFault("\(error)")
    }
  }

  private static func plan(_ graph: Graph, file: String, options: CompileOptions) throws(CompileError) -> PlanWriter {
    var planOptions = PlanOptions()
    planOptions.source = URL(fileURLWithPath: file).lastPathComponent
    planOptions.sourceHash = SourceDigest.hexadecimal(ofFile: file)
    planOptions.options = options.provenance
    planOptions.compiler = "dlc 0.1.0"
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
      case .weightsTooLarge, .tooLarge: throw .limit("\(file): \(error).")
      case .cannotWrite: throw .unwritable("\(error).")
      case .malformed: throw .internalFault("\(error)")
      }
    }
    if let limit = options.maxArenaBytes, writer.report.arenaBytes > limit {
      throw .limit(
        "\(file): the plan's arena needs \(writer.report.arenaBytes) bytes, --max-arena-bytes allows \(limit); these steps need at least \(writer.report.arenaLowerBoundBytes)."
      )
    }
    if let limit = options.maxPlanBytes, writer.report.planBytes > limit {
      throw .limit(
        "\(file): the plan has \(writer.report.planBytes) bytes, --max-plan-bytes allows \(limit); its weights have \(writer.report.weightsBytes)."
      )
    }
    return writer
  }
}
