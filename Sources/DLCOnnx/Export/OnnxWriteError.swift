/// Why a graph cannot be written as ONNX.
package enum OnnxWriteError: Error, Sendable, Hashable {
  /// An operator has no spelling in ONNX.
  case unsupported(node: String, op: String, reason: String)
  /// The weights do not fit one file of the format.
  case tooLarge(bytes: Int)
  /// The file cannot be written.
  case cannotWrite(path: String, reason: String)
  /// The graph has a cycle: a fault of ours.
  case malformed(String)
}

extension OnnxWriteError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .unsupported(let node, let op, let reason): "\(op) '\(node)' cannot be written as ONNX: \(reason)."
    case .tooLarge(let bytes): "an ONNX file holds less than 2 GiB, and the model takes \(bytes) bytes."
    case .cannotWrite(let path, let reason): "cannot write '\(path)': \(reason)."
    case .malformed(let reason): "internal fault: the graph to be written \(reason)."
    }
  }
}
