import CDLC
import DLCRuntime
import Foundation

/// Classifies digits: classify PLAN FILE.raw..., each file 64 float32 numbers of an 8x8 image, row by row.
@main
struct Classify {
  static func main() {
    guard CommandLine.arguments.count > 2 else {
      FileHandle.standardError.write(Data("usage: classify PLAN FILE.raw...\n".utf8))
      exit(64)
    }
    do {
      let network = try Network(path: CommandLine.arguments[1])
      for path in CommandLine.arguments.dropFirst(2) {
        print("\(path): \(try network.classify(Data(contentsOf: URL(fileURLWithPath: path))))")
      }
    } catch {
      FileHandle.standardError.write(Data("classify: \(error)\n".utf8))
      exit(1)
    }
  }
}

/// What dlc says when a call fails.
struct DLCFailure: Error, CustomStringConvertible {
  let description: String

  /// Throws unless `status` is `DLC_OK`.
  static func check(_ status: dlc_status) throws {
    if status != DLC_OK { throw DLCFailure(description: String(cString: dlc_last_error())) }
  }
}

/// A plan and the memory of one run at a time on it.
final class Network {
  private let program: OpaquePointer
  private let session: OpaquePointer

  init(path: String) throws {
    var opened: OpaquePointer?
    try DLCFailure.check(dlc_program_open(path, &opened))
    program = opened!
    var created: OpaquePointer?
    let status = dlc_session_create(program, 1, &created)
    guard status == DLC_OK, let created else {
      dlc_program_close(program)
      throw DLCFailure(description: String(cString: dlc_last_error()))
    }
    session = created
  }

  deinit {
    dlc_session_destroy(session)
    dlc_program_close(program)
  }

  /// The likeliest class of an image.
  func classify(_ image: Data) throws -> Int {
    var input = dlc_port()
    var output = dlc_port()
    try DLCFailure.check(dlc_program_input(program, 0, &input))
    try DLCFailure.check(dlc_program_output(program, 0, &output))
    guard image.count == input.bytes, let memory = dlc_session_input(session, 0) else {
      throw DLCFailure(description: "expected \(input.bytes) bytes, found \(image.count)")
    }
    image.withUnsafeBytes { memory.copyMemory(from: $0.baseAddress!, byteCount: $0.count) }
    try DLCFailure.check(dlc_session_run(session))
    let scores = UnsafeBufferPointer(
      start: dlc_session_output(session, 0)?.assumingMemoryBound(to: Float.self), count: output.bytes / 4)
    return scores.indices.max { scores[$0] < scores[$1] } ?? 0
  }
}
