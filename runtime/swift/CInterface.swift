import CDLC
import CDLCPlan

// The public C interface of dlc.h. Programs and sessions cross it as retained references.

private func retained<T: AnyObject>(_ object: T) -> OpaquePointer {
  OpaquePointer(Unmanaged.passRetained(object).toOpaque())
}

private func reference<T: AnyObject>(_ pointer: OpaquePointer, to _: T.Type) -> T {
  Unmanaged<T>.fromOpaque(UnsafeRawPointer(pointer)).takeUnretainedValue()
}

private func nullArgument() -> dlc_status { Fault(DLC_ERROR_ARGUMENT, "an argument is a null pointer").status }

@c @implementation
public func dlc_version() -> UnsafePointer<CChar>? { dlc_runtime_version() }

@c @implementation
public func dlc_last_error() -> UnsafePointer<CChar>? { dlc_message() }

@c @implementation
public func dlc_program_open(_ path: UnsafePointer<CChar>?, _ program: UnsafeMutablePointer<OpaquePointer?>?)
  -> dlc_status
{
  guard let path, let program else { return nullArgument() }
  do throws(Fault) {
    program.pointee = retained(try Program(try PlanImage(path: path)))
    return DLC_OK
  } catch { return error.status }
}

@c @implementation
public func dlc_program_open_memory(
  _ bytes: UnsafeRawPointer?, _ count: Int, _ program: UnsafeMutablePointer<OpaquePointer?>?
) -> dlc_status {
  guard let bytes, let program else { return nullArgument() }
  do throws(Fault) {
    program.pointee = retained(try Program(try PlanImage(bytes: bytes, count: count)))
    return DLC_OK
  } catch { return error.status }
}

@c @implementation
public func dlc_program_close(_ program: OpaquePointer?) {
  if let program { Unmanaged<Program>.fromOpaque(UnsafeRawPointer(program)).release() }
}

@c @implementation
public func dlc_program_info(_ program: OpaquePointer?, _ info: UnsafeMutablePointer<dlc_info>?) {
  guard let program, let info else { return }
  info.pointee = reference(program, to: Program.self).info
}

@c @implementation
public func dlc_program_input(
  _ program: OpaquePointer?, _ index: UInt32, _ port: UnsafeMutablePointer<dlc_port>?
) -> dlc_status {
  readPort(program, index, port, isOutput: false)
}

@c @implementation
public func dlc_program_output(
  _ program: OpaquePointer?, _ index: UInt32, _ port: UnsafeMutablePointer<dlc_port>?
) -> dlc_status {
  readPort(program, index, port, isOutput: true)
}

private func readPort(
  _ program: OpaquePointer?, _ index: UInt32, _ port: UnsafeMutablePointer<dlc_port>?, isOutput: Bool
) -> dlc_status {
  guard let program, let port else { return nullArgument() }
  let opened = reference(program, to: Program.self)
  guard Int(index) < (isOutput ? opened.outputCount : opened.inputCount) else {
    return Fault(DLC_ERROR_ARGUMENT, "there is no ").with(isOutput ? "output " : "input ").with(Int(index)).status
  }
  port.pointee = opened.port(Int(index), isOutput: isOutput)
  return DLC_OK
}

@c @implementation
public func dlc_program_step(
  _ program: OpaquePointer?, _ index: UInt32, _ step: UnsafeMutablePointer<dlc_step_info>?
) -> dlc_status {
  guard let program, let step else { return nullArgument() }
  let opened = reference(program, to: Program.self)
  guard Int(index) < opened.stepCount else {
    return Fault(DLC_ERROR_ARGUMENT, "there is no step ").with(Int(index)).status
  }
  step.pointee = opened.stepInfo(Int(index))
  return DLC_OK
}

@c @implementation
public func dlc_session_create(
  _ program: OpaquePointer?, _ threads: UInt32, _ session: UnsafeMutablePointer<OpaquePointer?>?
) -> dlc_status {
  guard let program, let session else { return nullArgument() }
  do throws(Fault) {
    session.pointee = retained(try Session(reference(program, to: Program.self), threads: threads))
    return DLC_OK
  } catch { return error.status }
}

@c @implementation
public func dlc_session_destroy(_ session: OpaquePointer?) {
  if let session { Unmanaged<Session>.fromOpaque(UnsafeRawPointer(session)).release() }
}

@c @implementation
public func dlc_session_input(_ session: OpaquePointer?, _ index: UInt32) -> UnsafeMutableRawPointer? {
  session.flatMap { reference($0, to: Session.self).input(Int(index)) }
}

@c @implementation
public func dlc_session_output(_ session: OpaquePointer?, _ index: UInt32) -> UnsafeRawPointer? {
  session.flatMap { reference($0, to: Session.self).output(Int(index)).map { UnsafeRawPointer($0) } }
}

@c @implementation
public func dlc_session_bind_input(
  _ session: OpaquePointer?, _ index: UInt32, _ memory: UnsafeRawPointer?, _ bytes: Int
) -> dlc_status {
  // Steps never write to inputs, which opening the plan verified.
  bind(session, index, memory.map { UnsafeMutableRawPointer(mutating: $0) }, bytes, isOutput: false)
}

@c @implementation
public func dlc_session_bind_output(
  _ session: OpaquePointer?, _ index: UInt32, _ memory: UnsafeMutableRawPointer?, _ bytes: Int
) -> dlc_status {
  bind(session, index, memory, bytes, isOutput: true)
}

private func bind(
  _ session: OpaquePointer?, _ index: UInt32, _ memory: UnsafeMutableRawPointer?, _ bytes: Int, isOutput: Bool
) -> dlc_status {
  guard let session, let memory else { return nullArgument() }
  do throws(Fault) {
    try reference(session, to: Session.self).bind(Int(index), isOutput: isOutput, to: memory, byteCount: bytes)
    return DLC_OK
  } catch { return error.status }
}

@c @implementation
public func dlc_session_run(_ session: OpaquePointer?) -> dlc_status {
  guard let session else { return nullArgument() }
  do throws(Fault) {
    try reference(session, to: Session.self).run()
    return DLC_OK
  } catch { return error.status }
}

@c @implementation
public func dlc_session_run_timed(
  _ session: OpaquePointer?, _ nanoseconds: UnsafeMutablePointer<UInt64>?, _ count: UInt32
) -> dlc_status {
  guard let session, let nanoseconds else { return nullArgument() }
  let opened = reference(session, to: Session.self)
  guard Int(count) == opened.program.stepCount else {
    return Fault(DLC_ERROR_ARGUMENT, "the plan has ").with(opened.program.stepCount).with(" steps").status
  }
  do throws(Fault) {
    try opened.run(timing: nanoseconds)
    return DLC_OK
  } catch { return error.status }
}
