import DLCData
import DLCTensor
import Foundation
import Testing

/// `dlc evaluate`, `diff`, `run` and `verify` on data, as a user runs them. Their program lies beside the tests' bundle.
@Suite struct DataCommandTests {
  private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().path
  private static let program = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent().path + "/dlc"
  private static let digits = root + "/samples/digits"
  private static let model = digits + "/digits.onnx"
  private static var isBuilt: Bool { FileManager.default.isExecutableFile(atPath: program) }

  private func run(_ arguments: [String]) throws -> (status: Int, output: String, errors: String) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: Self.program)
    process.arguments = arguments
    let output = Pipe(), errors = Pipe()
    process.standardOutput = output
    process.standardError = errors
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return (
      Int(process.terminationStatus), text,
      String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    )
  }

  private func object(_ text: String) throws -> [String: Any] {
    try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any] ?? [:]
  }

  private func withFolder(_ body: (String) throws -> Void) throws {
    let folder = NSTemporaryDirectory() + "dlc-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try body(folder)
  }

  @Test(.enabled(if: isBuilt)) func evaluatesOnAnyNumberOfThreadsAndBatches() throws {
    var first: [String: Any] = [:]
    for arguments in [["--threads", "1"], ["--threads", "3"], ["--input", "image=7,1,8,8"]] {
      let outcome = try run(["evaluate", Self.model, "--data", Self.digits + "/test.npz", "--json"] + arguments)
      #expect(outcome.status == 0, "\(outcome.errors)")
      var found = try object(outcome.output)
      #expect(found["samples"] as? Int == 360)
      #expect(found["accuracy"] as? Double ?? 0 > 0.95 && found["auc"] as? Double ?? 0 > 0.99)
      let confusion = found["confusion"] as? [[Int]] ?? []
      #expect(confusion.count == 10 && confusion.flatMap { $0 }.reduce(0, +) == 360)
      #expect((found["per_class"] as? [[String: Any]])?.count == 10)
      found["seconds"] = nil
      if first.isEmpty { first = found }
      #expect(found["confusion"] as? [[Int]] == first["confusion"] as? [[Int]])
      #expect(found["top5"] as? Double == first["top5"] as? Double)
    }
    let folder = try run(["evaluate", Self.model, "--data", Self.digits, "--json"])
    #expect(try object(folder.output)["samples"] as? Int == 10, "\(folder.errors)")
  }

  @Test(.enabled(if: isBuilt)) func aMissedBarAnswers1() throws {
    let outcome = try run(["evaluate", Self.model, "--data", Self.digits + "/test.npz", "--min-accuracy", "1"])
    #expect(outcome.status == 1 && outcome.output.contains("missed: accuracy"))
  }

  @Test(.enabled(if: isBuilt)) func regressionComparesWithTrueValues() throws {
    try withFolder { folder in
      let names = (0..<64).map { "image[\($0)]" } + (0..<10).map { "target[\($0)]" }
      let row = [String](repeating: "0", count: 64) + (0..<10).map { $0 == 3 ? "1" : "0" }
      try Data((names.joined(separator: ",") + "\n" + row.joined(separator: ",") + "\n").utf8)
        .write(to: URL(fileURLWithPath: folder + "/data.csv"))
      let outcome = try run(["evaluate", Self.model, "--data", folder + "/data.csv", "--json"])
      #expect(outcome.status == 0, "\(outcome.errors)")
      let found = try object(outcome.output)
      #expect(found["mae"] as? Double != nil && found["mse"] as? Double != nil && found["accuracy"] == nil)
    }
  }

  @Test(.enabled(if: isBuilt)) func badSamplesAreNamedOrLeftOut() throws {
    try withFolder { folder in
      for k in 0..<3 {
        try FileManager.default.copyItem(
          atPath: "\(Self.digits)/digit_\(k).npy", toPath: "\(folder)/digit_\(k).npy")
      }
      try Data("no array".utf8).write(to: URL(fileURLWithPath: folder + "/digit_1.npy"))
      try Data("file,label\ndigit_0.npy,2\ndigit_1.npy,6\ndigit_2.npy,0\n".utf8)
        .write(to: URL(fileURLWithPath: folder + "/labels.csv"))
      let refused = try run(["evaluate", Self.model, "--data", folder])
      #expect(refused.status == 65 && refused.output.isEmpty && refused.errors.contains("digit_1.npy"))
      let outcome = try run(["evaluate", Self.model, "--data", folder, "--skip-bad", "--json"])
      let found = try object(outcome.output)
      #expect(found["samples"] as? Int == 2 && (found["skipped"] as? [[String: Any]])?.count == 1)
    }
  }

  @Test(
    .enabled(if: isBuilt),
    arguments: [
      (64, ["evaluate", model]), (64, ["evaluate", model, "--data", digits, "--min-accuracy", "2"]),
      (64, ["evaluate", model, "--data", digits, "--samples", "0"]),
      (66, ["evaluate", model, "--data", "/nonexistent"]),
      (66, ["evaluate", model, "--data", digits, "--preprocess", "/nonexistent"]),
      (65, ["evaluate", model, "--data", root + "/Tests/DLCDataTests/fixtures/color.png"]),
      (65, ["evaluate", model, "--data", digits + "/digit_0.npy"]),
      (64, ["diff", model, model, "--random", "1", "--samples", "2"]),
      (64, ["run", model, "--samples", "2", "--random", "1"]),
      (64, ["run", model, "--data", digits, "--random", "1"]),
    ]) func exitStatuses(_ status: Int, _ arguments: [String]) throws
  {
    let outcome = try run(arguments)
    #expect(
      outcome.status == status && !outcome.errors.isEmpty && outcome.output.isEmpty, "\(arguments) \(outcome.errors)")
  }

  @Test(.enabled(if: isBuilt)) func otherCommandsTakeTheSameData() throws {
    let diff = try run(["diff", Self.model, Self.model, "--data", Self.digits, "--json"])
    let found = try object(diff.output)
    #expect(found["samples"] as? Int == 10 && found["top1_agreement"] as? Double == 1, "\(diff.errors)")
    let short = try run([
      "diff", Self.model, Self.model, "--data", Self.digits + "/test.npz", "--samples", "7", "--json",
    ])
    #expect(try object(short.output)["samples"] as? Int == 7)
    let batched = try run([
      "diff", Self.model, Self.model, "--data", Self.digits + "/test.npz", "--samples", "7", "--json", "--input",
      "image=4,1,8,8",
    ])
    #expect(try object(batched.output)["samples"] as? Int == 7)
    let answers = try run(["run", Self.model, "--data", Self.digits, "--samples", "3"])
    #expect(answers.output.split(separator: "\n").count == 3 && answers.output.contains("argmax"), "\(answers.errors)")
  }

  @Test(.enabled(if: isBuilt)) func aPlanIsVerifiedOnManySamples() throws {
    try withFolder { folder in
      let plan = folder + "/digits.plan"
      #expect(try run(["compile", Self.model, "-o", plan, "--dim", "N=1", "--quiet"]).status == 0)
      #expect(try run(["run", plan, "--data", Self.digits, "--output", folder + "/answers", "--quiet"]).status == 0)
      let names = (0..<64).map { "image[\($0)]" } + (0..<10).map { "probabilities[\($0)]" }
      var text = names.joined(separator: ",") + "\n"
      for k in 0..<3 {
        let image = try NumpyFiles.read("\(Self.digits)/digit_\(k).npy").doubles()
        let answer = try NumpyFiles.read("\(folder)/answers/\(k)/probabilities.npy").doubles()
        text += (image + answer).map { "\($0)" }.joined(separator: ",") + "\n"
      }
      try Data(text.utf8).write(to: URL(fileURLWithPath: folder + "/answers.csv"))
      let outcome = try run(["verify", plan, "--data", folder + "/answers.csv", "--json"])
      let found = try object(outcome.output)
      #expect(found["passed"] as? Bool == true && found["cases"] as? Int == 3, "\(outcome.errors)")
      let none = try run(["verify", plan, "--data", Self.digits + "/test.npz"])
      #expect(none.status == 65 && none.errors.contains("holds no answer"))
    }
  }
}
