import CDLC
import CDLCKernels
import CDLCPlan
import CDLCPlatform

/// The memory and threads of one run at a time on a program.
package final class Session {
  package let program: Program
  private let arena: Block<UInt8>
  private let scratch: Block<UInt8>
  /// Scratch bytes of one part, a multiple of 64.
  private let scratchStride: Int
  private let operands: Block<dlc_tensor>
  private let calls: Block<dlc_call>
  private let pool: OpaquePointer?
  package let threads: UInt32
  /// What each part of the running step answered.
  private let faults: Block<Int32>
  /// Where each port's elements stand: inputs, then outputs.
  private let ports: Block<UnsafeMutableRawPointer>

  /// Allocates everything that running needs. `threads` counts the calling thread; 0: one per processor.
  package init(_ program: Program, threads: UInt32) throws(Fault) {
    self.program = program
    let threads = min(threads == 0 ? dlc_processor_count() : threads, 256)
    self.threads = threads
    arena = try Block(count: Int(program.header.arena_bytes))
    scratchStride = (program.scratchBytes + 63) / 64 * 64
    let (bytes, overflow) = scratchStride.multipliedReportingOverflow(by: Int(threads))
    guard !overflow else { throw Fault(DLC_ERROR_MEMORY, "the plan's scratch memory is impossible") }
    scratch = try Block(count: bytes)
    operands = try Block(count: program.operands.count)
    calls = try Block(count: program.stepCount)
    faults = try Block(count: Int(threads))
    ports = try Block(count: program.inputCount + program.outputCount)
    pool = threads > 1 ? dlc_pool_create(threads) : nil
    if threads > 1, pool == nil { throw Fault(DLC_ERROR_MEMORY, "the session's threads cannot be started") }
    resolve()
  }

  deinit { if let pool { dlc_pool_destroy(pool) } }

  private func resolve() {
    for k in 0..<program.operands.count {
      operands[k] = program.operands[k]
      let place = program.places[k]
      if place.buffer != UInt32(DLC_PLAN_NONE) { operands[k].data = memory(of: place.buffer) + place.offset }
    }
    for k in 0..<program.stepCount {
      let step = program.steps[k]
      calls[k] = dlc_call(
        operands: operands.base + step.firstOperand, params: step.parameters, scratch: scratch.base,
        operand_count: step.operandCount, params_bytes: step.parameterBytes)
    }
    for k in 0..<program.inputCount { ports[k] = memory(of: program.portPlace(k, isOutput: false).buffer) }
    for k in 0..<program.outputCount {
      ports[program.inputCount + k] = memory(of: program.portPlace(k, isOutput: true).buffer)
    }
  }

  /// Start of a buffer in the arena; verified to lie inside.
  private func memory(of buffer: UInt32) -> UnsafeMutableRawPointer {
    UnsafeMutableRawPointer(arena.base) + Int(program.buffer(buffer).offset)
  }

  /// Bytes that the session holds: arena, scratch, tables.
  package var byteCount: Int {
    arena.count + scratch.count + operands.count * MemoryLayout<dlc_tensor>.stride
      + calls.count * MemoryLayout<dlc_call>.stride
  }

  /// Where input `index` is read from; nil when there is none of that index.
  package func input(_ index: Int) -> UnsafeMutableRawPointer? {
    index >= 0 && index < program.inputCount ? ports[index] : nil
  }

  /// Where output `index` is written to; nil when there is none of that index.
  package func output(_ index: Int) -> UnsafeMutableRawPointer? {
    index >= 0 && index < program.outputCount ? ports[program.inputCount + index] : nil
  }

  /// Lets a port stand in the caller's memory of exactly its size.
  package func bind(_ index: Int, isOutput: Bool, to memory: UnsafeMutableRawPointer, byteCount: Int) throws(Fault) {
    guard index >= 0, index < (isOutput ? program.outputCount : program.inputCount) else {
      throw Fault(DLC_ERROR_ARGUMENT, "there is no ").with(isOutput ? "output " : "input ").with(index)
    }
    let port = program.port(index, isOutput: isOutput)
    guard byteCount == port.bytes else {
      throw Fault(DLC_ERROR_ARGUMENT, isOutput ? "output '" : "input '").with(port.name).with("' has ").with(port.bytes)
        .with(" bytes, the memory given ").with(byteCount)
    }
    let buffer = program.portPlace(index, isOutput: isOutput).buffer
    // Steps may see the port's memory under another element type too.
    var alignment = dlc_type_size(UInt8(port.element))
    for k in 0..<program.operands.count where program.places[k].buffer == buffer {
      alignment = max(alignment, dlc_type_size(program.operands[k].type))
    }
    guard Int(bitPattern: memory) % alignment == 0 else {
      throw Fault(DLC_ERROR_ARGUMENT, "memory for '").with(port.name).with("' is not aligned to its elements")
    }
    for k in 0..<program.operands.count where program.places[k].buffer == buffer {
      operands[k].data = memory + program.places[k].offset
    }
    ports[isOutput ? program.inputCount + index : index] = memory
  }

  /// Runs all steps in order.
  package func run() throws(Fault) {
    for k in 0..<program.stepCount { try run(step: k) }
  }

  /// Runs all steps; `nanoseconds` receives one time per step.
  package func run(timing nanoseconds: UnsafeMutablePointer<UInt64>) throws(Fault) {
    for k in 0..<program.stepCount {
      let start = dlc_clock_ns()
      try run(step: k)
      nanoseconds[k] = dlc_clock_ns() - start
    }
  }

  @inline(__always)
  private func run(step index: Int) throws(Fault) {
    let step = program.steps.base + index
    let parts = min(step.pointee.parts, threads)
    if parts <= 1 {
      let code = step.pointee.kernel.pointee.run(calls.base + index, 0, 1)
      if code != 0 { throw fault(index) }
      return
    }
    var share = Share(
      call: calls.base + index, run: step.pointee.kernel.pointee.run, scratch: scratch.base, stride: scratchStride,
      faults: faults.base)
    dlc_pool_run(pool, { Session.runPart($0, $1, $2) }, &share, parts)
    for part in 0..<Int(parts) where faults[part] != 0 { throw fault(index) }
  }

  /// What the parts of one step share.
  private struct Share {
    var call: UnsafePointer<dlc_call>
    var run: @convention(c) (UnsafePointer<dlc_call>?, UInt32, UInt32) -> Int32
    var scratch: UnsafeMutablePointer<UInt8>
    var stride: Int
    var faults: UnsafeMutablePointer<Int32>
  }

  private static func runPart(_ context: UnsafeMutableRawPointer?, _ part: UInt32, _ parts: UInt32) {
    guard let share = context?.assumingMemoryBound(to: Share.self) else { return }
    var call = share.pointee.call.pointee
    call.scratch = UnsafeMutableRawPointer(share.pointee.scratch + Int(part) * share.pointee.stride)
    share.pointee.faults[Int(part)] = share.pointee.run(&call, part, parts)
  }

  private func fault(_ step: Int) -> Fault {
    Fault(DLC_ERROR_INDEX, "step ").with(step).with(" ('").with(program.stepInfo(step).name)
      .with("') was given an index outside its data")
  }
}
