import CDLCPlanBuilder
import DLCGraph
import DLCTensor

/// A graph turned into a plan: tables made, weights ready to be written.
package struct PlanWriter {
  package private(set) var report: PlanReport
  private var head: [UInt8]
  private var tables: PlanTables
  private let name: String
  private let inputs: [PlanTables.Port]
  private let outputs: [PlanTables.Port]
  private var options: PlanOptions
  private var weights: WeightsTable { tables.weights }

  /// Lowers `graph`, assigns memory and makes the tables.
  package init(_ graph: Graph, options: PlanOptions) throws(PlanError) {
    let schedule = try Schedule(
      graph, keepIntermediates: options.keepIntermediates, channelScales: options.channelScales)
    let memory = try MemoryPlan(schedule)
    var tables = PlanTables(memory, quantizations: schedule.slots.quantizations)
    for step in schedule.steps { try tables.add(step) }
    inputs = try graph.inputs.indices.map { (k: Int) throws(PlanError) in
      PlanTables.Port(
        name: graph.inputs[k].name, tensor: try tables.portTensor(schedule.inputs[k], schedule),
        declared: graph.inputs[k].declared)
    }
    outputs = try schedule.outputs.indices.map { (k: Int) throws(PlanError) in
      PlanTables.Port(
        name: schedule.outputPorts[k].name, tensor: try tables.portTensor(schedule.outputs[k], schedule),
        declared: schedule.outputPorts[k].declared)
    }
    name = graph.name
    head = try tables.encode(name: name, inputs: inputs, outputs: outputs, options: options)
    self.tables = tables
    self.options = options
    report = PlanReport(
      arenaBytes: memory.arenaBytes, arenaLowerBoundBytes: memory.lowerBoundBytes,
      weightsBytes: tables.weights.byteCount,
      planBytes: head.count + tables.weights.byteCount, macs: tables.macs, scratchBytes: tables.scratchBytes,
      stackBytes: tables.stackBytes, steps: schedule.steps.count,
      buffers: memory.buffers.map { .init(name: $0.name, offset: $0.offset, bytes: $0.bytes, steps: $0.steps) })
  }

  /// Adds what only the finished plan can tell of itself.
  package mutating func add(_ contract: PlanContract) throws(PlanError) {
    options.contract = contract
    head = try tables.encode(name: name, inputs: inputs, outputs: outputs, options: options)
    report.planBytes = head.count + weights.byteCount
  }

  /// Writes the plan under a temporary name and renames it.
  package func write(to path: String) throws(PlanError) {
    guard let file = dlc_plan_file_create(path) else { throw .cannotWrite(path: path, code: dlc_plan_file_error()) }
    do {
      try append(to: file, path)
    } catch {
      _ = dlc_plan_file_close(file, 0)
      throw error
    }
    let code = dlc_plan_file_close(file, 1)
    if code != 0 { throw .cannotWrite(path: path, code: code) }
  }

  private func append(to file: OpaquePointer, _ path: String) throws(PlanError) {
    func sink(_ bytes: UnsafeRawBufferPointer) throws(PlanError) {
      guard let base = bytes.baseAddress, bytes.count > 0 else { return }
      let code = dlc_plan_file_append(file, base, bytes.count)
      if code != 0 { throw .cannotWrite(path: path, code: code) }
    }
    try head.span.withUnsafeBytes { (bytes: UnsafeRawBufferPointer) throws(PlanError) in try sink(bytes) }
    try weights.write(to: sink)
  }

  /// The plan as one block of memory at a multiple of 64, for running without a file; the caller frees it.
  package func bytes() -> UnsafeMutableRawBufferPointer {
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: report.planBytes, alignment: 64)
    head.withUnsafeBytes { memory.copyMemory(from: $0) }
    var position = head.count
    weights.write { (bytes: UnsafeRawBufferPointer) in
      UnsafeMutableRawBufferPointer(rebasing: memory[position...]).copyMemory(from: bytes)
      position += bytes.count
    }
    return memory
  }
}
