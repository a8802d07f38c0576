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

  /// Why a file at `path` cannot be replaced by a new one: what stands there is none; nil when it can, or nothing is there.
  package static func reasonNotToReplace(_ path: String) -> String? {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    switch status.st_mode & S_IFMT {
    case S_IFREG: return nil
    case S_IFDIR: return "it is a folder"
    default: return "it is a device or pipe, and files are written under another name and renamed"
    }
  }

  /// Why the folder of `path` takes no file; nil when nothing is known against it.
  package static func reasonNotToCreate(_ path: String) -> String? {
    let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
    return access(folder, W_OK | X_OK) == 0 ? nil : String(cString: strerror(errno)).lowercased()
  }

  /// Writes under a temporary name beside `path` and renames, so that an interrupted command leaves nothing half-made.
  package static func write(_ data: Data, to path: String) throws(DataError) {
    if let reason = reasonNotToReplace(path) { throw .unwritable(path: path, reason: reason) }
    do {
      try data.write(to: URL(fileURLWithPath: path), options: .atomic)
    } catch {
      throw .unwritable(path: path, reason: reason(error))
    }
  }

  /// Creates a folder and those above it.
  package static func createFolder(_ path: String) throws(DataError) {
    var isFolder: ObjCBool = false
    if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), !isFolder.boolValue {
      throw .unwritable(path: path, reason: "a file of that name stands where the folder should be")
    }
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
    switch (error as NSError).code {
    case CocoaError.Code.fileNoSuchFile.rawValue, CocoaError.Code.fileReadNoSuchFile.rawValue:
      return "no such file or directory"
    case CocoaError.Code.fileWriteNoPermission.rawValue, CocoaError.Code.fileReadNoPermission.rawValue:
      return "permission denied"
    case CocoaError.Code.fileWriteOutOfSpace.rawValue: return "no space left on device"
    case CocoaError.Code.fileWriteVolumeReadOnly.rawValue: return "read-only file system"
    default: return (error as NSError).localizedDescription
    }
  }
}
