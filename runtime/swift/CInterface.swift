import CDLC
import CDLCKernels
import CDLCPlan
import CDLCPlatform

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
public func dlc_build_info(_ build: UnsafeMutablePointer<dlc_build>?) {
  guard let build else { return }
  var kernels: UInt32 = 0
  for id in 0..<UInt16(512) where dlc_kernel_row(id) != nil { kernels += 1 }
  build.pointee = dlc_build(
    version: dlc_runtime_version(), target: dlc_target_name(), instruction_set: dlc_isa_name(dlc_current_isa()),
    instruction_sets: dlc_isa_list(), plan_major: UInt32(DLC_PLAN_MAJOR),
    plan_minor: UInt32(DLC_PLAN_MINOR), kernels: kernels, features: dlc_platform_features())
}

@c @implementation
public func dlc_last_error() -> UnsafePointer<CChar>? { dlc_message() }

@c @implementation
public func dlc_program_open(_ path: UnsafePointer<CChar>?, _ program: UnsafeMutablePointer<OpaquePointer?>?)
  -> dlc_status
{
  var options = dlc_program_options()
  options.path = path
  return path == nil ? nullArgument() : dlc_program_open_with(&options, program)
}

@c @implementation
public func dlc_program_open_memory(
  _ bytes: UnsafeRawPointer?, _ count: Int, _ program: UnsafeMutablePointer<OpaquePointer?>?
) -> dlc_status {
  var options = dlc_program_options()
  options.bytes = bytes
  options.count = count
  return bytes == nil ? nullArgument() : dlc_program_open_with(&options, program)
}

@c @implementation
public func dlc_program_open_descriptor(_ descriptor: Int32, _ program: UnsafeMutablePointer<OpaquePointer?>?)
  -> dlc_status
{
  var options = dlc_program_options()
  options.descriptor = descriptor
  return dlc_program_open_with(&options, program)
}

@c @implementation
public func dlc_program_open_with(
  _ options: UnsafePointer<dlc_program_options>?, _ program: UnsafeMutablePointer<OpaquePointer?>?
) -> dlc_status {
  guard let options = options?.pointee, let program else { return nullArgument() }
  do throws(Fault) {
    let memory = try dlc_memory.of(options.allocator, else: dlc_memory())
    program.pointee = try allocating(from: memory) { () throws(Fault) in
      retained(try Program(try image(of: options), memory: memory))
    }
    return DLC_OK
  } catch { return error.status }
}

private func image(of options: dlc_program_options) throws(Fault) -> PlanImage {
  if let path = options.path { return try PlanImage(path: path) }
  if let bytes = options.bytes { return try PlanImage(bytes: bytes, count: options.count) }
  return try PlanImage(descriptor: options.descriptor)
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
    return Fault(DLC_ERROR_ARGUMENT, "there is no ").with(portKind(isOutput: isOutput)).with(Int(index)).status
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
  var options = dlc_session_options()
  options.threads = threads
  return dlc_session_create_with(program, &options, session)
}

@c @implementation
public func dlc_session_create_with(
  _ program: OpaquePointer?, _ options: UnsafePointer<dlc_session_options>?,
  _ session: UnsafeMutablePointer<OpaquePointer?>?
) -> dlc_status {
  guard let program, let options = options?.pointee, let session else { return nullArgument() }
  let opened = reference(program, to: Program.self)
  do throws(Fault) {
    let memory = try dlc_memory.of(options.allocator, else: opened.memory)
    session.pointee = try allocating(from: memory) { () throws(Fault) in
      retained(Session(opened, try SessionMemory(opened, options)))
    }
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

@c @implementation
public func dlc_session_carry(_ session: OpaquePointer?, _ output: UInt32, _ input: UInt32) -> dlc_status {
  guard let session else { return nullArgument() }
  do throws(Fault) {
    try reference(session, to: Session.self).carry(output: output == .max ? nil : Int(output), input: Int(input))
    return DLC_OK
  } catch { return error.status }
}

@c @implementation
public func dlc_session_cancel(_ session: OpaquePointer?) {
  if let session { reference(session, to: Session.self).cancel() }
}

@c @implementation
public func dlc_session_observe(
  _ session: OpaquePointer?, _ observer: dlc_observer?, _ context: UnsafeMutableRawPointer?
) -> dlc_status {
  guard let session else { return nullArgument() }
  do throws(Fault) {
    try reference(session, to: Session.self).observe(observer, context: context)
    return DLC_OK
  } catch { return error.status }
}
