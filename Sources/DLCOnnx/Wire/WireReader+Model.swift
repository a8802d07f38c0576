import COnnxProto

extension WireReader {
  mutating func model(_ message: Onnx__ModelProto) throws(OnnxError) -> OnnxModel {
    guard let graph = message.graph else {
      throw .invalid(place, expected: "an ONNX model with a graph", found: "a message without one")
    }
    return OnnxModel(
      irVersion: message.has_ir_version != 0 ? Int(message.ir_version) : 0,
      opsets: try opsets(message.opset_import, message.n_opset_import),
      producerName: Self.text(message.producer_name),
      producerVersion: Self.text(message.producer_version),
      domain: Self.text(message.domain),
      modelVersion: message.has_model_version != 0 ? Int(message.model_version) : 0,
      graph: try read("graph", graph) { (reader, graph) throws(OnnxError) in try reader.graph(graph) },
      functions: try readAll("functions", message.functions, message.n_functions) {
        (reader, function) throws(OnnxError) in try reader.function(function)
      },
      metadata: Self.dictionary(message.metadata_props, message.n_metadata_props),
      trainingInfo: try readAll("training_info", message.training_info, message.n_training_info) {
        (reader, info) throws(OnnxError) in try reader.trainingInfo(info)
      },
      source: source)
  }

  mutating func graph(_ message: Onnx__GraphProto) throws(OnnxError) -> OnnxGraph {
    OnnxGraph(
      name: Self.text(message.name),
      nodes: try nodes(message.node, message.n_node),
      initializers: try readAll("initializer", message.initializer, message.n_initializer) {
        (reader, tensor) throws(OnnxError) in try reader.tensor(tensor)
      },
      sparseInitializers: try readAll(
        "sparse_initializer", message.sparse_initializer, message.n_sparse_initializer
      ) { (reader, tensor) throws(OnnxError) in try reader.sparseTensor(tensor) },
      inputs: try valueInfos("input", message.input, message.n_input),
      outputs: try valueInfos("output", message.output, message.n_output),
      valueInfos: try valueInfos("value_info", message.value_info, message.n_value_info))
  }

  private mutating func nodes(
    _ messages: UnsafeMutablePointer<UnsafeMutablePointer<Onnx__NodeProto>?>?, _ count: Int
  ) throws(OnnxError) -> [OnnxNode] {
    try readAll("node", messages, count) { (reader, node) throws(OnnxError) in try reader.node(node) }
  }

  private mutating func node(_ message: Onnx__NodeProto) throws(OnnxError) -> OnnxNode {
    OnnxNode(
      opType: Self.text(message.op_type),
      domain: Self.domain(message.domain),
      overload: Self.text(message.overload),
      name: Self.text(message.name),
      inputs: Self.texts(message.input, message.n_input),
      outputs: Self.texts(message.output, message.n_output),
      attributes: try attributes("attribute", message.attribute, message.n_attribute))
  }

  private mutating func attributes(
    _ field: StaticString, _ messages: UnsafeMutablePointer<UnsafeMutablePointer<Onnx__AttributeProto>?>?, _ count: Int
  ) throws(OnnxError) -> [OnnxAttribute] {
    try readAll(field, messages, count) { (reader, attribute) throws(OnnxError) in try reader.attribute(attribute) }
  }

  private mutating func function(_ message: Onnx__FunctionProto) throws(OnnxError) -> OnnxFunction {
    OnnxFunction(
      name: Self.text(message.name),
      domain: Self.domain(message.domain),
      overload: Self.text(message.overload),
      inputs: Self.texts(message.input, message.n_input),
      outputs: Self.texts(message.output, message.n_output),
      requiredAttributes: Self.texts(message.attribute, message.n_attribute),
      defaultedAttributes: try attributes("attribute_proto", message.attribute_proto, message.n_attribute_proto),
      nodes: try nodes(message.node, message.n_node),
      opsets: try opsets(message.opset_import, message.n_opset_import),
      valueInfos: try valueInfos("value_info", message.value_info, message.n_value_info))
  }

  private mutating func trainingInfo(_ message: Onnx__TrainingInfoProto) throws(OnnxError) -> OnnxTrainingInfo {
    var info = OnnxTrainingInfo(
      initializationBindings: Self.dictionary(message.initialization_binding, message.n_initialization_binding),
      updateBindings: Self.dictionary(message.update_binding, message.n_update_binding))
    if let graph = message.initialization {
      info.initialization = try read("initialization", graph) { (reader, graph) throws(OnnxError) in
        try reader.graph(graph)
      }
    }
    if let graph = message.algorithm {
      info.algorithm = try read("algorithm", graph) { (reader, graph) throws(OnnxError) in try reader.graph(graph) }
    }
    return info
  }

  private mutating func opsets(
    _ messages: UnsafeMutablePointer<UnsafeMutablePointer<Onnx__OperatorSetIdProto>?>?, _ count: Int
  ) throws(OnnxError) -> [String: Int] {
    let entries = try readAll("opset_import", messages, count) { (_, entry) in
      (domain: Self.domain(entry.domain), version: Int(entry.version))
    }
    var result: [String: Int] = [:]
    for entry in entries {
      if let other = result.updateValue(entry.version, forKey: entry.domain), other != entry.version {
        throw .invalid(
          place, expected: "one operator set for domain \"\(entry.domain)\"",
          found: "versions \(other) and \(entry.version)")
      }
    }
    return result
  }

  static func dictionary(
    _ messages: UnsafeMutablePointer<UnsafeMutablePointer<Onnx__StringStringEntryProto>?>?, _ count: Int
  ) -> [String: String] {
    var result: [String: String] = [:]
    for index in 0..<count {
      if let entry = messages?[index]?.pointee { result[text(entry.key)] = text(entry.value) }
    }
    return result
  }
}
