import DLCGraph
import DLCPlanWriter
import DLCRuntime
import DLCTensor

/// A graph as a plan in memory, opened by the runtime.
package final class WrittenPlan {
  package let report: PlanReport
  package let memory: UnsafeMutableRawBufferPointer
  package let program: Program
  private let outputTypes: [TensorType]

  package init(
    _ graph: Graph, keepIntermediates: Bool = false, contract: PlanContract? = nil, preprocessing: String? = nil,
    channelScales: [String: [Float]] = [:]
  ) throws {
    var options = PlanOptions()
    options.preprocessing = preprocessing
    options.channelScales = channelScales
    options.keepIntermediates = keepIntermediates
    var writer = try PlanWriter(graph, options: options)
    if let contract { try writer.add(contract) }
    report = writer.report
    memory = writer.bytes()
    do throws(Fault) {
      program = try Program(bytes: UnsafeRawPointer(memory.baseAddress!), count: memory.count)
    } catch {
      throw RuntimeRefusal(message: String(cString: Fault.message))
    }
    let program = program
    outputTypes = (0..<program.outputCount).map { index in
      let port = program.port(index, isOutput: true)
      let extents = withUnsafeBytes(of: port.dims) { dims in
        (0..<Int(port.rank)).map { Int(dims.loadUnaligned(fromByteOffset: 4 * $0, as: Int32.self)) }
      }
      return TensorType(ElementType(rawValue: UInt8(port.element))!, Shape(extents))
    }
  }

  deinit { memory.deallocate() }

  package var bytes: [UInt8] { [UInt8](memory) }

  /// Answers to the last of `arguments`; earlier ones run before it in the same session.
  package func run(_ arguments: [[Tensor]], threads: UInt32 = 1) throws -> [Tensor] {
    do throws(Fault) {
      let session = try Session(program, threads: threads)
      for run in arguments {
        for (k, tensor) in run.enumerated() {
          tensor.withBytes { bytes in
            if let base = bytes.baseAddress { session.input(k)?.copyMemory(from: base, byteCount: bytes.count) }
          }
        }
        try session.run()
      }
      return outputTypes.enumerated().map { k, type in
        Tensor(type) { bytes in
          if let source = session.output(k), bytes.count > 0 {
            bytes.copyMemory(from: UnsafeRawBufferPointer(start: source, count: bytes.count))
          }
        }
      }
    } catch {
      throw RuntimeRefusal(message: String(cString: Fault.message))
    }
  }
}

/// What the runtime said.
package struct RuntimeRefusal: Error, CustomStringConvertible {
  package var message: String
  package var description: String { message }
}

/// The largest difference of two answers, relative to the larger of 1 and the expected element; infinity for other types.
package func difference(_ expected: [Tensor], _ found: [Tensor]) -> Double {
  guard expected.map(\.type) == found.map(\.type) else { return .infinity }
  var worst = 0.0
  for (a, b) in zip(expected, found) {
    for (x, y) in zip(a.doubles(), b.doubles()) where x != y && !(x.isNaN && y.isNaN) {
      worst = max(worst, x.isFinite && y.isFinite ? abs(x - y) / max(1, abs(x)) : .infinity)
    }
  }
  return worst
}
