import CDLC
import CDLCPlan

// What a plan carries of its making for whoever checks it, and the C functions that give it out.

extension Program {
  /// The accuracy contract as it stands in the plan; `present` says whether there is one.
  package var contractEntry: dlc_plan_contract {
    var entry = dlc_plan_contract()
    dlc_plan_read_contract(data, &entry)
    return entry
  }

  /// A figure of the contract; zeros when there is none of that index.
  package func metric(_ index: Int) -> dlc_metric {
    var entry = dlc_plan_metric()
    dlc_plan_read_metric(data, UInt32(truncatingIfNeeded: index), &entry)
    return dlc_metric(name: entry.name.bytes, value: entry.value, tolerance: entry.tolerance)
  }

  /// The certificate as it stands in the plan; `present` says whether there is one.
  package var certificateEntry: dlc_plan_certificate {
    var entry = dlc_plan_certificate()
    dlc_plan_read_certificate(data, &entry)
    return entry
  }

  /// The JSON text of the preprocessing; no bytes when the plan states none.
  package var preprocessingText: dlc_plan_text { dlc_plan_preprocessing(data) }
}

private func program(_ pointer: OpaquePointer) -> Program {
  Unmanaged<Program>.fromOpaque(UnsafeRawPointer(pointer)).takeUnretainedValue()
}

@c @implementation
public func dlc_program_contract(_ pointer: OpaquePointer?, _ contract: UnsafeMutablePointer<dlc_contract>?)
  -> dlc_status
{
  guard let pointer, let contract else { return Fault(DLC_ERROR_ARGUMENT, "an argument is a null pointer").status }
  let entry = program(pointer).contractEntry
  guard entry.present else {
    return Fault(DLC_ERROR_CONTRACT, "the plan carries no contract: it is no quantized one").status
  }
  contract.pointee = dlc_contract(
    metrics: entry.metrics, samples: entry.samples, data: entry.data.bytes, data_hash: entry.data_hash.bytes,
    witnessed: entry.witnessed ? 1 : 0, tolerance: entry.tolerance)
  return DLC_OK
}

@c @implementation
public func dlc_program_metric(
  _ pointer: OpaquePointer?, _ index: UInt32, _ metric: UnsafeMutablePointer<dlc_metric>?
) -> dlc_status {
  guard let pointer, let metric else { return Fault(DLC_ERROR_ARGUMENT, "an argument is a null pointer").status }
  let opened = program(pointer)
  guard index < opened.contractEntry.metrics else {
    return Fault(DLC_ERROR_ARGUMENT, "there is no metric ").with(Int(index)).status
  }
  metric.pointee = opened.metric(Int(index))
  return DLC_OK
}

@c @implementation
public func dlc_program_certificate(_ pointer: OpaquePointer?, _ certificate: UnsafeMutablePointer<dlc_certificate>?)
  -> dlc_status
{
  guard let pointer, let certificate else { return Fault(DLC_ERROR_ARGUMENT, "an argument is a null pointer").status }
  let opened = program(pointer)
  let entry = opened.certificateEntry
  guard entry.present else {
    return Fault(DLC_ERROR_VERSION, "the plan was made before plans carried certificates").status
  }
  certificate.pointee = dlc_certificate(
    plan_bytes: opened.byteCount, arena_bytes: Int(opened.header.arena_bytes),
    scratch_bytes: Int(clamping: entry.scratch_bytes), code_bytes: Int(clamping: entry.code_bytes),
    stack_bytes: entry.stack_bytes, macs: entry.macs)
  return DLC_OK
}

@c @implementation
public func dlc_program_preprocessing(_ pointer: OpaquePointer?) -> UnsafePointer<CChar>? {
  pointer.flatMap { program($0).preprocessingText.bytes }
}

@c @implementation
public func dlc_session_check_contract(_ pointer: OpaquePointer?) -> dlc_status {
  guard let pointer else { return Fault(DLC_ERROR_ARGUMENT, "an argument is a null pointer").status }
  do throws(Fault) {
    try Unmanaged<Session>.fromOpaque(UnsafeRawPointer(pointer)).takeUnretainedValue().checkContract()
    return DLC_OK
  } catch { return error.status }
}
