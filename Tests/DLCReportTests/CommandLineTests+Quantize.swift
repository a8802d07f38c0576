import Foundation
import Testing

/// What `dlc compile --quantize` says of bounds and of data that is not as it should be.
extension CommandLineTests {
  /// Inputs of the digits' model as .npy files, of which `change` may spoil the bytes.
  private func samples(_ folder: String, _ count: Int, _ change: (Int, inout Data) -> Void = { _, _ in }) throws
    -> String
  {
    let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 1, 8, 8), }"
    let path = folder + "/samples"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    for k in 0..<count {
      var file = Data([0x93] + Array("NUMPY".utf8) + [1, 0, 118, 0])
      file += Data((header.padding(toLength: 117, withPad: " ", startingAt: 0) + "\n").utf8)
      for place in 0..<64 {
        withUnsafeBytes(of: Float((place * (k + 3)) % 17) / 16) { file += Data($0) }
      }
      change(k, &file)
      try file.write(to: URL(fileURLWithPath: path + "/\(k).npy"))
    }
    return path
  }

  private func quantize(_ data: String, _ output: String, _ flags: String...) throws -> Outcome {
    try run(
      ["compile", Self.model, "-o", output, "--dim", "N=1", "--quantize", "int8", "--calibrate", data] + flags)
  }

  @Test(.enabled(if: isBuilt)) func samplesOfNaNAreNamedOrLeftOut() throws {
    try withFolder { folder in
      let data = try samples(folder, 20) { k, file in
        if k == 7 { withUnsafeBytes(of: Float.nan) { file.replaceSubrange(file.count - 4..<file.count, with: $0) } }
      }
      let refused = try quantize(data, folder + "/y.plan")
      #expect(refused.status == 65 && refused.errors.contains("7.npy' holds NaN for input 'image'"), "\(refused)")
      #expect(!FileManager.default.fileExists(atPath: folder + "/y.plan"))
      let kept = try quantize(data, folder + "/y.plan", "--skip-bad", "--json")
      let object = try JSONSerialization.jsonObject(with: Data(kept.output.utf8)) as? [String: Any]
      let quantization = object?["quantization"] as? [String: Any]
      let skipped = quantization?["skipped"] as? [[String: Any]]
      #expect(kept.status == 0 && skipped?.count == 1 && object?["quantized_operators"] as? Int ?? 0 > 0)
      #expect((skipped?.first?["sample"] as? String)?.hasSuffix("7.npy") == true)
    }
  }

  @Test(.enabled(if: isBuilt)) func dataOfBadSamplesAloneIsRefused() throws {
    try withFolder { folder in
      let data = try samples(folder, 3) { _, file in file = Data("broken".utf8) }
      let outcome = try quantize(data, folder + "/y.plan", "--skip-bad")
      #expect(outcome.status == 65 && outcome.errors.contains("none of the 3 samples"), "\(outcome)")
      #expect(outcome.errors.contains("is no .npy file"))
    }
  }

  @Test(.enabled(if: isBuilt)) func fewSamplesAreSaidToBeFew() throws {
    try withFolder { folder in
      let outcome = try quantize(try samples(folder, 2), folder + "/y.plan")
      #expect(outcome.status == 0 && outcome.errors.contains("2 samples only"), "\(outcome)")
    }
  }

  @Test(.enabled(if: isBuilt)) func aBoundThatCannotBeKeptAnswers1WithTheBestPoint() throws {
    try withFolder { folder in
      let (data, plan) = (try samples(folder, 20), folder + "/y.plan")
      let small = try quantize(data, plan, "--max-plan-bytes", "1000")
      #expect(small.status == 1 && small.errors.contains("at most 1000 bytes cannot be reached"), "\(small)")
      #expect(small.errors.contains("it has ") && !FileManager.default.fileExists(atPath: plan))
    }
  }

  @Test(.enabled(if: isBuilt)) func stateThatCannotBeKeptAnswers73() throws {
    try withFolder { folder in
      let data = try samples(folder, 4)
      let outcome = try quantize(data, folder + "/y.plan", "--calibration-state", "/nonexistent/state")
      #expect(outcome.status == 73 && outcome.errors.contains("'/nonexistent/state'"), "\(outcome)")
      let state = folder + "/state"
      try Data("no state".utf8).write(to: URL(fileURLWithPath: state))
      let damaged = try quantize(data, folder + "/y.plan", "--calibration-state", state)
      #expect(damaged.status == 65 && damaged.errors.contains("'\(state)'"), "\(damaged)")
    }
  }

  @Test(
    .enabled(if: isBuilt),
    arguments: [
      ["--skip-bad"], ["--ranges", "mse"], ["--calibration-state", "state"], ["--quantize", "int8", "--skip-bad"],
    ]) func flagsWithoutEffectAreRefused(_ flags: [String]) throws
  {
    #expect(try run(["compile", Self.model, "-o", "y.plan", "--dim", "N=1"] + flags).status == 64)
  }

  @Test(.enabled(if: isBuilt)) func exportSaysTheMeasuredDifference() throws {
    try withFolder { folder in
      let data = try samples(folder, 20)
      let outcome = try quantize(data, folder + "/y.onnx", "--emit", "onnx", "--json")
      let object = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any]
      let quantization = object?["quantization"] as? [String: Any]
      #expect(outcome.status == 0 && quantization?["difference"] != nil)
    }
  }
}
