import Foundation

/// A count on standard error that overwrites itself; nothing where that is no terminal.
final class ProgressLine: @unchecked Sendable {
  private let isShown: Bool
  private let what: String
  private let lock = NSLock()
  private var shown: UInt64 = 0

  init(isShown: Bool, what: String) {
    self.isShown = isShown && isatty(2) == 1
    self.what = what
  }

  /// Shows `count`, at most ten times a second. May be called from any thread.
  func show(_ count: Int) {
    guard isShown else { return }
    lock.withLock {
      let now = DispatchTime.now().uptimeNanoseconds
      guard now > shown + 100_000_000 else { return }
      shown = now
      FileHandle.standardError.write(Data("\r\(count) \(what)".utf8))
    }
  }

  /// Clears the line.
  func end() {
    lock.withLock {
      if isShown, shown > 0 { FileHandle.standardError.write(Data("\r\u{1B}[K".utf8)) }
      shown = 0
    }
  }
}
