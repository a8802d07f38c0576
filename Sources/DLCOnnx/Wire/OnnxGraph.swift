/// A graph: of a model, or of an attribute such as the body of a loop.
package struct OnnxGraph: Sendable {
  package var name: String
  package var nodes: [OnnxNode]
  package var initializers: [OnnxTensor]
  package var sparseInitializers: [OnnxSparseTensor]
  /// Inputs; up to IR version 3 initializers stand here too.
  package var inputs: [OnnxValueInfo]
  package var outputs: [OnnxValueInfo]
  /// Types that the exporter knew of values inside the graph.
  package var valueInfos: [OnnxValueInfo]
}

/// One application of an operator.
package struct OnnxNode: Sendable {
  package var opType: String
  /// Operator domain; the standard domain is "", also where the file says `ai.onnx`.
  package var domain: String
  package var overload: String
  package var name: String
  /// Names of values; "" stands for an omitted optional one.
  package var inputs: [String]
  package var outputs: [String]
  package var attributes: [OnnxAttribute]
}

/// A named parameter of a node.
package struct OnnxAttribute: Sendable {
  package var name: String
  package var value: OnnxAttributeValue
}

/// What an attribute holds.
package enum OnnxAttributeValue: Sendable {
  case int(Int)
  case float(Float)
  /// Usually UTF-8, but the format promises bytes only.
  case string([UInt8])
  indirect case tensor(OnnxTensor)
  indirect case graph(OnnxGraph)
  indirect case sparseTensor(OnnxSparseTensor)
  case type(OnnxType)
  case ints([Int])
  case floats([Float])
  case strings([[UInt8]])
  case tensors([OnnxTensor])
  case graphs([OnnxGraph])
  case sparseTensors([OnnxSparseTensor])
  case types([OnnxType])
  /// The attribute of that name of the function that holds the node.
  case reference(String)

  /// The kind as messages name it.
  package var kind: String {
    switch self {
    case .int: "int"
    case .float: "float"
    case .string: "string"
    case .tensor: "tensor"
    case .graph: "graph"
    case .sparseTensor: "sparse tensor"
    case .type: "type"
    case .ints: "ints"
    case .floats: "floats"
    case .strings: "strings"
    case .tensors: "tensors"
    case .graphs: "graphs"
    case .sparseTensors: "sparse tensors"
    case .types: "types"
    case .reference: "reference"
    }
  }
}
