import COnnxProto

/// A tensor of a file: its type, and where its elements lie.
package struct OnnxTensor: Sendable {
  package var name: String
  /// ONNX `TensorProto.DataType`, unchecked.
  package var elementTypeCode: Int
  /// Extents as written, unchecked.
  package var dims: [Int]
  package var payload: Payload
  /// Whether this is a part of a larger tensor (`segment`).
  package var isSegment: Bool
  /// The file that holds the tensor.
  package var source: OnnxSource
  /// The message in the file, such as `graph.initializer[3]`.
  package var path: String

  /// The elements of a tensor.
  package enum Payload: Sendable, Hashable {
    /// None; right for an empty tensor only.
    case absent
    /// Runs inside the file, in order.
    case runs([OnnxPayloadRun])
    /// Elements of a tensor of strings.
    case strings([[UInt8]])
    /// Bytes in another file.
    case external(OnnxExternalLocation)
  }

  /// The place that messages about this tensor name.
  package var place: OnnxPlace {
    OnnxPlace(file: source.file.path, path: name.isEmpty ? path : "\(path) (\(name))")
  }
}

/// A run of a tensor's elements inside its file, checked by the pre-scan.
package struct OnnxPayloadRun: Sendable, Hashable {
  /// The field of `TensorProto` that holds the elements.
  package enum Field: Int, Sendable, Hashable {
    case floatData = 4
    case int32Data = 5
    case int64Data = 7
    case rawData = 9
    case doubleData = 10
    case uint64Data = 11

    /// The name in the ONNX specification.
    var name: String {
      switch self {
      case .floatData: "float_data"
      case .int32Data: "int32_data"
      case .int64Data: "int64_data"
      case .rawData: "raw_data"
      case .doubleData: "double_data"
      case .uint64Data: "uint64_data"
      }
    }
  }

  package var field: Field
  /// Whether every element follows a tag of its own.
  package var isTagged: Bool
  /// Bytes from the start of the file.
  package var offset: Int
  /// Bytes.
  package var length: Int
  /// Elements; bytes for `rawData`.
  package var count: Int

  init?(_ payload: dlc_wire_payload) {
    guard let field = Field(rawValue: Int(payload.field)) else { return nil }
    self.field = field
    isTagged = payload.form == DLC_WIRE_TAGGED_RUN.rawValue
    offset = Int(payload.offset)
    length = Int(payload.length)
    count = Int(payload.count)
  }
}

/// Where a tensor's bytes lie outside the model's file, as written there.
package struct OnnxExternalLocation: Sendable, Hashable {
  /// Path relative to the folder of the model.
  package var path: String
  /// Bytes from the start of that file.
  package var offset: Int
  /// Bytes; nil for as many as the tensor needs.
  package var length: Int?
}

/// A tensor that names only its elements other than 0.
package struct OnnxSparseTensor: Sendable {
  /// Elements, `[n]`; its name is the sparse tensor's.
  package var values: OnnxTensor
  /// Where they stand, int64: `[n]` counts in row-major order, `[n, rank]` coordinates.
  package var indices: OnnxTensor
  /// Extents of the whole, unchecked.
  package var dims: [Int]
}
