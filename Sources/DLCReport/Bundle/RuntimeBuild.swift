import Foundation

/// A run of scripts/build-runtime and what it said.
struct RuntimeBuild {
  /// Machine code and constants, initialized and zeroed data of the library.
  var codeBytes = 0
  var dataBytes = 0
  var zeroedBytes = 0
  /// What a program links beside the library: `-lm`.
  var libraries: [String] = []

  /// Builds into `folder`. Throws `Failure` with what the script said was missing.
  init(family: String, arguments: [String], into folder: String) throws {
    let script = try RuntimeBuild.script()
    let process = Process()
    let output = Pipe()
    process.executableURL = URL(fileURLWithPath: "/bin/bash")
    process.arguments = [script, family, "--out", folder] + arguments
    process.standardOutput = output
    // Messages go to a file: two pipes read one after the other could block.
    let messages = FileManager.default.temporaryDirectory.appendingPathComponent("dlc-bundle-\(UUID().uuidString).log")
    guard FileManager.default.createFile(atPath: messages.path, contents: nil),
      let sink = FileHandle(forWritingAtPath: messages.path)
    else { throw Failure(.cannotWrite, "cannot write '\(messages.path)'.") }
    defer { try? FileManager.default.removeItem(at: messages) }
    process.standardError = sink
    do { try process.run() } catch {
      throw Failure(.ourFault, "cannot start '\(script)': \(error.localizedDescription)")
    }
    let said = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      let text = (try? String(contentsOf: messages, encoding: .utf8)) ?? ""
      let last = text.split(separator: "\n").suffix(4).joined(separator: "\n")
      throw Failure(
        process.terminationStatus == 69 ? .noInput : .ourFault, "the runtime for \(family) was not built: \(last)")
    }
    for line in String(decoding: said, as: UTF8.self).split(separator: "\n") {
      let words = line.split(separator: " ").map(String.init)
      switch words.first {
      case "code_bytes": codeBytes = Int(words.last ?? "") ?? 0
      case "data_bytes": dataBytes = Int(words.last ?? "") ?? 0
      case "zeroed_bytes": zeroedBytes = Int(words.last ?? "") ?? 0
      case "libraries": libraries = Array(words.dropFirst())
      default: break
      }
    }
  }

  /// The script in the sources of dlc: in the folder that DLC_HOME names, else above the program.
  private static func script() throws -> String {
    var folders: [URL] = []
    if let home = ProcessInfo.processInfo.environment["DLC_HOME"], !home.isEmpty {
      folders = [URL(fileURLWithPath: home)]
    } else {
      var folder = URL(fileURLWithPath: Bundle.main.executablePath ?? CommandLine.arguments[0])
        .resolvingSymlinksInPath()
      while folder.path != "/" {
        folder.deleteLastPathComponent()
        folders.append(folder)
      }
    }
    for folder in folders {
      let path = folder.appendingPathComponent("scripts/build-runtime").path
      if FileManager.default.fileExists(atPath: path) { return path }
    }
    throw Failure(
      .noInput,
      "a bundle is built from dlc's sources, and there is no scripts/build-runtime above this program; set DLC_HOME to a checkout of them."
    )
  }
}
