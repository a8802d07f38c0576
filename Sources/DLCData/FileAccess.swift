import Foundation

/// Whole-file reading and atomic writing with `DataError`s.
package enum FileAccess {
  /// The file's bytes, mapped when large. Throws `missing`.
  package static func read(_ path: String) throws(DataError) -> Data {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
      throw .missing(path: path, reason: "no such file")
    }
    if isFolder.boolValue { throw .missing(path: path, reason: "it is a folder, a file was expected") }
    do {
      return try Data(contentsOf: URL(fileURLWithPath: path), options: .mappedIfSafe)
    } catch {
      throw .missing(path: path, reason: reason(error))
    }
  }

  /// Writes under a temporary name beside `path` and renames, so that an interrupted command leaves nothing half-made.
  package static func write(_ data: Data, to path: String) throws(DataError) {
    do {
      try data.write(to: URL(fileURLWithPath: path), options: .atomic)
    } catch {
      throw .unwritable(path: path, reason: reason(error))
    }
  }

  /// Creates a folder and those above it.
  package static func createFolder(_ path: String) throws(DataError) {
    do {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    } catch {
      throw .unwritable(path: path, reason: reason(error))
    }
  }

  private static func reason(_ error: any Error) -> String {
    if let underlying = (error as NSError).userInfo[NSUnderlyingErrorKey] as? NSError,
      underlying.domain == NSPOSIXErrorDomain
    {
      return String(cString: strerror(Int32(underlying.code))).lowercased()
    }
    return (error as NSError).localizedDescription
  }
}
