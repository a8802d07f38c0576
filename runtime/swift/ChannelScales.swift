import CDLC
import CDLCPlan

/// Room for the scales and zero points of channels, which plans state as one number and powers of two, as an observer sees
/// them: of the operands that one step writes.
struct ChannelScales {
  private let room: Block

  /// Room for every step of `program`.
  init(_ program: Program) throws(Fault) {
    var most = 0
    for step in 0..<program.stepCount {
      var count = 0
      for operand in program.writtenOperands(ofStep: step) {
        let entry = program.quantizationEntry(ofOperand: operand, step: step)
        if entry.exponents != nil { count += Int(entry.count) }
      }
      most = max(most, count)
    }
    // Lists lie in a plan below 2 GiB, a byte for each channel.
    room = try Block(bytes: UInt64(most) &* 8)
  }

  /// What `entry` says, channel by channel; takes `position` bytes of the room on.
  func listed(_ entry: dlc_plan_quantization, from position: inout Int) -> dlc_quantization {
    guard entry.exponents != nil else { return dlc_quantization(of: entry) }
    let count = Int(entry.count)
    let scales = (room.base + position).assumingMemoryBound(to: Float.self)
    let zeros = (room.base + position + 4 * count).assumingMemoryBound(to: Int32.self)
    position += 8 * count
    var entry = entry
    dlc_plan_expand_scales(&entry, scales)
    for k in 0..<count { zeros[k] = entry.zeros?[0] ?? 0 }
    return dlc_quantization(scales: scales, zeros: zeros, count: entry.count, axis: entry.axis)
  }
}

extension dlc_quantization {
  /// What `entry` says, of one scale where channels have powers of two of it.
  init(of entry: dlc_plan_quantization) {
    let isList = entry.count > 1 && entry.exponents == nil
    self.init(
      scales: entry.scales, zeros: entry.zeros, count: entry.exponents == nil ? entry.count : 1,
      axis: isList ? entry.axis : -1)
  }
}
