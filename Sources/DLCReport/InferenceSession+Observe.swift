import CDLC
import DLCRuntime
import DLCTensor

extension InferenceSession {
  /// Runs on `inputs` and gives what each step wrote that stands for real numbers: f32, and integers with a scale.
  package func observe(_ inputs: [Tensor]) throws -> [ObservedTensor] {
    try fill(inputs)
    let collected = Collected()
    try observe(
      { context, event in
        guard let context, let event = event?.pointee else { return }
        Unmanaged<Collected>.fromOpaque(context).takeUnretainedValue().add(event)
      }, context: Unmanaged.passUnretained(collected).toOpaque())
    // Ending it asks for no memory.
    defer { try? observe(nil, context: nil) }
    try run()
    return collected.tensors
  }
}

/// The tensors of one run, in the order of steps.
private final class Collected {
  var tensors: [ObservedTensor] = []

  func add(_ event: dlc_step_event) {
    for index in 0..<Int(event.output_count) {
      let view = event.outputs[index]
      guard let data = view.data, let element = ElementType(rawValue: UInt8(clamping: view.element)),
        element == .float32 || view.quantization.count > 0
      else { continue }
      let dims = withUnsafeBytes(of: view.dims) {
        Array($0.bindMemory(to: Int32.self)).prefix(Int(view.rank)).map(Int.init)
      }
      let row = dims.last ?? 1
      let rows = dims.dropLast().reduce(1, *)
      // The runtime has checked that rows and pitch stay inside the tensor's memory, which lives during the call.
      var values: [Float] = []
      values.reserveCapacity(row * rows)
      for r in 0..<rows {
        let start = data + r * view.pitch * element.size
        for k in 0..<row {
          guard let value = Self.real(start, k, element, view.quantization, position: (k, row)) else { return }
          values.append(value)
        }
      }
      tensors.append(
        ObservedTensor(
          name: String(cString: event.name), kernel: String(cString: event.kernel), dims: dims, values: values,
          grid: ObservedTensor.Grid(element, view.quantization)))
    }
  }

  private static func real(
    _ row: UnsafeRawPointer, _ k: Int, _ element: ElementType, _ quantization: dlc_quantization,
    position: (column: Int, length: Int)
  ) -> Float? {
    let q: Int32
    switch element {
    case .float32: return row.load(fromByteOffset: 4 * k, as: Float.self)
    case .uint8: q = Int32(row.load(fromByteOffset: k, as: UInt8.self))
    case .int8: q = Int32(row.load(fromByteOffset: k, as: Int8.self))
    case .int16: q = Int32(row.load(fromByteOffset: 2 * k, as: Int16.self))
    case .uint16: q = Int32(row.load(fromByteOffset: 2 * k, as: UInt16.self))
    case .int32, .int64, .bool, .float16, .float64, .bfloat16, .uint32, .uint64: return nil
    }
    // One scale, or one for each element of a row: channels stand last.
    guard quantization.count == 1 || quantization.count == position.length else { return nil }
    let index = quantization.count == 1 ? 0 : position.column
    return Float(Int64(q) - Int64(quantization.zeros?[index] ?? 0)) * quantization.scales[index]
  }
}

extension ObservedTensor.Grid {
  /// The grid of integers of `element`; nil for floats.
  fileprivate init?(_ element: ElementType, _ quantization: dlc_quantization) {
    guard element != .float32, quantization.count > 0 else { return nil }
    let scales = (0..<Int(quantization.count)).map { quantization.scales[$0] }
    let parameters = QuantizationParameters(element, scale: 1, zeroPoint: quantization.zeros?[0] ?? 0)
    let range = parameters.realRange()
    self.init(steps: scales, low: Float(range.lowerBound), high: Float(range.upperBound))
  }
}
