import Foundation
import Synchronization

/// The file of a model or tensor, and the files beside it that hold external data.
package final class OnnxSource: Sendable {
  package let file: MappedFile
  private let opened = Mutex<[String: MappedFile]>([:])

  package init(file: MappedFile) {
    self.file = file
  }

  /// The file at `path`, relative to the folder of the model, opened once. `place` names who asks.
  ///
  /// Refuses a path that is absolute, that climbs with `..`, or that a symbolic link leads out of the folder.
  package func externalFile(_ path: String, place: OnnxPlace) throws(OnnxError) -> MappedFile {
    let components = path.split(separator: "/", omittingEmptySubsequences: false)
    guard !path.isEmpty, !path.hasPrefix("/"), !path.utf8.contains(0), !components.contains("..") else {
      throw .invalid(place, expected: "external data inside the model's folder", found: "location \"\(path)\"")
    }
    let found = opened.withLock { $0[path] }
    if let found { return found }

    let parts = file.path.split(separator: "/", omittingEmptySubsequences: false).dropLast()
    let folder = parts.isEmpty ? "." : parts == [""] ? "/" : parts.joined(separator: "/")
    let wanted = folder == "/" ? "/" + path : folder + "/" + path
    guard let root = Self.resolved(folder), let target = Self.resolved(wanted) else { throw .missingFile(wanted) }
    guard target.hasPrefix(root == "/" ? root : root + "/") else {
      throw .invalid(place, expected: "external data inside the model's folder", found: "a link to \(target)")
    }
    let mapped = try MappedFile(path: target)
    opened.withLock { $0[path] = mapped }
    return mapped
  }

  /// Gives the memory of what was read of all files back to the system, until it is read again.
  package func releasePages() {
    file.releasePages()
    for other in opened.withLock({ Array($0.values) }) { other.releasePages() }
  }

  /// The absolute path without links; nil when nothing is there.
  private static func resolved(_ path: String) -> String? {
    guard let answer = realpath(path, nil) else { return nil }
    defer { free(answer) }
    return String(cString: answer)
  }
}
