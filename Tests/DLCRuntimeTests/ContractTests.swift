import CDLC
import CDLCPlan
import DLCGraph
import DLCPlanWriter
import DLCTensor
import Foundation
import PlanTestSupport
import Testing

@testable import DLCRuntime

/// The accuracy contract on its way through a plan, and plans whose contract is damaged or does not fit.
@Suite struct ContractTests {
  private static let ranges: [Float] = [-2, 3, 0, 3]
  private static let metrics = [
    PlanContract.Metric("sqnr_db_min", 31.5, tolerance: 1), .init("top1_agreement", .infinity, tolerance: 0),
  ]

  /// The contract of `smallGraph` as the compiler makes it: its own answers, then the tolerance.
  private func contract(seed: UInt64 = 1_234_567) throws -> PlanContract {
    let plan = try WrittenPlan(smallGraph())
    let session = try Session(plan.program, threads: 1)
    try Self.ranges.withUnsafeBufferPointer { (ranges: UnsafeBufferPointer<Float>) throws(Fault) in
      try session.runWitness(seed: seed, ranges: ranges)
    }
    var expected: [Float] = []
    session.forEachWitnessElement { expected.append($0) }
    return PlanContract(
      metrics: Self.metrics, samples: 7, data: "7 samples", dataHash: "00ff",
      witness: .init(seed: seed, ranges: Self.ranges, expected: expected, tolerance: 0))
  }

  private func check(_ plan: WrittenPlan, threads: UInt32 = 1) -> (dlc_status, String) {
    do throws(Fault) {
      try Session(plan.program, threads: threads).checkContract()
      return (DLC_OK, "")
    } catch { return (error.status, String(cString: Fault.message)) }
  }

  @Test func comesBackAsItWasWritten() throws {
    let contract = try contract()
    let plan = try WrittenPlan(smallGraph(), contract: contract, preprocessing: "{\"scale\":1.0}")
    let entry = plan.program.contractEntry
    #expect(entry.present && entry.witnessed && entry.metrics == 2 && entry.samples == 7)
    #expect(String(cString: entry.data.bytes) == "7 samples" && String(cString: entry.data_hash.bytes) == "00ff")
    #expect(plan.program.metric(0).value == 31.5 && plan.program.metric(1).value == .infinity)
    #expect(String(cString: plan.program.metric(0).name) == "sqnr_db_min" && plan.program.metric(0).tolerance == 1)
    #expect(entry.seed == 1_234_567 && entry.range_count == 4 && entry.expected_count == 49)
    #expect(String(cString: plan.program.preprocessingText.bytes) == "{\"scale\":1.0}")
    for threads in [1, 3] { #expect(check(plan, threads: UInt32(threads)) == (DLC_OK, "")) }
    let again = try WrittenPlan(smallGraph(), contract: contract, preprocessing: "{\"scale\":1.0}")
    #expect(plan.bytes == again.bytes && plan.report.planBytes == plan.bytes.count)
  }

  /// The rules of formats/plan.md, written a second time: SplitMix64's published first number for this seed is asserted.
  @Test func inputsAreThoseOfTheSpecification() throws {
    var state: UInt64 = 1_234_567
    func number() -> UInt64 {
      state &+= 0x9E37_79B9_7F4A_7C15
      var z = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
      z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
      return z ^ (z >> 31)
    }
    let numbers = (0..<51).map { _ in number() }
    #expect(numbers[0] == 6_457_827_717_110_365_317)
    let image = numbers[..<48].map { Float(-2 + Double($0 >> 11) * 0x1p-53 * 5) }
    let indices = numbers[48...].map { Int64($0 % 4) }
    let answers = try WrittenPlan(smallGraph()).run([
      [Tensor(image, shape: [1, 4, 4, 3]), Tensor(indices, shape: [3])]
    ])
    let expected = try contract().witness?.expected
    #expect(expected == answers.flatMap { $0.elements(as: Float.self) })
  }

  @Test func refusesOtherAnswersAndWhatDoesNotFit() throws {
    let sound = try contract()
    let cases: [(String, (inout PlanContract.Witness) -> Void)] = [
      ("element 3 of output", { $0.expected[3] += 0.01 }), ("element 0 of output", { $0.expected[28] = .nan }),
      ("element", { $0.seed += 1 }), ("does not fit", { $0.expected.removeLast() }),
      ("does not fit", { $0.expected.append(0) }), ("does not fit", { $0.expected = [] }),
      ("does not fit", { $0.ranges.removeLast() }), ("does not fit", { $0.ranges[0] = .nan }),
      ("does not fit", { $0.ranges[1] = .infinity }), ("does not fit", { ($0.ranges[2], $0.ranges[3]) = (3, 0) }),
    ]
    for (message, damage) in cases {
      var contract = sound
      damage(&contract.witness!)
      let found = check(try WrittenPlan(smallGraph(), contract: contract))
      #expect(found.0 == DLC_ERROR_CONTRACT && found.1.contains(message), "\(found)")
    }
    var near = sound
    near.witness!.expected[3] += 0.001
    near.witness!.tolerance = 0.01
    #expect(check(try WrittenPlan(smallGraph(), contract: near)).0 == DLC_OK)
    // Indices beyond the table are the run's own error.
    near.witness!.ranges[3] = 4096
    #expect(check(try WrittenPlan(smallGraph(), contract: near)).0 == DLC_ERROR_INDEX)
    near.witness = nil
    #expect(check(try WrittenPlan(smallGraph(), contract: near)).1.contains("no answers"))
    let without = try WrittenPlan(smallGraph())
    #expect(check(without).0 == DLC_ERROR_CONTRACT && without.program.preprocessingText.bytes == nil)
  }

  /// Every bit of the tables, and numbers at their ends in every word.
  @Test func survivesDamage() throws {
    let plan = try WrittenPlan(smallGraph(), contract: contract(), preprocessing: "{}")
    let bytes = plan.bytes
    let tables = bytes.count - plan.report.weightsBytes
    var (sound, refused) = (0, 0)
    func attempt(_ bytes: [UInt8]) {
      let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 64)
      defer { memory.deallocate() }
      memory.copyBytes(from: bytes)
      do throws(Fault) {
        let program = try Program(bytes: UnsafeRawPointer(memory.baseAddress!), count: bytes.count)
        let contract = program.contractEntry
        for k in 0..<min(contract.metrics, 64) { #expect(strlen(program.metric(Int(k)).name) < bytes.count) }
        guard program.info.arena_bytes < 1 << 24, program.info.scratch_bytes < 1 << 24 else { return }
        try Session(program, threads: 1).checkContract()
        sound += 1
      } catch { refused += 1 }
    }
    for position in 0..<tables {
      for bit in 0..<8 {
        var altered = bytes
        altered[position] ^= 1 << bit
        attempt(altered)
      }
    }
    for position in stride(from: 0, to: tables, by: 4) {
      for word: UInt32 in [0, 1, 4, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 0x7f80_0000] {
        var altered = bytes
        withUnsafeBytes(of: word.littleEndian) { altered.replaceSubrange(position..<position + 4, with: $0) }
        attempt(altered)
      }
    }
    #expect(sound > 100 && refused > tables)
  }
}
