/// Why data could not be read or written.
package enum DataError: Error, Sendable, Equatable {
  /// The file or folder is not there or cannot be opened.
  case missing(path: String, reason: String)
  /// The file's content is not what its format promises.
  case malformed(path: String, reason: String)
  /// The file cannot be written.
  case unwritable(path: String, reason: String)
}

extension DataError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .missing(let path, let reason): "cannot open '\(path)': \(reason)"
    case .malformed(let path, let reason): "'\(path)' \(reason)"
    case .unwritable(let path, let reason): "cannot write '\(path)': \(reason)"
    }
  }
}
