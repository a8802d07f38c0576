import CDLC
import CDLCKernels
import CDLCPlan
import CDLCPlatform

/// What a session allocates, all of it before its object is made: Embedded Swift 6.3 does not free an object whose initializer
/// throws halfway.
struct SessionMemory {
  let arena: Block
  let scratch: Block
  /// Scratch bytes of one part, a multiple of 64.
  let scratchStride: Int
  /// What holds the tables.
  let tables: Block
  let operands: Table<dlc_tensor>
  let calls: Table<dlc_call>
  /// What each part of the running step answered.
  let faults: Table<Int32>
  /// Where each port's elements stand: inputs, then outputs.
  let ports: Table<UnsafeMutableRawPointer>
  /// For each input the output that it takes over after a run, or -1.
  let carried: Table<Int32>
  /// One word: whether the run is to stop.
  let cancellation: Table<UInt32>
  let threads: UInt32
  /// The session destroys it.
  let pool: OpaquePointer?

  init(_ program: Program, _ options: dlc_session_options) throws(Fault) {
    threads = min(options.threads == 0 ? dlc_processor_count() : options.threads, 256)
    arena = try SessionMemory.arena(of: program, options)
    scratchStride = (program.scratchBytes + 63) / 64 * 64
    // At most 2^40 bytes for each of 256 threads.
    scratch = try Block(bytes: UInt64(scratchStride) &* UInt64(threads))
    let (operandCount, stepCount) = (program.operands.count, program.stepCount)
    let (inputCount, portCount) = (program.inputCount, program.inputCount + program.outputCount)
    tables = try Block(
      bytes: Table<dlc_tensor>.bytes(operandCount) + Table<dlc_call>.bytes(stepCount)
        + Table<Int32>.bytes(Int(threads)) + Table<UnsafeMutableRawPointer>.bytes(portCount)
        + Table<Int32>.bytes(inputCount) + Table<UInt32>.bytes(1))
    var next = tables.base
    operands = Table(operandCount, from: &next)
    calls = Table(stepCount, from: &next)
    faults = Table(Int(threads), from: &next)
    ports = Table(portCount, from: &next)
    carried = Table(inputCount, from: &next)
    cancellation = Table(1, from: &next)
    pool = threads > 1 ? dlc_pool_create(threads) : nil
    if threads > 1, pool == nil { throw Fault(DLC_ERROR_MEMORY, "the session's threads cannot be started") }
  }

  private static func arena(of program: Program, _ options: dlc_session_options) throws(Fault) -> Block {
    let bytes = Int(program.header.arena_bytes)
    guard let arena = options.arena else { return try Block(bytes: UInt64(bytes)) }
    guard options.arena_bytes >= bytes, Int(bitPattern: arena) % 64 == 0 else {
      throw Fault(DLC_ERROR_ARGUMENT, "the arena has to be ").with(bytes)
        .with(" bytes at a multiple of 64, the memory given has ").with(options.arena_bytes)
    }
    return Block(of: arena, count: bytes)
  }
}
