import DLCCompiler
import DLCGraph
import DLCQuantization
import DLCTensor

/// Runs graphs on the runtime and kernels that plans run on.
struct RuntimeExecution: GraphExecution {
  private let session: InferenceSession
  /// The bytes of the plan.
  let planBytes: Int

  /// Plans `graph` in place of the graph of `prepared`.
  init(_ graph: Graph, of prepared: Compiler.Prepared, _ options: CompileOptions, threads: Int)
    throws(QuantizationError)
  {
    var variant = prepared
    variant.graph = graph
    var options = options
    options.maxPlanBytes = nil
    options.maxArenaBytes = nil
    options.dumpFolder = nil
    options.stopAfter = nil
    do {
      let compiled = try Engine.finish(variant, options)
      planBytes = compiled.writer.report.planBytes
      session = try LoadedModel(compiled).session(threads: threads)
    } catch {
      throw .execution(Self.sentence(error))
    }
  }

  func run(_ inputs: [Tensor]) throws(QuantizationError) -> [Tensor] {
    do { return try session.run(inputs) } catch { throw .execution(Self.sentence(error)) }
  }

  private static func sentence(_ error: any Error) -> String {
    var text = (error as? Failure)?.message ?? "\(error)"
    if text.hasSuffix(".") { text.removeLast() }
    return text
  }
}
