import DLCTensor
import Foundation
import Testing

@testable import DLCOnnx

@Suite struct ExternalDataTests {
  /// A folder `base/model` with `weights.bin` (bytes 0 ... 31), beside `base/secret.bin` and links to it.
  private final class Folder {
    let base: URL

    init() throws {
      base = FileManager.default.temporaryDirectory.appendingPathComponent("dlc-\(UUID().uuidString)")
      let model = base.appendingPathComponent("model/deep")
      try FileManager.default.createDirectory(at: model, withIntermediateDirectories: true)
      try Data(0..<32).write(to: base.appendingPathComponent("model/weights.bin"))
      try Data(0..<32).write(to: base.appendingPathComponent("secret.bin"))
      try FileManager.default.createSymbolicLink(
        atPath: path("model/inside.bin"), withDestinationPath: "weights.bin")
      try FileManager.default.createSymbolicLink(
        atPath: path("model/outside.bin"), withDestinationPath: "../secret.bin")
      try FileManager.default.createSymbolicLink(atPath: path("model/up"), withDestinationPath: "..")
    }

    deinit { try? FileManager.default.removeItem(at: base) }

    func path(_ relative: String) -> String { base.appendingPathComponent(relative).path }

    /// Reads a model whose initializer of two floats lies where `entries` say.
    func tensor(_ entries: [(String, String)]) throws -> Result<Tensor, OnnxError> {
      let bytes = Samples.model { graph in
        graph.message(5) { tensor in
          tensor.int(1, 2)
          tensor.int(2, 1)
          tensor.text(8, "w")
          tensor.int(14, 1)
          for entry in entries {
            tensor.message(13) {
              $0.text(1, entry.0)
              $0.text(2, entry.1)
            }
          }
        }
      }
      try Data(bytes).write(to: base.appendingPathComponent("model/m.onnx"))
      return Result { () throws(OnnxError) in
        try OnnxModel(path: path("model/m.onnx")).graph.initializers[0].tensor()
      }
    }
  }

  @Test(
    arguments: [
      ([("location", "weights.bin")], 0),
      ([("location", "weights.bin"), ("offset", "3"), ("length", "8")], 3),
      ([("location", "./weights.bin"), ("offset", "24")], 24),
      ([("location", "inside.bin"), ("checksum", "ignored")], 0),
      ([("location", "deep//../weights.bin")], nil),
    ] as [([(String, String)], Int?)])
  func readsInsideTheFolder(entries: [(String, String)], start: Int?) throws {
    let folder = try Folder()
    let result = try folder.tensor(entries)
    guard let start else {
      #expect(throws: OnnxError.self) { try result.get() }
      return
    }
    try result.get().withBytes { #expect(Array($0) == (start..<start + 8).map { UInt8($0) }) }
  }

  @Test(
    arguments: [
      ([("location", "../secret.bin")], "inside the model's folder"),
      ([("location", "deep/../../secret.bin")], "inside the model's folder"),
      ([("location", "/etc/passwd")], "inside the model's folder"),
      ([("location", "outside.bin")], "found a link to"),
      ([("location", "up/secret.bin")], "found a link to"),
      ([("location", "absent.bin")], "no such file"),
      ([("location", "deep")], "it is a folder"),
      ([("location", "")], "expected external data with a location"),
      ([], "expected external data with a location"),
      ([("location", "weights.bin"), ("offset", "25")], "a file of 32 bytes"),
      ([("location", "weights.bin"), ("offset", "9223372036854775807")], "a file of 32 bytes"),
      ([("location", "weights.bin"), ("offset", "-4")], "a number of bytes as external offset"),
      ([("location", "weights.bin"), ("offset", "99999999999999999999")], "a number of bytes as external offset"),
      ([("location", "weights.bin"), ("length", "4")], "found 4 bytes in weights.bin"),
      ([("location", "weights.bin"), ("length", "many")], "a number of bytes as external length"),
    ] as [([(String, String)], String)])
  func refuses(entries: [(String, String)], reason: String) throws {
    switch try Folder().tensor(entries) {
    case .success(let tensor): Issue.record("read \(tensor)")
    case .failure(let error): #expect(error.description.contains(reason))
    }
  }
}
