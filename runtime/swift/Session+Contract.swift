import CDLC
import CDLCKernels
import CDLCPlan

/// A run on made-up inputs whose answers the plan carries: what proves on a device that it computes what the compiler measured.
extension Session {
  /// Elements of one output that a witness keeps.
  package static let mostWitnessElements = 64

  /// Runs the plan's witness and compares. Throws `DLC_ERROR_CONTRACT`. Inputs are zero afterwards.
  package func checkContract() throws(Fault) {
    let contract = program.contractEntry
    guard contract.present, contract.witnessed else {
      throw Fault(DLC_ERROR_CONTRACT, "the plan carries no answers to compare with: it is no quantized one")
    }
    try runWitness(
      seed: contract.seed, ranges: UnsafeBufferPointer(start: contract.ranges, count: Int(contract.range_count)))
    var position = 0
    for k in 0..<program.outputCount {
      let port = program.port(k, isOutput: true)
      guard let output = output(k), isWitness(port.element) else { continue }
      let count = witnessElements(port)
      guard count <= Int(contract.expected_count) - position, let expected = contract.expected else { throw unfit() }
      try compare(output, port, with: expected + position, count: count, tolerance: contract.tolerance)
      position += count
    }
    guard position == Int(contract.expected_count) else { throw unfit() }
  }

  /// Fills the inputs from the witness's generator (formats/plan.md) and runs. `ranges` holds pairs; none: -1 and 1.
  package func runWitness(seed: UInt64, ranges: UnsafeBufferPointer<Float>) throws(Fault) {
    guard ranges.count == 0 || ranges.count == 2 * program.inputCount else { throw unfit() }
    for k in 0..<program.inputCount where isBound(input: k) {
      throw Fault(DLC_ERROR_ARGUMENT, "input ").with(k).with(
        " is bound to the caller's memory, which is not written to")
    }
    defer { clearInputs() }
    var state = seed
    for k in 0..<program.inputCount {
      let (low, high) = ranges.count == 0 ? (-1, 1) : (ranges[2 * k], ranges[2 * k + 1])
      // Comparisons with NaN are false.
      guard low >= -16_777_216, high <= 16_777_216, low <= high, let memory = input(k) else { throw unfit() }
      fill(memory, program.port(k, isOutput: false), Double(low), Double(high), &state)
    }
    try run()
  }

  /// Calls `body` with the elements of the outputs that a witness keeps, in its order.
  package func forEachWitnessElement(_ body: (Float) -> Void) {
    for k in 0..<program.outputCount {
      let port = program.port(k, isOutput: true)
      guard let output = output(k), isWitness(port.element) else { continue }
      let (total, count) = (elements(port), witnessElements(port))
      for i in 0..<count { body(value(output, port.element, place(i, of: count, in: total))) }
    }
  }

  private func unfit() -> Fault { Fault(DLC_ERROR_CONTRACT, "the plan's contract does not fit its inputs and outputs") }

  private func clearInputs() {
    for k in 0..<program.inputCount where !isBound(input: k) {
      guard let memory = input(k) else { continue }
      memory.initializeMemory(as: UInt8.self, repeating: 0, count: program.port(k, isOutput: false).bytes)
    }
  }

  private func elements(_ port: dlc_port) -> Int {
    port.bytes / max(dlc_type_size(UInt8(truncatingIfNeeded: port.element)), 1)
  }

  private func witnessElements(_ port: dlc_port) -> Int { min(elements(port), Session.mostWitnessElements) }

  /// Where the witness's element `index` of `count` stands among `total`; in 64 bits also on 32-bit machines.
  private func place(_ index: Int, of count: Int, in total: Int) -> Int {
    Int(UInt64(index) * UInt64(total) / UInt64(count))
  }

  private func isWitness(_ element: Int32) -> Bool {
    switch UInt32(bitPattern: element) {
    case DLC_ELEMENT_FLOAT32.rawValue, DLC_ELEMENT_INT8.rawValue, DLC_ELEMENT_UINT8.rawValue,
      DLC_ELEMENT_INT16.rawValue, DLC_ELEMENT_UINT16.rawValue, DLC_ELEMENT_INT32.rawValue,
      DLC_ELEMENT_INT64.rawValue, DLC_ELEMENT_BOOL.rawValue:
      true
    default: false
    }
  }

  private func compare(
    _ output: UnsafeMutableRawPointer, _ port: dlc_port, with expected: UnsafePointer<Float>, count: Int,
    tolerance: Float
  ) throws(Fault) {
    let total = elements(port)
    var greatest: Float = 0
    for i in 0..<count where expected[i].magnitude > greatest && expected[i].isFinite {
      greatest = expected[i].magnitude
    }
    let allowed = port.element == Int32(bitPattern: DLC_ELEMENT_FLOAT32.rawValue) ? tolerance * greatest : 0
    for i in 0..<count {
      let found = value(output, port.element, place(i, of: count, in: total))
      let isEqual = found == expected[i] || (found != found && expected[i] != expected[i])
      if !isEqual, !((found - expected[i]).magnitude <= allowed) {
        throw Fault(DLC_ERROR_CONTRACT, "element ").with(place(i, of: count, in: total)).with(" of output '").with(
          port.name
        )
        .with("' is not what the plan's contract promises: this machine computes something else than the compiler's")
      }
    }
  }

  /// Element `index` of an output; its memory is aligned to its elements.
  private func value(_ memory: UnsafeMutableRawPointer, _ element: Int32, _ index: Int) -> Float {
    func load<T>(_: T.Type) -> T { memory.load(fromByteOffset: index * MemoryLayout<T>.stride, as: T.self) }
    return switch UInt32(bitPattern: element) {
    case DLC_ELEMENT_FLOAT32.rawValue: load(Float.self)
    case DLC_ELEMENT_INT8.rawValue: Float(load(Int8.self))
    case DLC_ELEMENT_INT16.rawValue: Float(load(Int16.self))
    case DLC_ELEMENT_UINT16.rawValue: Float(load(UInt16.self))
    case DLC_ELEMENT_INT32.rawValue: Float(load(Int32.self))
    case DLC_ELEMENT_INT64.rawValue: Float(load(Int64.self))
    default: Float(load(UInt8.self))
    }
  }

  private func fill(
    _ memory: UnsafeMutableRawPointer, _ port: dlc_port, _ low: Double, _ high: Double, _ state: inout UInt64
  ) {
    let (count, first) = (elements(port), floor(low))
    let extent = UInt64(floor(high) - first) + 1
    for index in 0..<count {
      let z = next(&state)
      let real = low + Double(z >> 11) * 0x1p-53 * (high - low)
      let integer = first + Int64(z % extent)
      func store<T>(_ value: T) {
        memory.storeBytes(of: value, toByteOffset: index * MemoryLayout<T>.stride, as: T.self)
      }
      switch UInt32(bitPattern: port.element) {
      case DLC_ELEMENT_FLOAT32.rawValue: store(Float(real))
      case DLC_ELEMENT_FLOAT64.rawValue: store(real)
      case DLC_ELEMENT_BFLOAT16.rawValue: store(UInt16(truncatingIfNeeded: Float(real).bitPattern >> 16))
      case DLC_ELEMENT_FLOAT16.rawValue: store(0x3C00 | UInt16(truncatingIfNeeded: z & 0x83FF))
      case DLC_ELEMENT_INT8.rawValue: store(Int8(clamping: integer))
      case DLC_ELEMENT_UINT8.rawValue: store(UInt8(clamping: integer))
      case DLC_ELEMENT_INT16.rawValue: store(Int16(clamping: integer))
      case DLC_ELEMENT_UINT16.rawValue: store(UInt16(clamping: integer))
      case DLC_ELEMENT_INT32.rawValue: store(Int32(clamping: integer))
      case DLC_ELEMENT_UINT32.rawValue: store(UInt32(clamping: integer))
      case DLC_ELEMENT_INT64.rawValue: store(integer)
      case DLC_ELEMENT_UINT64.rawValue: store(UInt64(clamping: integer))
      case DLC_ELEMENT_BOOL.rawValue: store(UInt8(truncatingIfNeeded: z & 1))
      default: return
      }
    }
  }

  /// The whole number below a bound of a witness; without the C library's function.
  private func floor(_ bound: Double) -> Int64 {
    let whole = Int64(bound)
    return Double(whole) > bound ? whole - 1 : whole
  }

  /// SplitMix64 (Steele, Lea, Flood, 2014).
  private func next(_ state: inout UInt64) -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
