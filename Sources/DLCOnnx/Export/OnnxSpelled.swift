import DLCGraph
import DLCTensor

/// An operator that ONNX can say, alone or as a composition: its spellings stand beside one another, one file a family.
protocol OnnxSpelled: Operator {
  /// Writes the ONNX nodes that compute this operator and gives the names of its outputs, in order.
  func spell(_ n: inout NodeSpelling) throws(OnnxWriteError) -> [String]
}

/// The ONNX nodes of one node of a graph, as its operator spells them.
struct NodeSpelling {
  /// Names of the inputs.
  let inputs: [String]
  /// Types of the inputs and of the outputs.
  let inputTypes: [TensorType]
  let outputTypes: [TensorType]
  /// The node, as messages name it.
  let label: String
  /// The operator's mnemonic.
  let mnemonic: String
  /// Shared with the other nodes of the file.
  var file: OnnxFileContents
  /// The nodes written so far.
  private(set) var nodes: [OnnxNode] = []

  init(
    inputs: [String], inputTypes: [TensorType], outputTypes: [TensorType], label: String, mnemonic: String,
    file: consuming OnnxFileContents
  ) {
    self.inputs = inputs
    self.inputTypes = inputTypes
    self.outputTypes = outputTypes
    self.label = label
    self.mnemonic = mnemonic
    self.file = file
  }

  /// The opset that is being written.
  var opset: Int { file.opset }

  /// The element type of the first input.
  var element: ElementType { inputTypes[0].element }

  /// Says that the nodes mean what they should from opset `version` on.
  mutating func require(opset version: Int) { file.neededOpset = max(file.neededOpset, version) }

  /// An error about this node.
  func unsupported(_ reason: String) -> OnnxWriteError { .unsupported(node: label, op: mnemonic, reason: reason) }

  /// Throws unless channels come first, as ONNX has them.
  func requireChannelsFirst(_ channels: ChannelPlacement) throws(OnnxWriteError) {
    if channels == .last { throw unsupported("its channels stand last, and ONNX has them first") }
  }

  /// Writes a node of `outputs` results; "" stands for an omitted input.
  mutating func emit(
    _ op: String, _ inputs: [String], _ attributes: [(String, OnnxAttributeValue)] = [], outputs: Int
  ) -> [String] {
    let names = (0..<outputs).map { _ in file.freshName() }
    nodes.append(
      OnnxNode(
        opType: op, domain: "", overload: "", name: label, inputs: inputs, outputs: names,
        attributes: attributes.map { OnnxAttribute(name: $0, value: $1) }))
    return names
  }

  /// Writes a node of one result.
  mutating func emit(
    _ op: String, _ inputs: [String], _ attributes: [(String, OnnxAttributeValue)] = []
  ) -> String {
    emit(op, inputs, attributes, outputs: 1)[0]
  }

  /// A constant of the file.
  mutating func constant(_ tensor: Tensor) -> String { file.constant(tensor) }

  /// A vector of i64.
  mutating func integers(_ values: [Int]) -> String {
    constant(Tensor(values.map { Int64($0) }, shape: [values.count]))
  }

  /// A scalar.
  mutating func scalar(_ value: Double, _ element: ElementType) -> String {
    constant(Tensor(doubles: [value], type: TensorType(element, .scalar)))
  }

  /// Replaces the names of results in all nodes written so far.
  mutating func rename(_ names: [String: String]) {
    for k in nodes.indices {
      nodes[k].inputs = nodes[k].inputs.map { names[$0] ?? $0 }
      nodes[k].outputs = nodes[k].outputs.map { names[$0] ?? $0 }
    }
  }
}
