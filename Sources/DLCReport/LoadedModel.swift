import CDLC
import DLCCompiler
import DLCData
import DLCPlanWriter
import DLCRuntime
import DLCTensor
import Foundation

/// An input or output of an opened model.
package struct PortInfo: CustomStringConvertible {
  package var name: String
  package var type: TensorType
  /// The axes as the model declares them.
  package var declared: [String]
  /// What its integers stand for, where the plan says it.
  package var quantization: QuantizationParameters?

  package var description: String {
    let scale = quantization.map { " scale=\($0.scale) zero=\($0.zeroPoint)" } ?? ""
    return "'\(name)' \(type)\(scale)"
  }
}

/// A model ready to run.
package final class LoadedModel {
  package let inputs: [PortInfo]
  package let outputs: [PortInfo]
  package let notes: [String]
  package let info: dlc_info
  /// What the compiler reported, for a model compiled in memory.
  package let compiled: Compiler.Compiled?
  let program: Program
  /// The plan's bytes when they were made in memory.
  private let memory: UnsafeMutableRawBufferPointer?

  package var arenaBytes: Int { info.arena_bytes }
  package var planBytes: Int { info.plan_bytes }
  /// Most stack that a call of the runtime takes; of a plan that does not say it, the most for any kernel.
  package var stackBound: Int {
    let certificate = program.certificateEntry
    return certificate.present ? Int(certificate.stack_bytes) : StackUse.most
  }
  package var macs: Int { Int(clamping: info.macs) }

  /// Maps the plan in the file at `path`. Throws `Failure`.
  init(planAt path: String) throws {
    guard FileManager.default.fileExists(atPath: path) else {
      throw Failure(.noInput, "\(path): no such file. Check the path.")
    }
    program = try LoadedModel.failing(path) { () throws(Fault) in try Program(path: path) }
    memory = nil
    notes = []
    compiled = nil
    info = program.info
    (inputs, outputs) = try LoadedModel.ports(program)
  }

  /// Opens a model that was just compiled.
  init(_ compiled: Compiler.Compiled) throws {
    let bytes = compiled.writer.bytes()
    do {
      program = try LoadedModel.failing("the compiled plan") { () throws(Fault) in
        try Program(bytes: UnsafeRawPointer(bytes.baseAddress!), count: bytes.count)
      }
    } catch let failure as Failure {
      bytes.deallocate()
      throw Failure(.ourFault, failure.message)
    }
    memory = bytes
    notes = compiled.notes
    self.compiled = compiled
    info = program.info
    (inputs, outputs) = try LoadedModel.ports(program)
  }

  deinit { memory?.deallocate() }

  /// Memory and threads for running.
  package func session(threads: Int) throws -> InferenceSession {
    try InferenceSession(self, threads: threads)
  }

  /// One tensor per input: those of `given` by name, random ones from `seed` otherwise.
  ///
  /// Throws `Failure` for a missing input without a seed, an unknown name, or a tensor of another type.
  package func fill(_ given: [String: Tensor], seed: UInt64?) throws -> [Tensor] {
    let names = inputs.map(\.name)
    // A model that was just compiled may have taken inputs as constants; unknown names stopped the compile.
    if compiled == nil, let unknown = given.keys.sorted().first(where: { !names.contains($0) }) {
      throw Failure(
        .badData,
        "the model has no input '\(unknown)'; its inputs are \(inputs.map(\.description).joined(separator: ", ")).")
    }
    var generator = SplitMix64(seed: seed ?? 0)
    var tensors: [Tensor] = []
    for port in inputs {
      if let tensor = given[port.name] {
        guard tensor.type == port.type else {
          throw Failure(.badData, "input \(port) was given \(tensor.type); give an array of that type and shape.")
        }
        tensors.append(tensor)
      } else if seed != nil {
        tensors.append(.random(port.type, using: &generator))
      } else {
        throw Failure(
          .usage, "input \(port) has no values; give --input \(port.name)=FILE.npy, or --random SEED for random ones.")
      }
    }
    return tensors
  }

  private static func failing<T>(_ place: String, _ body: () throws(Fault) -> T) throws -> T {
    do {
      return try body()
    } catch {
      let message = String(cString: Fault.message)
      throw Failure(error.status == DLC_ERROR_FILE ? .noInput : .badData, "\(place): \(message).")
    }
  }

  private static func ports(_ program: Program) throws -> ([PortInfo], [PortInfo]) {
    var result: [[PortInfo]] = []
    for isOutput in [false, true] {
      let count = isOutput ? program.outputCount : program.inputCount
      result.append(
        (0..<count).compactMap { index in
          let port = program.port(index, isOutput: isOutput)
          guard let element = ElementType(rawValue: UInt8(port.element)) else { return nil }
          let dims = withUnsafeBytes(of: port.dims) {
            Array($0.bindMemory(to: Int32.self)).prefix(Int(port.rank)).map(Int.init)
          }
          let declared = (0..<Int(port.rank)).map { axis in
            let text = program.declaredAxis(axis, ofPort: index, isOutput: isOutput)
            return String(decoding: UnsafeRawBufferPointer(start: text.bytes, count: Int(text.count)), as: UTF8.self)
          }
          return PortInfo(
            name: String(cString: port.name), type: TensorType(element, Shape(dims)), declared: declared,
            quantization: quantization(port.quantization, element))
        })
    }
    return (result[0], result[1])
  }

  /// The parameters of a port of one scale.
  private static func quantization(_ entry: dlc_quantization, _ element: ElementType) -> QuantizationParameters? {
    guard entry.count == 1, let scales = entry.scales else { return nil }
    return QuantizationParameters(element, scale: scales[0], zeroPoint: entry.zeros?[0] ?? 0)
  }
}
