import DLCGraph
import DLCTensor
import Foundation
import PlanTestSupport
import Testing

@testable import DLCRuntime

/// Plans as compilers of earlier versions wrote them: they open and answer as they did.
@Suite struct PlanCompatibilityTests {
  private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(
    "plans")

  @Test(arguments: ["small-1.0.plan", "small-1.1.plan", "small-1.1-shared.plan", "small-1.2.plan", "small-1.3.plan"])
  func opensAndAnswersAsOnTheDayItWasWritten(_ name: String) throws {
    let arguments = [randomTensor([1, 4, 4, 3], seed: 5), Tensor([3, 0, -1] as [Int64], shape: [3])]
    let expected = try smallGraph().reference(arguments)
    let path = Self.folder.appendingPathComponent(name).path
    let program = try Program(path: path)
    let session = try Session(program, threads: 1)
    for (k, tensor) in arguments.enumerated() {
      tensor.withBytes { session.input(k)!.copyMemory(from: $0.baseAddress!, byteCount: $0.count) }
    }
    try session.run()
    for (k, tensor) in expected.enumerated() {
      let found = UnsafeBufferPointer(
        start: session.output(k)!.assumingMemoryBound(to: Float.self), count: tensor.count)
      for (a, b) in zip(tensor.elements(as: Float.self), found) { #expect(abs(a - b) <= 1e-5) }
    }
  }

  /// Integer networks carry what they answered to made-up inputs.
  @Test(arguments: ["digits-int8-1.1.plan", "digits-int8-1.3.plan"]) func answersAsItsContractSays(_ name: String)
    throws
  {
    let program = try Program(path: Self.folder.appendingPathComponent(name).path)
    #expect(program.contractEntry.witnessed)
    try Session(program, threads: 1).checkContract()
  }

  /// When this fails on purpose, the format or the planner changed: keep the old file, add the one left in the temporary folder.
  @Test func todaysWriterGivesTheNewestBytes() throws {
    let golden = [UInt8]((try? Data(contentsOf: Self.folder.appendingPathComponent("small-1.3.plan"))) ?? Data())
    let bytes = try WrittenPlan(smallGraph()).bytes
    if bytes != golden { try Data(bytes).write(to: URL(fileURLWithPath: NSTemporaryDirectory() + "small-new.plan")) }
    #expect(bytes == golden)
  }
}
