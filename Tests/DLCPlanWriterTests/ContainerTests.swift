import CDLCPlan
import CDLCPlanBuilder
import PlanTestSupport
import Testing

/// The runtime's check of a plan's container against that of FlatBuffers: what the one takes, the other does.
@Suite struct ContainerTests {
  /// Both verdicts on bytes at a place of their own.
  private func verdicts(_ bytes: [UInt8]) -> (ours: dlc_plan_defect, flatbuffers: Bool) {
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 64)
    defer { memory.deallocate() }
    memory.copyBytes(from: bytes)
    return (
      dlc_plan_verify(memory.baseAddress, bytes.count), dlc_plan_flatbuffers_verify(memory.baseAddress, bytes.count)
    )
  }

  @Test func takesNoFlippedBitThatFlatBuffersRefuses() throws {
    let plan = try WrittenPlan(smallGraph())
    let bytes = plan.bytes
    #expect(verdicts(bytes) == (DLC_PLAN_SOUND, true))
    var (sound, malformed) = (0, 0)
    for position in 0..<bytes.count - plan.report.weightsBytes {
      for bit in 0..<8 {
        var altered = bytes
        altered[position] ^= 1 << bit
        let (ours, flatbuffers) = verdicts(altered)
        if ours == DLC_PLAN_SOUND { sound += 1 }
        if ours == DLC_PLAN_MALFORMED { malformed += 1 }
        #expect(ours != DLC_PLAN_SOUND || flatbuffers, "bit \(bit) of byte \(position)")
      }
    }
    #expect(sound > 1000 && malformed > 1000)
  }

  @Test func takesNoHostileOffsetThatFlatBuffersRefuses() throws {
    let plan = try WrittenPlan(smallGraph())
    let bytes = plan.bytes
    let words = (bytes.count - plan.report.weightsBytes) / 4
    // Offsets to everywhere near, and to the ends of what 32 bits reach.
    for word in 0..<words {
      for number in [0, 2, 4, 8, 60, 1024, UInt32(bytes.count), 0x7fff_fffc, 0x8000_0000, 0xffff_fffc, 0xffff_ffff] {
        var altered = bytes
        for k in 0..<4 { altered[4 * word + k] = UInt8(truncatingIfNeeded: number >> (8 * UInt32(k))) }
        let (ours, flatbuffers) = verdicts(altered)
        #expect(ours != DLC_PLAN_SOUND || flatbuffers, "\(number) at word \(word)")
      }
    }
  }
}
