import CDLC
import DLCRuntime
import DLCTensor

/// Runs a model on tensors.
package final class InferenceSession {
  /// One step of the plan.
  package struct Step {
    package var name: String
    package var kernel: String
    package var macs: Int
  }

  private let model: LoadedModel
  private let session: Session

  /// Allocates memory and starts threads. Throws `Failure`.
  init(_ model: LoadedModel, threads: Int) throws {
    self.model = model
    do {
      session = try Session(model.program, threads: UInt32(threads))
    } catch {
      let message = String(cString: Fault.message)
      guard error.status == DLC_ERROR_MEMORY else { throw Failure(.ourFault, "cannot start a session: \(message).") }
      throw Failure(
        .badData,
        "a run needs \(Listing.grouped(model.arenaBytes)) bytes of memory, more than there is here (\(message)). Compile with smaller dimensions."
      )
    }
  }

  package var steps: [Step] {
    (0..<model.program.stepCount).map { index in
      let step = model.program.stepInfo(index)
      return Step(
        name: String(cString: step.name), kernel: String(cString: step.kernel), macs: Int(clamping: step.macs))
    }
  }

  /// Copies values into the inputs; their types are the model's.
  package func fill(_ inputs: [Tensor]) throws {
    for (k, tensor) in inputs.enumerated() { try fill(k, tensor) }
  }

  /// Copies values into input `index`; their type is the model's.
  package func fill(_ index: Int, _ tensor: Tensor) throws {
    guard let target = session.input(index) else { return }
    tensor.withBytes { bytes in
      if let base = bytes.baseAddress { target.copyMemory(from: base, byteCount: bytes.count) }
    }
  }

  /// Runs on the inputs that are filled in. Throws `Failure` when an index tensor points outside its data.
  package func run() throws {
    do { try session.run() } catch { throw InferenceSession.failure() }
  }

  /// Runs the plan's witness; what is wrong with the answers as a sentence without its end, or nil. Throws `Failure`.
  func contractFailure() throws -> String? {
    do { try session.checkContract() } catch {
      guard error.status == DLC_ERROR_CONTRACT || error.status == DLC_ERROR_INDEX else {
        throw InferenceSession.failure()
      }
      return String(cString: Fault.message)
    }
    return nil
  }

  /// Calls `observer` after each step of the runs to come; nil ends it.
  func observe(_ observer: dlc_observer?, context: UnsafeMutableRawPointer?) throws {
    do { try session.observe(observer, context: context) } catch { throw InferenceSession.failure() }
  }

  /// Runs and gives each step's time in ms.
  package func runTimed() throws -> [Double] {
    var times = [UInt64](repeating: 0, count: max(model.program.stepCount, 1))
    do {
      try times.withUnsafeMutableBufferPointer { (buffer) throws(Fault) in try session.run(timing: buffer.baseAddress!)
      }
    } catch { throw InferenceSession.failure() }
    return times.prefix(model.program.stepCount).map { Double($0) / 1e6 }
  }

  /// Runs on `inputs` and copies the outputs.
  package func run(_ inputs: [Tensor]) throws -> [Tensor] {
    try fill(inputs)
    try run()
    return outputs()
  }

  /// Copies of the outputs of the last run.
  package func outputs() -> [Tensor] {
    model.outputs.enumerated().map { k, port in
      Tensor(port.type) { bytes in
        if let source = session.output(k), bytes.count > 0 {
          bytes.copyMemory(from: UnsafeRawBufferPointer(start: source, count: bytes.count))
        }
      }
    }
  }

  private static func failure() -> Failure { Failure(.badData, String(cString: Fault.message) + ".") }
}
