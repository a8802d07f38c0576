import CDLC
import CDLCKernels
import CDLCPlan
import CDLCPlatform

/// The memory and threads of one run at a time on a program.
package final class Session {
  package let program: Program
  private let memory: SessionMemory
  private var carries = 0
  private var observer: dlc_observer?
  private var observerContext: UnsafeMutableRawPointer?
  private var channelScales: ChannelScales?
  /// Runs every step with its time taken, once somebody asked for that: programs that never do link without it.
  private var observedRun: (@convention(c) (UnsafeRawPointer, UnsafeMutablePointer<UInt64>?) -> dlc_status)?

  /// Allocates everything that running needs. `threads` counts the calling thread; 0: one per processor.
  package convenience init(_ program: Program, threads: UInt32) throws(Fault) {
    var options = dlc_session_options()
    options.threads = threads
    self.init(program, try SessionMemory(program, options))
  }

  init(_ program: Program, _ memory: SessionMemory) {
    self.program = program
    self.memory = memory
    for k in 0..<program.inputCount { carried[k] = -1 }
    resolve()
  }

  deinit { if let pool = memory.pool { dlc_pool_destroy(pool) } }

  /// How many threads run, the caller's included.
  package var threads: UInt32 { memory.threads }
  private var operands: Table<dlc_tensor> { memory.operands }
  private var calls: Table<dlc_call> { memory.calls }
  private var ports: Table<UnsafeMutableRawPointer> { memory.ports }
  private var carried: Table<Int32> { memory.carried }

  private func resolve() {
    for k in 0..<program.operands.count {
      operands[k] = program.operands[k]
      let place = program.places[k]
      if place.buffer != UInt32(DLC_PLAN_NONE) { operands[k].data = start(of: place.buffer) + place.offset }
    }
    for k in 0..<program.stepCount {
      let step = program.steps[k]
      calls[k] = dlc_call(
        operands: operands.base + step.firstOperand, params: step.parameters, scratch: memory.scratch.base,
        operand_count: step.operandCount, params_bytes: step.parameterBytes)
    }
    for k in 0..<program.inputCount { ports[k] = start(of: program.portPlace(k, isOutput: false).buffer) }
    for k in 0..<program.outputCount {
      ports[program.inputCount + k] = start(of: program.portPlace(k, isOutput: true).buffer)
    }
  }

  /// Start of a buffer in the arena; verified to lie inside.
  private func start(of buffer: UInt32) -> UnsafeMutableRawPointer {
    memory.arena.base + Int(program.buffer(buffer).offset)
  }

  /// Bytes that the session holds: arena, scratch, tables.
  package var byteCount: Int {
    memory.arena.count + memory.scratch.count + memory.tables.count
  }

  /// Where input `index` is read from; nil when there is none of that index.
  package func input(_ index: Int) -> UnsafeMutableRawPointer? {
    index >= 0 && index < program.inputCount ? ports[index] : nil
  }

  /// Where output `index` is written to; nil when there is none of that index.
  package func output(_ index: Int) -> UnsafeMutableRawPointer? {
    index >= 0 && index < program.outputCount ? ports[program.inputCount + index] : nil
  }

  /// Whether input `index`, which exists, is read from the caller's memory.
  func isBound(input index: Int) -> Bool {
    ports[index] != start(of: program.portPlace(index, isOutput: false).buffer)
  }

  /// Lets a port stand in the caller's memory of exactly its size.
  package func bind(_ index: Int, isOutput: Bool, to memory: UnsafeMutableRawPointer, byteCount: Int) throws(Fault) {
    guard index >= 0, index < (isOutput ? program.outputCount : program.inputCount) else {
      throw Fault(DLC_ERROR_ARGUMENT, "there is no ").with(portKind(isOutput: isOutput)).with(index)
    }
    let port = program.port(index, isOutput: isOutput)
    guard byteCount == port.bytes else {
      throw Fault(DLC_ERROR_ARGUMENT, isOutput ? "output '" : "input '").with(port.name).with("' has ").with(port.bytes)
        .with(" bytes, the memory given ").with(byteCount)
    }
    guard isOutput || carried[index] < 0 else {
      throw Fault(DLC_ERROR_ARGUMENT, "input '").with(port.name).with("' takes over an output and cannot be bound")
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

  /// Lets an input take over an output after each run; nil ends it.
  package func carry(output: Int?, input: Int) throws(Fault) {
    guard input >= 0, input < program.inputCount, output.map({ $0 >= 0 && $0 < program.outputCount }) ?? true else {
      throw Fault(DLC_ERROR_ARGUMENT, "there is no input ").with(input).with(" or no such output")
    }
    if let output {
      let (to, from) = (program.port(input, isOutput: false), program.port(output, isOutput: true))
      guard to.element == from.element, to.bytes == from.bytes, haveEqualShapes(to, from) else {
        throw Fault(DLC_ERROR_ARGUMENT, "output '").with(from.name).with("' and input '").with(to.name)
          .with("' differ in type or shape")
      }
      guard ports[input] == start(of: program.portPlace(input, isOutput: false).buffer) else {
        throw Fault(DLC_ERROR_ARGUMENT, "input '").with(to.name).with("' is bound to the caller's memory")
      }
    }
    carries += (output == nil ? 0 : 1) - (carried[input] < 0 ? 0 : 1)
    carried[input] = output.map { Int32($0) } ?? -1
  }

  private func haveEqualShapes(_ a: dlc_port, _ b: dlc_port) -> Bool {
    guard a.rank == b.rank else { return false }
    return withUnsafeBytes(of: a.dims) { left in
      withUnsafeBytes(of: b.dims) { right in
        for k in 0..<4 * Int(a.rank) where left[k] != right[k] { return false }
        return true
      }
    }
  }

  /// Lets the run in progress, or else the next one, stop before its next step. Safe from any thread.
  package func cancel() { dlc_flag_raise(memory.cancellation.base) }

  /// Calls `observer` after each step from now on.
  package func observe(_ observer: dlc_observer?, context: UnsafeMutableRawPointer?) throws(Fault) {
    if observer != nil, channelScales == nil { channelScales = try ChannelScales(program) }
    self.observer = observer
    observerContext = context
    observedRun = nil
    guard observer != nil else { return }
    observedRun = { session, nanoseconds in
      do throws(Fault) {
        try Unmanaged<Session>.fromOpaque(session).takeUnretainedValue().runObserved(timing: nanoseconds)
        return DLC_OK
      } catch { return error.status }
    }
  }

  /// Runs all steps in order.
  package func run() throws(Fault) {
    if let observedRun {
      let status = observedRun(Unmanaged.passUnretained(self).toOpaque(), nil)
      if status != DLC_OK { throw Fault(raised: status) }
    } else {
      for k in 0..<program.stepCount { try run(step: k) }
    }
    carryStates()
  }

  /// Runs all steps; `nanoseconds` receives one time per step.
  package func run(timing nanoseconds: UnsafeMutablePointer<UInt64>) throws(Fault) {
    try runObserved(timing: nanoseconds)
    carryStates()
  }

  private func runObserved(timing nanoseconds: UnsafeMutablePointer<UInt64>?) throws(Fault) {
    for k in 0..<program.stepCount {
      let start = dlc_clock_ns()
      try run(step: k)
      let elapsed = dlc_clock_ns() - start
      nanoseconds?[k] = elapsed
      if let observer { report(step: k, nanoseconds: elapsed, to: observer) }
    }
  }

  private func carryStates() {
    guard carries > 0 else { return }
    for k in 0..<program.inputCount where carried[k] >= 0 {
      ports[k].copyMemory(
        from: ports[program.inputCount + Int(carried[k])], byteCount: program.port(k, isOutput: false).bytes)
    }
  }

  private func report(step index: Int, nanoseconds: UInt64, to observer: dlc_observer) {
    let step = program.steps[index]
    // Kernels write at most two operands.
    var views = (dlc_tensor_view(), dlc_tensor_view())
    withUnsafeMutableBytes(of: &views) { bytes in
      let views = bytes.bindMemory(to: dlc_tensor_view.self)
      var (count, listed) = (0, 0)
      for k in program.writtenOperands(ofStep: index) where count < views.count {
        if operands[step.firstOperand + k].type == UInt8(DLC_ABSENT.rawValue) { continue }
        views[count] = view(ofOperand: k, step: index, &listed)
        count += 1
      }
      let info = program.stepInfo(index)
      var event = dlc_step_event()
      event.step = UInt32(index)
      event.output_count = UInt32(count)
      event.name = info.name
      event.kernel = info.kernel
      event.macs = info.macs
      event.nanoseconds = nanoseconds
      event.outputs = UnsafePointer(views.baseAddress)
      observer(observerContext, &event)
    }
  }

  /// `listed`: bytes of the room for scales that the step's views take.
  private func view(ofOperand index: Int, step: Int, _ listed: inout Int) -> dlc_tensor_view {
    let tensor = operands[program.steps[step].firstOperand + index]
    var view = dlc_tensor_view()
    view.data = UnsafeRawPointer(tensor.data)
    view.pitch = Int(tensor.pitch)
    view.element = Int32(tensor.type)
    view.rank = Int32(tensor.rank)
    view.dims = tensor.dims
    let entry = program.quantizationEntry(ofOperand: index, step: step)
    view.quantization = channelScales?.listed(entry, from: &listed) ?? dlc_quantization(of: entry)
    return view
  }

  @inline(__always)
  private func run(step index: Int) throws(Fault) {
    if dlc_flag_is_up(memory.cancellation.base) { throw cancelled(before: index) }
    let step = program.steps.base + index
    let parts = min(step.pointee.parts, threads)
    if parts <= 1 {
      let code = step.pointee.kernel.pointee.run(calls.base + index, 0, 1)
      if code != 0 { throw fault(index) }
      return
    }
    var share = Share(
      call: calls.base + index, run: step.pointee.kernel.pointee.run, scratch: memory.scratch.base,
      stride: memory.scratchStride, faults: memory.faults.base)
    dlc_pool_run(memory.pool, { Session.runPart($0, $1, $2) }, &share, parts)
    for part in 0..<Int(parts) where memory.faults[part] != 0 { throw fault(index) }
  }

  /// What the parts of one step share.
  private struct Share {
    var call: UnsafePointer<dlc_call>
    var run: @convention(c) (UnsafePointer<dlc_call>?, UInt32, UInt32) -> Int32
    var scratch: UnsafeMutableRawPointer
    var stride: Int
    var faults: UnsafeMutablePointer<Int32>
  }

  private static func runPart(_ context: UnsafeMutableRawPointer?, _ part: UInt32, _ parts: UInt32) {
    guard let share = context?.assumingMemoryBound(to: Share.self) else { return }
    var call = share.pointee.call.pointee
    call.scratch = share.pointee.scratch + Int(part) * share.pointee.stride
    share.pointee.faults[Int(part)] = share.pointee.run(&call, part, parts)
  }

  private func cancelled(before step: Int) -> Fault {
    dlc_flag_lower(memory.cancellation.base)
    return Fault(DLC_ERROR_CANCELLED, "the run was cancelled before step ").with(step)
  }

  private func fault(_ step: Int) -> Fault {
    Fault(DLC_ERROR_INDEX, "step ").with(step).with(" ('").with(program.stepInfo(step).name)
      .with("') was given an index outside its data")
  }
}
