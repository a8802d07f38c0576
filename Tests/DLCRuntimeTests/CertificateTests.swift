import CDLC
import CDLCPlan
import Foundation
import PlanTestSupport
import Testing

@testable import DLCRuntime

/// What a plan says of its needs: what the runtime finds, and what a bundle adds.
@Suite struct CertificateTests {
  private func certified(_ plan: WrittenPlan) throws -> (status: dlc_status, dlc_certificate) {
    var handle: OpaquePointer?
    try #require(dlc_program_open_memory(plan.memory.baseAddress, plan.memory.count, &handle) == DLC_OK)
    defer { dlc_program_close(handle) }
    var certificate = dlc_certificate()
    let status = withExtendedLifetime(plan) { dlc_program_certificate(handle, &certificate) }
    return (status, certificate)
  }

  @Test func saysWhatTheRuntimeFinds() throws {
    let plan = try WrittenPlan(smallGraph())
    let (status, certificate) = try certified(plan)
    let info = plan.program.info
    #expect(status == DLC_OK && certificate.plan_bytes == plan.bytes.count && certificate.code_bytes == 0)
    #expect(certificate.arena_bytes == info.arena_bytes && certificate.macs == info.macs && info.macs > 0)
    #expect(certificate.scratch_bytes == info.scratch_bytes && info.scratch_bytes > 0)
    #expect(plan.report.scratchBytes == info.scratch_bytes && UInt64(plan.report.macs) == info.macs)
    #expect(Int(certificate.stack_bytes) == plan.report.stackBytes && certificate.stack_bytes > 0)
  }

  @Test func takesTheCodeOfABundle() throws {
    let plan = try WrittenPlan(smallGraph())
    let place = Int(plan.program.certificateEntry.code_bytes_at)
    try #require(place > 0)
    plan.memory.storeBytes(of: 123_456, toByteOffset: place, as: UInt64.self)
    let (status, certificate) = try certified(plan)
    #expect(status == DLC_OK && certificate.code_bytes == 123_456)
  }

  @Test func earlierPlansHaveNone() throws {
    let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(
      "plans/small-1.1.plan"
    ).path
    var handle: OpaquePointer?
    try #require(dlc_program_open(path, &handle) == DLC_OK)
    defer { dlc_program_close(handle) }
    var certificate = dlc_certificate()
    #expect(dlc_program_certificate(handle, &certificate) == DLC_ERROR_VERSION)
    #expect(String(cString: dlc_last_error()).contains("before plans carried certificates"))
  }
}
