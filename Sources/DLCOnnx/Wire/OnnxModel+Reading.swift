import COnnxProto

extension OnnxModel {
  /// Reads the model in the file at `path` without copying its weights.
  package init(path: String) throws(OnnxError) {
    try self.init(file: MappedFile(path: path))
  }

  /// Reads the model that `file` holds.
  package init(file: MappedFile) throws(OnnxError) {
    self = try WireReader.model(OnnxSource(file: file))
  }
}

extension OnnxTensor {
  /// Reads the single tensor (`.pb` of test data) in the file at `path`.
  package init(path: String) throws(OnnxError) {
    try self.init(file: MappedFile(path: path))
  }

  /// Reads the single tensor that `file` holds. A file of a sequence or an optional value is refused by that name.
  package init(file: MappedFile) throws(OnnxError) {
    let fields = dlc_wire_top_fields(file.bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), file.bytes.count)
    guard !Self.isContainer(fields) else {
      throw .unsupported(
        OnnxPlace(file: file.path), found: "a sequence, an optional value or a part of a tensor",
        advice: "Give a file that holds one whole tensor.")
    }
    self = try WireReader.tensor(OnnxSource(file: file))
  }

  /// Files do not say which message they hold. Field 3 is a tensor's segment, or the tensors of a sequence or optional;
  /// field 1 with a length is a tensor's packed extents, or the name of a container, which has no payload (4 ... 11, 13).
  private static func isContainer(_ fields: dlc_wire_fields) -> Bool {
    if fields.delimited & 1 << 3 != 0 { return true }
    let tensorFields: UInt64 = 0b10_1111_1111_0000
    return fields.delimited & 1 << 1 != 0 && (fields.delimited | fields.plain) & tensorFields == 0
  }
}
