import CDLCKernels
import CDLCPlan
import PlanTestSupport

/// What is wrong with a plan's memory: must be empty.
///
/// Lifetimes are checked against the steps that name the buffers, not believed: no step uses a buffer outside its life, and
/// no step reads a buffer that nothing wrote before. Buffers that are alive at one step share no bytes.
func memoryDefects(in plan: WrittenPlan) -> [String] {
  let data = UnsafeRawPointer(plan.memory.baseAddress!)
  var header = dlc_plan_header()
  dlc_plan_read_header(data, &header)
  let buffers = (0..<header.buffers).map { index in
    var buffer = dlc_plan_buffer()
    dlc_plan_read_buffer(data, index, &buffer)
    return buffer
  }
  var defects: [String] = []
  func bufferOf(_ tensor: UInt32) -> UInt32? {
    var entry = dlc_plan_tensor()
    dlc_plan_read_tensor(data, tensor, &entry)
    return entry.buffer == UInt32(DLC_PLAN_NONE) ? nil : entry.buffer
  }
  var written = Set<UInt32>()
  for k in 0..<header.inputs {
    var port = dlc_plan_port()
    dlc_plan_read_port(data, false, k, &port)
    if let buffer = bufferOf(port.tensor) { written.insert(buffer) }
  }
  for s in 0..<header.steps {
    var step = dlc_plan_step()
    dlc_plan_read_step(data, s, &step)
    let used = (0..<Int(step.operand_count)).map { step.operands[$0] }.map {
      $0 == UInt32(DLC_PLAN_NONE) ? nil : bufferOf($0)
    }
    let outputs = Int(dlc_kernel_outputs(step.kernel, step.operand_count))
    for (k, buffer) in used.enumerated() {
      guard let buffer else { continue }
      if s < buffers[Int(buffer)].first || s > buffers[Int(buffer)].last {
        defects.append("step \(s) uses buffer \(buffer) outside its life")
      }
      if k < used.count - outputs, !written.contains(buffer) {
        defects.append("step \(s) reads buffer \(buffer) before it is written")
      }
    }
    for buffer in used.suffix(outputs) { if let buffer { written.insert(buffer) } }
  }
  for a in buffers.indices {
    if buffers[a].offset % 64 != 0 { defects.append("buffer \(a) is not aligned") }
    if buffers[a].offset + buffers[a].bytes > header.arena_bytes { defects.append("buffer \(a) leaves the arena") }
    for b in 0..<a where buffers[a].first <= buffers[b].last && buffers[b].first <= buffers[a].last {
      let first = buffers[a].offset..<buffers[a].offset + buffers[a].bytes
      let second = buffers[b].offset..<buffers[b].offset + buffers[b].bytes
      if first.overlaps(second) { defects.append("buffers \(a) and \(b) overlap") }
    }
  }
  return defects
}
