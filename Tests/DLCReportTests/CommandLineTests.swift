import Foundation
import Testing

/// The `dlc` program as a user runs it: exit statuses, one JSON object, messages. It lies beside the tests' bundle.
@Suite struct CommandLineTests {
  static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().path
  static let program = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent().path + "/dlc"
  static let model = root + "/samples/digits/digits.onnx"

  struct Outcome {
    var status: Int32
    var output: String
    var errors: String
  }

  func run(_ arguments: String...) throws -> Outcome { try run(arguments) }

  func run(_ arguments: [String]) throws -> Outcome {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: Self.program)
    process.arguments = arguments
    let output = Pipe(), errors = Pipe()
    process.standardOutput = output
    process.standardError = errors
    try process.run()
    // What these commands print fits a pipe.
    process.waitUntilExit()
    return Outcome(
      status: process.terminationStatus,
      output: String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self),
      errors: String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self))
  }

  /// A folder for one test, removed after it.
  func withFolder(_ body: (String) throws -> Void) throws {
    let folder = NSTemporaryDirectory() + "dlc-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try body(folder)
  }

  static var isBuilt: Bool { FileManager.default.isExecutableFile(atPath: program) }

  @Test(.enabled(if: isBuilt)) func compilesRunsAndVerifies() throws {
    try withFolder { folder in
      let plan = folder + "/digits.plan"
      let compiled = try run("compile", Self.model, "-o", plan, "--dim", "N=1", "--json")
      #expect(compiled.status == 0, "\(compiled.errors)")
      let object = try JSONSerialization.jsonObject(with: Data(compiled.output.utf8)) as? [String: Any]
      #expect(object?["plan"] as? String == plan && object?["plan_bytes"] as? Int != nil)
      #expect(compiled.output.filter { $0 == "\n" }.count == 1)
      let again = try run("compile", Self.model, "-o", folder + "/again.plan", "--dim", "N=1", "--quiet")
      #expect(again.status == 0 && again.output.isEmpty)
      #expect(
        try Data(contentsOf: URL(fileURLWithPath: plan))
          == Data(contentsOf: URL(fileURLWithPath: folder + "/again.plan")))
      let answer = try run("run", plan, "--random", "1", "--json")
      #expect(answer.status == 0)
      #expect(try JSONSerialization.jsonObject(with: Data(answer.output.utf8)) is [String: Any])
    }
  }

  @Test(.enabled(if: isBuilt)) func writesOnnxThatAnswersAlike() throws {
    try withFolder { folder in
      let written = folder + "/written.onnx"
      let export = try run("compile", Self.model, "--emit", "onnx", "-o", written, "--dim", "N=1", "--json")
      #expect(export.status == 0, "\(export.errors)")
      let object = try JSONSerialization.jsonObject(with: Data(export.output.utf8)) as? [String: Any]
      let size = try Data(contentsOf: URL(fileURLWithPath: written)).count
      #expect(object?["onnx"] as? String == written && object?["onnx_bytes"] as? Int == size)
      let alike = try run("diff", Self.model, written, "--random", "2", "--max-abs", "1e-5", "--quiet")
      #expect(alike.status == 0, "\(alike.output) \(alike.errors)")
    }
  }

  @Test(
    .enabled(if: isBuilt),
    arguments: [
      (64, ["compile", "x.onnx", "-o", "y", "--emit", "c"]), (64, ["compile", "x.onnx", "-o", "y", "--emit", "pdf"]),
      (64, ["compile", "x.onnx", "-o", "y", "--emit", "onnx", "--max-plan-bytes", "1"]),
      (65, ["compile", #filePath, "-o", "/nonexistent/y.onnx", "--emit", "onnx"]),
      (64, ["compile"]), (64, ["frobnicate"]), (64, ["compile", "x.onnx", "-o", "y.plan", "-O", "7"]),
      (64, ["run", "x.onnx", "--threads", "0"]), (66, ["compile", "x.onnx", "-o", "y.plan", "--quantize", "int8"]),
      (64, ["compile", "x.onnx", "-o", "y.plan", "--quantize", "int9"]), (64, ["verify", model]),
      (64, ["verify", model, "--samples", "3"]),
      (64, ["evaluate", "x"]), (64, ["train", "x"]), (64, ["bundle", "x"]), (64, ["prune", "x"]),
      (64, ["distill", "x"]),
      (66, ["run", "/nonexistent/x.onnx"]), (66, ["run", "/nonexistent/x.plan"]),
      (66, ["check", "/nonexistent/x.onnx"]),
      (65, ["run", #filePath]), (65, ["compile", #filePath, "-o", "/nonexistent/y.plan"]), (0, ["--help"]),
      (0, ["--version"]),
    ]) func exitStatuses(_ status: Int, _ arguments: [String]) throws
  {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: Self.program)
    process.arguments = arguments
    let errors = Pipe()
    process.standardOutput = Pipe()
    process.standardError = errors
    try process.run()
    process.waitUntilExit()
    #expect(Int(process.terminationStatus) == status, "\(arguments)")
    if status != 0 { #expect(!errors.fileHandleForReading.readDataToEndOfFile().isEmpty, "\(arguments)") }
  }

  @Test(.enabled(if: isBuilt)) func whatCannotBeWrittenAnswers73() throws {
    #expect(try run("compile", Self.model, "-o", "/nonexistent/y.plan", "--dim", "N=1").status == 73)
  }

  @Test(.enabled(if: isBuilt)) func aMissedLimitAnswers1() throws {
    try withFolder { folder in
      let outcome = try run("compile", Self.model, "-o", folder + "/y.plan", "--dim", "N=1", "--max-plan-bytes", "10")
      #expect(outcome.status == 1 && outcome.errors.contains("--max-plan-bytes allows 10"))
      #expect(!FileManager.default.fileExists(atPath: folder + "/y.plan"))
    }
  }

  @Test(.enabled(if: isBuilt)) func aQuantizedPlanKeepsItsPromise() throws {
    try withFolder { folder in
      let plan = folder + "/digits.plan"
      let data = Self.root + "/samples/digits/test.npz"
      let flags = [
        "--dim", "N=1", "--quantize", "int8", "--calibrate", data, "--samples", "40", "--preprocess", "unit",
      ]
      #expect(try run(["compile", Self.model, "-o", plan, "--threads", "1", "--quiet"] + flags).status == 0)
      #expect(try run(["compile", Self.model, "-o", plan + "2", "--threads", "3", "--quiet"] + flags).status == 0)
      var bytes = try Data(contentsOf: URL(fileURLWithPath: plan))
      #expect(try bytes == Data(contentsOf: URL(fileURLWithPath: plan + "2")))

      let kept = try run("verify", plan, "--json")
      let object = try JSONSerialization.jsonObject(with: Data(kept.output.utf8)) as? [String: Any]
      #expect(kept.status == 0 && object?["passed"] as? Bool == true && object?["samples"] as? Int == 40)
      let names = (object?["metrics"] as? [[String: Any]])?.compactMap { $0["name"] as? String } ?? []
      #expect(names.contains("accuracy_quantized") && names.contains("sqnr_db_min"))
      let inspected = try run("inspect", plan)
      #expect(inspected.output.contains("40 samples of 'test.npz'") && inspected.output.contains("\"scale\":0.0039"))

      for position in bytes.count - 12_288..<bytes.count - 4096 { bytes[position] ^= 0x55 }
      try bytes.write(to: URL(fileURLWithPath: plan + "2"))
      let broken = try run("verify", plan + "2", "--quiet")
      #expect(broken.status == 1 && broken.output.contains("FAILED: element"), "\(broken)")
    }
  }

  /// Pixels take the preprocessing that the plan states; what has no effect is said, what does not fit is an error.
  @Test(.enabled(if: isBuilt)) func plansCarryTheirPreprocessing() throws {
    try withFolder { folder in
      let header = "{'descr': '|u1', 'fortran_order': False, 'shape': (8, 8), }"
      var file = Data([0x93] + Array("NUMPY".utf8) + [1, 0, 118, 0])
      file += Data((header.padding(toLength: 117, withPad: " ", startingAt: 0) + "\n").utf8)
      file += Data((0..<64).map { UInt8($0 * 4) })
      let image = folder + "/image.npy"
      try file.write(to: URL(fileURLWithPath: image))
      let (plan, plain) = (folder + "/p.plan", folder + "/q.plan")
      #expect(try run("compile", Self.model, "-o", plan, "--dim", "N=1", "--preprocess", "unit").status == 0)
      #expect(try run("compile", Self.model, "-o", plain, "--dim", "N=1").status == 0)
      let stored = try run("run", plan, "--data", folder)
      let given = try run("run", plain, "--data", folder, "--preprocess", "unit")
      let other = try run("run", plan, "--data", folder, "--preprocess", "signed")
      #expect(stored.status == 0 && stored.output == given.output && !stored.output.isEmpty, "\(stored.errors)")
      #expect(other.status == 0 && other.output != stored.output)
      let values = Self.root + "/samples/digits/test.npz"
      for command in [
        ["run", plain, "--samples", "1"], ["verify", plain], ["diff", plain, plan], ["evaluate", plain],
      ] {
        let outcome = try run(command + ["--data", values, "--preprocess", "unit"])
        let says = outcome.errors.contains("--preprocess changes nothing") || outcome.errors.contains("no answer")
        #expect(says, "\(command): \(outcome.errors)")
      }
      let unfit = folder + "/unfit.json"
      try Data("{\"grayscale\": false}".utf8).write(to: URL(fileURLWithPath: unfit))
      let refused = try run("verify", plain, "--data", values, "--preprocess", unfit)
      #expect(refused.status == 65 && refused.errors.contains("grayscale"), "\(refused)")
    }
  }
}
