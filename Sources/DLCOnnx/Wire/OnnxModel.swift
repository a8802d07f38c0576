/// An ONNX model as its file says it: names and numbers, nothing resolved.
package struct OnnxModel: Sendable {
  /// Version of the ONNX file format (`IR_VERSION`), 0 when absent.
  package var irVersion: Int
  /// Operator set version by domain; the standard domain is "".
  package var opsets: [String: Int]
  package var producerName: String
  package var producerVersion: String
  /// Namespace of the model, in reverse-DNS style.
  package var domain: String
  package var modelVersion: Int
  package var graph: OnnxGraph
  package var functions: [OnnxFunction]
  /// Named texts that the exporter left; the last of equal keys counts.
  package var metadata: [String: String]
  package var trainingInfo: [OnnxTrainingInfo]
  /// The file that tensors point into, and the files beside it.
  package var source: OnnxSource
}

/// A function that a model defines: an operator written as nodes.
package struct OnnxFunction: Sendable {
  package var name: String
  /// Operator domain; the standard domain is "".
  package var domain: String
  package var overload: String
  package var inputs: [String]
  package var outputs: [String]
  /// Attributes that a caller must give.
  package var requiredAttributes: [String]
  /// Attributes with a default.
  package var defaultedAttributes: [OnnxAttribute]
  package var nodes: [OnnxNode]
  /// Operator set version by domain for the nodes.
  package var opsets: [String: Int]
  package var valueInfos: [OnnxValueInfo]
}

/// How a model that trains itself is initialized and stepped.
package struct OnnxTrainingInfo: Sendable {
  package var initialization: OnnxGraph?
  package var algorithm: OnnxGraph?
  /// State name to the output of `initialization` that sets it.
  package var initializationBindings: [String: String]
  /// State name to the output of `algorithm` that updates it.
  package var updateBindings: [String: String]
}
