/// Where in a file something is wrong.
package struct OnnxPlace: Sendable, Hashable {
  /// The file as the caller named it.
  package var file: String
  /// The message in the file, such as `graph.node[17].attribute[2].t`; empty for the file as a whole.
  package var path: String
  /// Bytes from the start of the file, where known.
  package var offset: Int?

  package init(file: String, path: String = "", offset: Int? = nil) {
    self.file = file
    self.path = path
    self.offset = offset
  }
}

extension OnnxPlace: CustomStringConvertible {
  package var description: String {
    let bytes = offset.map { " at byte \($0)" } ?? ""
    // The way into graphs nested hundreds deep has two ends that say where it is.
    let shown = path.count > 160 ? "\(path.prefix(60))...\(path.suffix(90))" : path
    return path.isEmpty && bytes.isEmpty ? file : "\(file): \(path.isEmpty ? "message" : shown)\(bytes)"
  }
}

/// Why an ONNX file, or a file it refers to, cannot be read.
package enum OnnxError: Error, Sendable, Hashable {
  /// No file of that name.
  case missingFile(String)
  /// A file that exists but cannot be mapped: a directory, a device, no permission.
  case unreadableFile(String, reason: String)
  /// Bytes that are no message of the format.
  case malformed(OnnxPlace, WireFault)
  /// A message that contradicts itself or the specification.
  case invalid(OnnxPlace, expected: String, found: String)
  /// A sound message that uses what dlc does not read.
  case unsupported(OnnxPlace, found: String, advice: String)

  /// Whether the input is absent or unreadable, rather than wrong.
  package var isMissingInput: Bool {
    switch self {
    case .missingFile, .unreadableFile: true
    case .malformed, .invalid, .unsupported: false
    }
  }
}

extension OnnxError {
  /// What is wrong, for messages that name the place themselves.
  var reason: String {
    switch self {
    case .missingFile(let file): "its data file '\(file)' does not exist"
    case .unreadableFile(let file, let reason): "its data file '\(file)' cannot be read, \(reason)"
    case .malformed(_, let fault): "\(fault)"
    case .invalid(_, let expected, let found): "expected \(expected), found \(found)"
    case .unsupported(_, let found, _): "\(found) is not supported"
    }
  }

  /// What to try, for messages that name the place themselves.
  var advice: String {
    switch self {
    case .missingFile: "Put it beside the model, where the exporter wrote it."
    case .unreadableFile: "Check its permissions."
    case .malformed(_, let fault): fault.advice
    case .invalid: "Export the model again."
    case .unsupported(_, _, let advice): advice
    }
  }
}

extension OnnxError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .missingFile(let file):
      "\(file): no such file. Check the path."
    case .unreadableFile(let file, let reason):
      "\(file): cannot be read, \(reason)."
    case .malformed(let place, let fault):
      "\(place): \(fault). \(fault.advice)"
    case .invalid(let place, let expected, let found):
      "\(place): expected \(expected), found \(found)."
    case .unsupported(let place, let found, let advice):
      "\(place): \(found) is not supported. \(advice)"
    }
  }
}
