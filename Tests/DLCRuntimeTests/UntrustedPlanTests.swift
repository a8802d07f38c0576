import CDLC
import DLCGraph
import DLCTensor
import Foundation
import PlanTestSupport
import Testing

@testable import DLCRuntime

/// Damaged and hostile plans: refused, or run without harm.
@Suite struct UntrustedPlanTests {
  /// The plan of `smallGraph`, copied to an aligned place of its own whenever it is opened.
  private func attempt(_ bytes: [UInt8]) -> dlc_status {
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: max(bytes.count, 1), alignment: 64)
    defer { memory.deallocate() }
    memory.copyBytes(from: bytes)
    do throws(Fault) {
      let program = try Program(bytes: UnsafeRawPointer(memory.baseAddress!), count: bytes.count)
      // What a sound header asks for is the caller's to judge; these tests stay small.
      guard program.info.arena_bytes < 1 << 26, program.info.scratch_bytes < 1 << 26 else { return DLC_OK }
      let session = try Session(program, threads: 1)
      try session.run()
      return DLC_OK
    } catch {
      #expect(strlen(Fault.message) > 0)
      return error.status
    }
  }

  @Test func runsWhole() throws { #expect(attempt(try WrittenPlan(smallGraph()).bytes) == DLC_OK) }

  @Test func refusesEveryTruncation() throws {
    let bytes = try WrittenPlan(smallGraph()).bytes
    for count in bytes.indices { #expect(attempt(Array(bytes.prefix(count))) == DLC_ERROR_PLAN, "\(count) bytes") }
    #expect(attempt(bytes + [0]) == DLC_ERROR_PLAN)
    #expect(attempt(bytes + [UInt8](repeating: 0, count: 64)) == DLC_ERROR_PLAN)
  }

  @Test func survivesEveryFlippedBitOfItsTables() throws {
    let plan = try WrittenPlan(smallGraph())
    let bytes = plan.bytes
    let tables = bytes.count - plan.report.weightsBytes
    var refused = 0
    for position in 0..<tables {
      for bit in 0..<8 {
        var altered = bytes
        altered[position] ^= 1 << bit
        if attempt(altered) != DLC_OK { refused += 1 }
      }
    }
    #expect(refused > tables)
  }

  @Test func survivesExtremeNumbers() throws {
    let plan = try WrittenPlan(smallGraph())
    let bytes = plan.bytes
    let words = (bytes.count - plan.report.weightsBytes) / 4
    var random = SplitMix(state: 11)
    let numbers: [UInt32] = [
      0, 1, 2, 3, 7, 64, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 0xffff_fffe, 0x4000_0000, 0x1_0000,
    ]
    for _ in 0..<20_000 {
      var altered = bytes
      for _ in 0...Int(random.next() % 3) {
        let position = 4 * Int(random.next() % UInt64(words))
        let number = numbers[Int(random.next() % UInt64(numbers.count))]
        for k in 0..<4 { altered[position + k] = UInt8(truncatingIfNeeded: number >> (8 * k)) }
      }
      _ = attempt(altered)
    }
  }

  @Test func refusesMisalignedMemory() throws {
    let bytes = try WrittenPlan(smallGraph()).bytes
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count + 8, alignment: 64)
    defer { memory.deallocate() }
    UnsafeMutableRawBufferPointer(rebasing: memory[8...]).copyBytes(from: bytes)
    #expect(throws: Fault.self) { try Program(bytes: UnsafeRawPointer(memory.baseAddress! + 8), count: bytes.count) }
    #expect(String(cString: Fault.message).contains("multiple of 64"))
  }

  @Test func refusesAnotherMajorVersion() throws {
    // The version is the only 1 as a 16-bit field of the root table; found by trying.
    let bytes = try WrittenPlan(smallGraph()).bytes
    var found = false
    for position in stride(from: 0, to: 160, by: 2) where bytes[position] == 1 && bytes[position + 1] == 0 {
      var altered = bytes
      altered[position] = 2
      if attempt(altered) == DLC_ERROR_VERSION, String(cString: Fault.message).contains("another major version") {
        found = true
      }
    }
    #expect(found)
  }

  @Test func namesTheStepWhoseIndexIsOutOfRange() throws {
    let arguments = [randomTensor([1, 4, 4, 3], seed: 1), Tensor([0, 4, 1] as [Int64], shape: [3])]
    let error = #expect(throws: RuntimeRefusal.self) { try WrittenPlan(smallGraph()).run([arguments]) }
    #expect(error?.message.contains("was given an index outside its data") == true)
    #expect(error?.message.contains("node") == true)
  }
}
