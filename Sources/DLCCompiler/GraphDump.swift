import DLCGraph
import DLCPasses
import Foundation
import Synchronization

/// Writes the graph after each pass that changed it: `01-fold-constants.txt` and so on.
final class GraphDump: Sendable {
  private let folder: String
  private let count: Mutex<Int>

  /// Writes into `folder`, numbering on from `written`.
  init(_ folder: String, written: Int) throws(CompileError) {
    self.folder = folder
    count = Mutex(written)
    do {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    } catch {
      throw .unwritable("cannot create the folder '\(folder)' for --dump-graph. Give a folder that can be made.")
    }
  }

  /// For `PassRunner.afterPass`. A dump that cannot be written is left out: the compile goes on.
  var callback: @Sendable (Pass, Graph) -> Void {
    { pass, graph in
      let number = self.count.withLock { value in
        value += 1
        return value
      }
      let name = String(format: "%02d-", number) + pass.name + ".txt"
      try? graph.description.write(toFile: self.folder + "/" + name, atomically: true, encoding: .utf8)
    }
  }
}
