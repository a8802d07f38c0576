import COnnxProto

extension WireReader {
  mutating func attribute(_ message: Onnx__AttributeProto) throws(OnnxError) -> OnnxAttribute {
    let name = Self.text(message.name)
    let reference = Self.text(message.ref_attr_name)
    if !reference.isEmpty { return OnnxAttribute(name: name, value: .reference(reference)) }
    let type = message.has_type != 0 && message.type != 0 ? message.type : Self.impliedType(message)
    guard let value = try value(message, type: type) else {
      let found = type == 0 ? "attribute \"\(name)\" without a value" : "attribute \"\(name)\" of type \(type)"
      throw .invalid(place, expected: "a value of the attribute's type", found: found)
    }
    return OnnxAttribute(name: name, value: value)
  }

  /// The value that `type` announces; nil for a missing message or an unknown type. A number or text that is absent
  /// is 0 or empty: writers after proto3 leave those out.
  private mutating func value(
    _ message: Onnx__AttributeProto, type: Int32
  ) throws(OnnxError) -> OnnxAttributeValue? {
    switch type {
    case 1: return .float(message.has_f != 0 ? message.f : 0)
    case 2: return .int(message.has_i != 0 ? Int(message.i) : 0)
    case 3: return .string(message.has_s != 0 ? Self.bytes(message.s) : [])
    case 4:
      guard let tensor = message.t else { return nil }
      return .tensor(try read("t", tensor) { (reader, tensor) throws(OnnxError) in try reader.tensor(tensor) })
    case 5:
      guard let graph = message.g else { return nil }
      return .graph(try read("g", graph) { (reader, graph) throws(OnnxError) in try reader.graph(graph) })
    case 6: return .floats(Self.numbers(message.floats, message.n_floats))
    case 7: return .ints(Self.numbers(message.ints, message.n_ints).map { Int($0) })
    case 8: return .strings(Self.numbers(message.strings, message.n_strings).map(Self.bytes))
    case 9:
      return .tensors(
        try readAll("tensors", message.tensors, message.n_tensors) { (reader, tensor) throws(OnnxError) in
          try reader.tensor(tensor)
        })
    case 10:
      return .graphs(
        try readAll("graphs", message.graphs, message.n_graphs) { (reader, graph) throws(OnnxError) in
          try reader.graph(graph)
        })
    case 11:
      guard let tensor = message.sparse_tensor else { return nil }
      return .sparseTensor(
        try read("sparse_tensor", tensor) { (reader, tensor) throws(OnnxError) in try reader.sparseTensor(tensor) })
    case 12:
      return .sparseTensors(
        try readAll("sparse_tensors", message.sparse_tensors, message.n_sparse_tensors) {
          (reader, tensor) throws(OnnxError) in try reader.sparseTensor(tensor)
        })
    case 13:
      guard let type = message.tp else { return nil }
      return .type(try read("tp", type) { (reader, type) throws(OnnxError) in try reader.type(type) })
    case 14:
      return .types(
        try readAll("type_protos", message.type_protos, message.n_type_protos) { (reader, type) throws(OnnxError) in
          try reader.type(type)
        })
    default: return nil
    }
  }

  /// The type of an attribute of IR version 1, which names none: that of the field that is there; 0 for none.
  private static func impliedType(_ message: Onnx__AttributeProto) -> Int32 {
    if message.has_f != 0 { return 1 }
    if message.has_i != 0 { return 2 }
    if message.has_s != 0 { return 3 }
    if message.t != nil { return 4 }
    if message.g != nil { return 5 }
    if message.n_floats > 0 { return 6 }
    if message.n_ints > 0 { return 7 }
    if message.n_strings > 0 { return 8 }
    if message.n_tensors > 0 { return 9 }
    if message.n_graphs > 0 { return 10 }
    return 0
  }
}
