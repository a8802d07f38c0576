import COnnxProto
import DLCTensor

/// The protobuf messages of a model file. All memory is freed with this object; tensors are read where they lie.
final class OnnxMessages {
  private var blocks: [UnsafeMutableRawPointer] = []
  /// Keeps the bytes alive that messages point to.
  private var tensors: [Tensor] = []

  private init() {}

  deinit { for block in blocks { block.deallocate() } }

  /// The serialized file.
  static func bytes(of contents: OnnxFileContents) throws(OnnxWriteError) -> [UInt8] {
    let weights = contents.initializers.reduce(0) { $0 + $1.tensor.type.byteCount }
    // Protobuf counts sizes in 31 bits.
    guard weights < Int(Int32.max) else { throw .tooLarge(bytes: weights) }
    let messages = OnnxMessages()
    let model = messages.model(contents)
    let size = onnx__model_proto__get_packed_size(model)
    guard size < Int(Int32.max) else { throw .tooLarge(bytes: size) }
    return withExtendedLifetime(messages) {
      [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
        count = buffer.baseAddress.map { onnx__model_proto__pack(model, $0) } ?? 0
      }
    }
  }

  /// A copy of `message` that lives as long as this object.
  private func keep<T>(_ message: T) -> UnsafeMutablePointer<T> {
    let pointer = UnsafeMutablePointer<T>.allocate(capacity: 1)
    pointer.initialize(to: message)
    blocks.append(UnsafeMutableRawPointer(pointer))
    return pointer
  }

  private func keep<T>(list: [T]) -> UnsafeMutablePointer<T>? {
    if list.isEmpty { return nil }
    let pointer = UnsafeMutablePointer<T>.allocate(capacity: list.count)
    pointer.initialize(from: list, count: list.count)
    blocks.append(UnsafeMutableRawPointer(pointer))
    return pointer
  }

  private func keep(text: String) -> UnsafeMutablePointer<CChar>? {
    keep(list: text.utf8.filter { $0 != 0 }.map { CChar(bitPattern: $0) } + [0])
  }

  private func model(_ contents: OnnxFileContents) -> UnsafeMutablePointer<Onnx__ModelProto> {
    var opset = Onnx__OperatorSetIdProto()
    onnx__operator_set_id_proto__init(&opset)
    opset.domain = keep(text: "")
    (opset.has_version, opset.version) = (1, Int64(contents.opset))
    var model = Onnx__ModelProto()
    onnx__model_proto__init(&model)
    (model.has_ir_version, model.ir_version) = (1, Self.irVersion(opset: contents.opset))
    model.producer_name = keep(text: "dlc")
    model.graph = keep(graph(contents))
    (model.n_opset_import, model.opset_import) = (1, keep(list: [keep(opset)]))
    (model.n_metadata_props, model.metadata_props) = (
      contents.metadata.count, keep(list: contents.metadata.map { keep(entry($0.key, $0.value)) })
    )
    return keep(model)
  }

  private func entry(_ key: String, _ value: String) -> Onnx__StringStringEntryProto {
    var entry = Onnx__StringStringEntryProto()
    onnx__string_string_entry_proto__init(&entry)
    (entry.key, entry.value) = (keep(text: key), keep(text: value))
    return entry
  }

  /// The IR version that came with an opset (ONNX Versioning).
  private static func irVersion(opset: Int) -> Int64 {
    switch opset {
    case ...18: 8
    case ...20: 9
    case ...22: 10
    case 23: 11
    case 24: 12
    default: 13
    }
  }

  private func graph(_ contents: OnnxFileContents) -> Onnx__GraphProto {
    var graph = Onnx__GraphProto()
    onnx__graph_proto__init(&graph)
    graph.name = keep(text: contents.name)
    (graph.n_node, graph.node) = (contents.nodes.count, keep(list: contents.nodes.map { keep(node($0)) }))
    (graph.n_initializer, graph.initializer) = (
      contents.initializers.count, keep(list: contents.initializers.map { keep(tensor($0.tensor, name: $0.name)) })
    )
    (graph.n_input, graph.input) = (
      contents.inputs.count, keep(list: contents.inputs.map { keep(port($0.name, $0.type)) })
    )
    (graph.n_output, graph.output) = (
      contents.outputs.count, keep(list: contents.outputs.map { keep(port($0.name, $0.type)) })
    )
    return graph
  }

  private func node(_ node: OnnxNode) -> Onnx__NodeProto {
    var message = Onnx__NodeProto()
    onnx__node_proto__init(&message)
    (message.n_input, message.input) = (node.inputs.count, keep(list: node.inputs.map { keep(text: $0) }))
    (message.n_output, message.output) = (node.outputs.count, keep(list: node.outputs.map { keep(text: $0) }))
    message.name = keep(text: node.name)
    message.op_type = keep(text: node.opType)
    if !node.domain.isEmpty { message.domain = keep(text: node.domain) }
    (message.n_attribute, message.attribute) = (
      node.attributes.count, keep(list: node.attributes.map { keep(attribute($0)) })
    )
    return message
  }

  private func attribute(_ attribute: OnnxAttribute) -> Onnx__AttributeProto {
    var message = Onnx__AttributeProto()
    onnx__attribute_proto__init(&message)
    message.name = keep(text: attribute.name)
    message.has_type = 1
    switch attribute.value {
    case .float(let value):
      (message.has_f, message.f, message.type) = (1, value, 1)
    case .int(let value):
      (message.has_i, message.i, message.type) = (1, Int64(value), 2)
    case .string(let bytes):
      message.has_s = 1
      message.s = ProtobufCBinaryData(len: bytes.count, data: keep(list: bytes))
      message.type = 3
    case .floats(let values):
      (message.n_floats, message.floats, message.type) = (values.count, keep(list: values), 6)
    case .ints(let values):
      (message.n_ints, message.ints, message.type) = (values.count, keep(list: values.map { Int64($0) }), 7)
    case .tensor, .graph, .sparseTensor, .type, .strings, .tensors, .graphs, .sparseTensors, .types, .reference:
      preconditionFailure("spellings use numbers, text and lists of numbers")
    }
    return message
  }

  private func tensor(_ tensor: Tensor, name: String) -> Onnx__TensorProto {
    var message = Onnx__TensorProto()
    onnx__tensor_proto__init(&message)
    message.name = keep(text: name)
    (message.has_data_type, message.data_type) = (1, Int32(tensor.element.rawValue))
    let extents = tensor.shape.dimensions.map { Int64($0) }
    (message.n_dims, message.dims) = (extents.count, keep(list: extents))
    tensors.append(tensor)
    message.has_raw_data = 1
    // The bytes are those of the tensor's storage, which `tensors` retains; packing only reads them.
    message.raw_data = tensor.withBytes { bytes in
      ProtobufCBinaryData(
        len: bytes.count,
        data: bytes.baseAddress.map { UnsafeMutablePointer(mutating: $0.assumingMemoryBound(to: UInt8.self)) })
    }
    return message
  }

  private func port(_ name: String, _ type: TensorType) -> Onnx__ValueInfoProto {
    var shape = Onnx__TensorShapeProto()
    onnx__tensor_shape_proto__init(&shape)
    let dimensions = type.shape.dimensions.map { extent in
      var dimension = Onnx__DimensionProto()
      onnx__dimension_proto__init(&dimension)
      dimension.value_case = ONNX__DIMENSION_PROTO__VALUE_DIM_VALUE
      dimension.dim_value = Int64(extent)
      return keep(dimension)
    }
    (shape.n_dim, shape.dim) = (dimensions.count, keep(list: dimensions))
    var tensor = Onnx__TensorTypeProto()
    onnx__tensor_type_proto__init(&tensor)
    (tensor.has_elem_type, tensor.elem_type) = (1, Int32(type.element.rawValue))
    tensor.shape = keep(shape)
    var wrapped = Onnx__TypeProto()
    onnx__type_proto__init(&wrapped)
    wrapped.value_case = ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE
    wrapped.tensor_type = keep(tensor)
    var info = Onnx__ValueInfoProto()
    onnx__value_info_proto__init(&info)
    info.name = keep(text: name)
    info.type = keep(wrapped)
    return info
  }
}
