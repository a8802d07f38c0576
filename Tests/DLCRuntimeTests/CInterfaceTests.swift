import CDLC
import DLCGraph
import DLCOperators
import DLCTensor
import Foundation
import PlanTestSupport
import Testing

@testable import DLCRuntime

/// The functions of dlc.h; what they do in plain C stands in runtime/tests.
@Suite struct CInterfaceTests {
  private func withProgram(_ body: (OpaquePointer) throws -> Void) throws {
    var graph = Graph(name: "sum")
    let x = graph.input([2, 3]), y = graph.input([2, 3])
    graph.output(graph.node(Binary(.add), x, graph.node(Unary(.negate), y)))
    let plan = try WrittenPlan(graph)
    var handle: OpaquePointer?
    try #require(dlc_program_open_memory(plan.memory.baseAddress, plan.memory.count, &handle) == DLC_OK)
    let program = try #require(handle)
    defer { dlc_program_close(program) }
    try withExtendedLifetime(plan) { try body(program) }
  }

  @Test func describesPortsAndSteps() throws {
    try withProgram { program in
      var info = dlc_info()
      dlc_program_info(program, &info)
      #expect(info.inputs == 2 && info.outputs == 1 && info.steps == 2 && info.arena_bytes >= 72)
      var port = dlc_port()
      #expect(dlc_program_input(program, 1, &port) == DLC_OK && String(cString: port.name) == "x1" && port.bytes == 24)
      #expect(
        dlc_program_output(program, 0, &port) == DLC_OK && port.rank == 2 && port.dims.1 == 3 && port.element == 1)
      #expect(dlc_program_output(program, 1, &port) == DLC_ERROR_ARGUMENT)
      #expect(String(cString: dlc_last_error()) == "there is no output 1")
      var step = dlc_step_info()
      #expect(dlc_program_step(program, 0, &step) == DLC_OK && String(cString: step.kernel) == "unary")
      #expect(String(cString: step.name) == "node0" && dlc_program_step(program, 2, &step) == DLC_ERROR_ARGUMENT)
    }
  }

  @Test func runsInItsOwnAndInBoundMemory() throws {
    try withProgram { program in
      var handle: OpaquePointer?
      try #require(dlc_session_create(program, 2, &handle) == DLC_OK)
      let session = try #require(handle)
      defer { dlc_session_destroy(session) }
      let first = UnsafeMutablePointer<Float>.allocate(capacity: 7),
        sum = UnsafeMutablePointer<Float>.allocate(capacity: 6)
      defer {
        first.deallocate()
        sum.deallocate()
      }
      for k in 0..<6 { first[k] = Float(10 * k) }
      let second = try #require(dlc_session_input(session, 1)).assumingMemoryBound(to: Float.self)
      for k in 0..<6 { second[k] = Float(k) }
      #expect(dlc_session_bind_input(session, 0, first, 20) == DLC_ERROR_ARGUMENT)
      #expect(String(cString: dlc_last_error()) == "input 'x0' has 24 bytes, the memory given 20")
      #expect(dlc_session_bind_input(session, 2, first, 24) == DLC_ERROR_ARGUMENT)
      #expect(dlc_session_bind_input(session, 0, UnsafeRawPointer(first) + 1, 24) == DLC_ERROR_ARGUMENT)
      #expect(dlc_session_bind_input(session, 0, first, 24) == DLC_OK)
      #expect(dlc_session_bind_output(session, 0, sum, 24) == DLC_OK)
      #expect(dlc_session_output(session, 0) == UnsafeRawPointer(sum))
      var times: [UInt64] = [0, 0]
      #expect(dlc_session_run_timed(session, &times, 1) == DLC_ERROR_ARGUMENT)
      #expect(dlc_session_run_timed(session, &times, 2) == DLC_OK)
      #expect((0..<6).allSatisfy { sum[$0] == Float(9 * $0) } && times.allSatisfy { $0 > 0 })
      // Inputs keep their values.
      sum[3] = 0
      #expect(dlc_session_run(session) == DLC_OK && sum[3] == 27)
      #expect(dlc_session_input(session, 2) == nil && dlc_session_output(session, 1) == nil)
    }
  }

  @Test func carriesAnOutputIntoTheNextRun() throws {
    var graph = Graph(name: "counter")
    let x = graph.input([3]), state = graph.input([3]), other = graph.input([2])
    graph.output(graph.node(Binary(.add), x, state))
    graph.output(graph.node(Unary(.negate), other))
    let plan = try WrittenPlan(graph)
    var program: OpaquePointer?
    var session: OpaquePointer?
    try #require(dlc_program_open_memory(plan.memory.baseAddress, plan.memory.count, &program) == DLC_OK)
    try #require(dlc_session_create(program, 1, &session) == DLC_OK)
    defer {
      dlc_session_destroy(session)
      dlc_program_close(program)
    }
    withExtendedLifetime(plan) {
      let inputs = (0..<3).map { dlc_session_input(session, $0)!.assumingMemoryBound(to: Float.self) }
      for k in 0..<3 {
        inputs[0][k] = Float(k + 1)
        inputs[1][k] = 10
      }
      #expect(dlc_session_carry(session, 1, 1) == DLC_ERROR_ARGUMENT && dlc_session_carry(session, 0, 1) == DLC_OK)
      for run in 1...3 {
        #expect(dlc_session_run(session) == DLC_OK)
        #expect((0..<3).allSatisfy { inputs[1][$0] == Float(10 + run * ($0 + 1)) })
      }
      // The state's memory is the session's; a cancelled run leaves it as it was.
      #expect(dlc_session_bind_input(session, 1, inputs[0], 12) == DLC_ERROR_ARGUMENT)
      dlc_session_cancel(session)
      #expect(dlc_session_run(session) == DLC_ERROR_CANCELLED && inputs[1][0] == 13)
      #expect(dlc_session_carry(session, .max, 1) == DLC_OK && dlc_session_run(session) == DLC_OK && inputs[1][0] == 13)
      #expect(dlc_session_bind_input(session, 1, inputs[0], 12) == DLC_OK)
      #expect(dlc_session_carry(session, 0, 1) == DLC_ERROR_ARGUMENT)
    }
  }

  @Test func aSessionOutlivesItsClosedProgram() throws {
    let path = NSTemporaryDirectory() + "dlc-\(UUID().uuidString).plan"
    try Data(WrittenPlan(smallGraph()).bytes).write(to: URL(fileURLWithPath: path))
    defer { try? FileManager.default.removeItem(atPath: path) }
    var program: OpaquePointer?
    var session: OpaquePointer?
    #expect(dlc_program_open(path, &program) == DLC_OK && dlc_session_create(program, 1, &session) == DLC_OK)
    dlc_program_close(program)
    #expect(dlc_session_run(session) == DLC_OK)
    dlc_session_destroy(session)
  }

  @Test func saysWhatIsWrong() {
    var program: OpaquePointer?
    #expect(dlc_program_open("/nonexistent/x.plan", &program) == DLC_ERROR_FILE && program == nil)
    #expect(String(cString: dlc_last_error()) == "cannot open the plan '/nonexistent/x.plan': error 2")
    #expect(dlc_program_open(nil, &program) == DLC_ERROR_ARGUMENT && dlc_program_open("/x", nil) == DLC_ERROR_ARGUMENT)
    #expect(dlc_program_open_memory("hello, this is no plan at all", 29, &program) == DLC_ERROR_PLAN)
    #expect(dlc_session_run(nil) == DLC_ERROR_ARGUMENT && dlc_session_create(nil, 1, &program) == DLC_ERROR_ARGUMENT)
    dlc_program_close(nil)
    dlc_session_destroy(nil)
    #expect(String(cString: dlc_version()) == "0.1.0")
  }
}
