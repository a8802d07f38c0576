import Foundation
import Testing

@testable import DLCOnnx

@Suite struct MappedFileTests {
  private func failure(_ path: String) -> OnnxError? {
    do throws(OnnxError) {
      _ = try MappedFile(path: path)
      return nil
    } catch {
      return error
    }
  }

  @Test func tellsMissingFromUnreadable() {
    #expect(failure("/nonexistent/m.onnx") == .missingFile("/nonexistent/m.onnx"))
    #expect(failure("/dev/null/m.onnx") == .missingFile("/dev/null/m.onnx"))
    #expect(failure("/tmp") == .unreadableFile("/tmp", reason: "it is a folder"))
    #expect(failure("/dev/zero") == .unreadableFile("/dev/zero", reason: "it is not a regular file"))
    #expect(failure("/tmp")?.isMissingInput == true)
  }

  @Test func doesNotWaitForAPipe() throws {
    let path = NSTemporaryDirectory() + "/dlc-\(UUID().uuidString)"
    #expect(mkfifo(path, 0o600) == 0)
    defer { unlink(path) }
    #expect(failure(path) == .unreadableFile(path, reason: "it is not a regular file"))
  }

  @Test func refusesAnEmptyFileAsBadData() throws {
    let path = NSTemporaryDirectory() + "/dlc-\(UUID().uuidString)"
    try Data().write(to: URL(fileURLWithPath: path))
    defer { unlink(path) }
    #expect(failure(path)?.isMissingInput == false)
    #expect(failure(path)?.description == "\(path): expected ONNX data, found an empty file.")
  }

  @Test(arguments: [
    (0, 4, true), (4, 0, true), (1, 4, false), (5, 0, false), (-1, 1, false), (1, .max, false), (.max, 1, false),
  ])
  func windowStaysInside(offset: Int, length: Int, isInside: Bool) throws {
    let file = try MappedFile(copying: [1, 2, 3, 4], name: "f")
    #expect((file.window(offset: offset, length: length) != nil) == isInside)
  }
}
