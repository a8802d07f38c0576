import DLCCompiler
import DLCGraph
import DLCQuantization
import DLCTensor

/// Runs graphs on the runtime and kernels that plans run on.
struct RuntimeExecution: GraphExecution {
  private let session: InferenceSession

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
    do { session = try LoadedModel(try Engine.finish(variant, options)).session(threads: threads) } catch {
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
