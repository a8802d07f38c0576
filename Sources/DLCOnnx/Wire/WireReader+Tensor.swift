import COnnxProto
import DLCTensor

extension WireReader {
  mutating func tensor(_ message: Onnx__TensorProto) throws(OnnxError) -> OnnxTensor {
    OnnxTensor(
      name: Self.text(message.name),
      elementTypeCode: message.has_data_type != 0 ? Int(message.data_type) : 0,
      dims: Self.numbers(message.dims, message.n_dims).map { Int($0) },
      payload: try payload(message),
      isSegment: message.segment != nil,
      source: source,
      path: path)
  }

  private mutating func payload(_ message: Onnx__TensorProto) throws(OnnxError) -> OnnxTensor.Payload {
    switch message.has_data_location != 0 ? message.data_location : 0 {
    case 0:
      let runs = runs(of: message)
      if !runs.isEmpty { return .runs(runs) }
      let strings = Self.numbers(message.string_data, message.n_string_data)
      return strings.isEmpty ? .absent : .strings(strings.map(Self.bytes))
    case 1:
      let entries = Self.dictionary(message.external_data, message.n_external_data)
      guard let path = entries["location"], !path.isEmpty else {
        throw .invalid(place, expected: "external data with a location", found: "none")
      }
      return .external(
        OnnxExternalLocation(
          path: path, offset: try byteCount(entries["offset"], key: "offset") ?? 0,
          length: try byteCount(entries["length"], key: "length")))
    case let other:
      throw .invalid(place, expected: "data_location 0 or 1", found: "\(other)")
    }
  }

  private func byteCount(_ text: String?, key: String) throws(OnnxError) -> Int? {
    guard let text else { return nil }
    guard let value = Int(text), value >= 0 else {
      throw .invalid(place, expected: "a number of bytes as external \(key)", found: "\"\(text)\"")
    }
    return value
  }

  mutating func sparseTensor(_ message: Onnx__SparseTensorProto) throws(OnnxError) -> OnnxSparseTensor {
    guard let values = message.values, let indices = message.indices else {
      throw .invalid(place, expected: "a sparse tensor with values and indices", found: "one without")
    }
    return OnnxSparseTensor(
      values: try read("values", values) { (reader, tensor) throws(OnnxError) in try reader.tensor(tensor) },
      indices: try read("indices", indices) { (reader, tensor) throws(OnnxError) in try reader.tensor(tensor) },
      dims: Self.numbers(message.dims, message.n_dims).map { Int($0) })
  }

  mutating func valueInfos(
    _ field: StaticString, _ messages: UnsafeMutablePointer<UnsafeMutablePointer<Onnx__ValueInfoProto>?>?, _ count: Int
  ) throws(OnnxError) -> [OnnxValueInfo] {
    try readAll(field, messages, count) { (reader, info) throws(OnnxError) in
      guard let type = info.type else { return OnnxValueInfo(name: Self.text(info.name), type: .unspecified) }
      return OnnxValueInfo(
        name: Self.text(info.name),
        type: try reader.read("type", type) { (reader, type) throws(OnnxError) in try reader.type(type) })
    }
  }

  mutating func type(_ message: Onnx__TypeProto) throws(OnnxError) -> OnnxType {
    switch message.value_case {
    case ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE:
      guard let tensor = message.tensor_type else { return .unspecified }
      return try read("tensor_type", tensor) { (reader, tensor) throws(OnnxError) in try reader.tensorType(tensor) }
    case ONNX__TYPE_PROTO__VALUE_SEQUENCE_TYPE: return .unsupported(.sequence)
    case ONNX__TYPE_PROTO__VALUE_OPTIONAL_TYPE: return .unsupported(.optional)
    case ONNX__TYPE_PROTO__VALUE_MAP_TYPE: return .unsupported(.map)
    case ONNX__TYPE_PROTO__VALUE_SPARSE_TENSOR_TYPE: return .unsupported(.sparseTensor)
    case ONNX__TYPE_PROTO__VALUE_OPAQUE_TYPE: return .unsupported(.opaque)
    default: return .unspecified
    }
  }

  private mutating func tensorType(_ message: Onnx__TensorTypeProto) throws(OnnxError) -> OnnxType {
    let code = message.has_elem_type != 0 ? Int(message.elem_type) : 0
    guard let shape = message.shape else { return .tensor(elementTypeCode: code, shape: nil) }
    let dimensions = try read("shape", shape) { (reader, shape) throws(OnnxError) in
      try reader.readAll("dim", shape.dim, shape.n_dim) { (reader, dimension) throws(OnnxError) in
        try reader.dimension(dimension)
      }
    }
    return .tensor(elementTypeCode: code, shape: dimensions)
  }

  /// Negative extents and empty names are how some exporters say "unknown".
  private func dimension(_ message: Onnx__DimensionProto) throws(OnnxError) -> Dimension {
    switch message.value_case {
    case ONNX__DIMENSION_PROTO__VALUE_DIM_VALUE:
      let extent = Int(message.dim_value)
      guard extent <= Int(Int32.max) else {
        throw .invalid(place, expected: "an extent below 2^31", found: "\(extent)")
      }
      return extent < 0 ? .unknown : .fixed(extent)
    case ONNX__DIMENSION_PROTO__VALUE_DIM_PARAM:
      let name = Self.text(message.dim_param)
      return name.isEmpty ? .unknown : .symbol(name)
    default:
      return .unknown
    }
  }
}
