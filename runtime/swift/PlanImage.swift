import CDLC
import CDLCKernels
import CDLCPlan
import CDLCPlatform

/// The bytes of a plan whose container is verified, and the tables that resolving its steps fills.
struct PlanImage {
  let data: UnsafeRawPointer
  let byteCount: Int
  let isMapped: Bool
  let header: dlc_plan_header
  /// What holds the tables.
  let tables: Block
  let steps: Table<Program.Step>
  let operands: Table<dlc_tensor>
  let places: Table<Program.Place>
  let bufferUses: Table<Program.BufferUse>

  /// Maps the file at `path`; its program unmaps it.
  init(path: UnsafePointer<CChar>) throws(Fault) {
    var bytes: UnsafeRawPointer?
    var count = 0
    let code = dlc_map_file(path, &bytes, &count)
    guard code == 0, let bytes else {
      throw Fault(DLC_ERROR_FILE, "cannot open the plan '").with(path).with("': error ").with(Int(code))
    }
    try self.init(mapped: bytes, count: count)
  }

  /// Maps the regular file of an open descriptor from its beginning; its program unmaps it.
  init(descriptor: Int32) throws(Fault) {
    var bytes: UnsafeRawPointer?
    var count = 0
    let code = dlc_map_descriptor(descriptor, &bytes, &count)
    guard code == 0, let bytes else {
      throw Fault(DLC_ERROR_FILE, "cannot map the plan of descriptor ").with(Int(descriptor)).with(": error ")
        .with(Int(code))
    }
    try self.init(mapped: bytes, count: count)
  }

  private init(mapped bytes: UnsafeRawPointer, count: Int) throws(Fault) {
    do throws(Fault) {
      try self.init(bytes: bytes, count: count, isMapped: true)
    } catch {
      dlc_unmap(bytes, count)
      throw error
    }
  }

  /// Takes the bytes of a plan in memory that outlives the program.
  init(bytes: UnsafeRawPointer, count: Int) throws(Fault) { try self.init(bytes: bytes, count: count, isMapped: false) }

  private init(bytes: UnsafeRawPointer, count: Int, isMapped: Bool) throws(Fault) {
    guard dlc_processor_suffices() else {
      throw Fault(DLC_ERROR_VERSION, "this library has no code for this processor: it needs ").with(dlc_isa_list())
    }
    var header = dlc_plan_header()
    try Program.verifyContainer(bytes, count)
    dlc_plan_read_header(bytes, &header)
    try Program.verifyLimits(header)
    let total = try Program.countOperands(bytes, count, header)
    let (stepCount, bufferCount) = (Int(header.steps), Int(header.buffers))
    tables = try Block(
      bytes: Table<Program.Step>.bytes(stepCount) + Table<dlc_tensor>.bytes(total) + Table<Program.Place>.bytes(total)
        + Table<Program.BufferUse>.bytes(bufferCount))
    var next = tables.base
    steps = Table(stepCount, from: &next)
    operands = Table(total, from: &next)
    places = Table(total, from: &next)
    bufferUses = Table(bufferCount, from: &next)
    data = bytes
    byteCount = count
    self.isMapped = isMapped
    self.header = header
  }
}
