import COnnxProto

/// Reads one message: pre-scan, protobuf-c over the slim copy, then values of Swift.
///
/// Pointers into protobuf-c's structs are sound here: it allocates every array with the count beside it, and the
/// pre-scan has bounded nesting, so that recursion is bounded too.
struct WireReader {
  /// A step of the path to the message being read.
  private struct Step {
    var name: StaticString
    var index: Int?
  }

  let source: OnnxSource
  private let payloads: [OnnxPayloadRun]
  private var steps: [Step] = []

  /// Reads the file as a model.
  static func model(_ source: OnnxSource) throws(OnnxError) -> OnnxModel {
    try scan(source, as: DLC_WIRE_MODEL) { (reader, slim) throws(OnnxError) in
      guard let message = onnx__model_proto__unpack(nil, slim.count, slim.baseAddress) else {
        throw .malformed(OnnxPlace(file: source.file.path), .noMemory)
      }
      defer { onnx__model_proto__free_unpacked(message, nil) }
      return try reader.model(message.pointee)
    }
  }

  /// Reads the file as a single tensor.
  static func tensor(_ source: OnnxSource) throws(OnnxError) -> OnnxTensor {
    try scan(source, as: DLC_WIRE_TENSOR) { (reader, slim) throws(OnnxError) in
      guard let message = onnx__tensor_proto__unpack(nil, slim.count, slim.baseAddress) else {
        throw .malformed(OnnxPlace(file: source.file.path), .noMemory)
      }
      defer { onnx__tensor_proto__free_unpacked(message, nil) }
      return try reader.tensor(message.pointee)
    }
  }

  private static func scan<R>(
    _ source: OnnxSource, as root: dlc_wire_root,
    _ body: (inout WireReader, UnsafeBufferPointer<UInt8>) throws(OnnxError) -> R
  ) throws(OnnxError) -> R {
    let bytes = source.file.bytes
    var result = dlc_wire_scan()
    dlc_wire_scan_bytes(bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), bytes.count, root, &result)
    defer { dlc_wire_release(&result) }
    if let fault = WireFault(result) {
      let path = withUnsafeBytes(of: result.fault_path) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
      throw .malformed(OnnxPlace(file: source.file.path, path: path, offset: Int(result.fault_offset)), fault)
    }
    let runs = UnsafeBufferPointer(start: result.payloads, count: result.payload_count).compactMap(OnnxPayloadRun.init)
    var reader = WireReader(source: source, payloads: runs)
    return try body(&reader, UnsafeBufferPointer(start: result.slim, count: result.slim_length))
  }

  private init(source: OnnxSource, payloads: [OnnxPayloadRun]) {
    self.source = source
    self.payloads = payloads
  }

  /// The path of the message being read.
  var path: String {
    steps.map { step in step.index.map { "\(step.name)[\($0)]" } ?? "\(step.name)" }.joined(separator: ".")
  }

  /// The place of the message being read.
  var place: OnnxPlace { OnnxPlace(file: source.file.path, path: path) }

  /// The runs that the pre-scan recorded for a tensor.
  func runs(of message: Onnx__TensorProto) -> [OnnxPayloadRun] {
    let first = Int(message.payload_first), count = Int(message.payload_count)
    precondition(first + count <= payloads.count, "the pre-scan numbers payloads as it records them")
    return Array(payloads[first..<first + count])
  }

  /// Reads the single message in the field `name`.
  mutating func read<Message, R>(
    _ name: StaticString, _ message: UnsafeMutablePointer<Message>,
    _ body: (inout WireReader, Message) throws(OnnxError) -> R
  ) throws(OnnxError) -> R {
    steps.append(Step(name: name, index: nil))
    defer { steps.removeLast() }
    return try body(&self, message.pointee)
  }

  /// Reads the `count` messages of the repeated field `name`.
  mutating func readAll<Message, R>(
    _ name: StaticString, _ messages: UnsafeMutablePointer<UnsafeMutablePointer<Message>?>?, _ count: Int,
    _ body: (inout WireReader, Message) throws(OnnxError) -> R
  ) throws(OnnxError) -> [R] {
    var result: [R] = []
    result.reserveCapacity(count)
    for index in 0..<count {
      guard let message = messages?[index] else { continue }
      steps.append(Step(name: name, index: index))
      defer { steps.removeLast() }
      result.append(try body(&self, message.pointee))
    }
    return result
  }

  /// A text field; "" when absent. The pre-scan has seen that it is UTF-8.
  static func text(_ characters: UnsafeMutablePointer<CChar>?) -> String {
    characters.map { String(cString: $0) } ?? ""
  }

  static func texts(_ strings: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?, _ count: Int) -> [String] {
    UnsafeBufferPointer(start: strings, count: strings == nil ? 0 : count).map(text)
  }

  static func bytes(_ data: ProtobufCBinaryData) -> [UInt8] {
    Array(UnsafeBufferPointer(start: data.data, count: data.data == nil ? 0 : data.len))
  }

  static func numbers<T>(_ values: UnsafeMutablePointer<T>?, _ count: Int) -> [T] {
    Array(UnsafeBufferPointer(start: values, count: values == nil ? 0 : count))
  }

  /// The domain with the two spellings of the standard one made equal.
  static func domain(_ characters: UnsafeMutablePointer<CChar>?) -> String {
    let name = text(characters)
    return name == "ai.onnx" ? "" : name
  }
}
