import DLCTesting
import Foundation
import Testing

@Suite struct ExpectAccuracyTests {
  /// The sample model that ships with the project.
  private let model = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appendingPathComponent("samples/digits/digits.onnx").path

  @Test func passesForAModelAndItself() throws {
    try expectAccuracy(of: model, matches: model, within: AccuracyBars(maxAbsolute: 0, minCosine: 0.9999, minTop1: 1))
  }

  @Test func saysWhichBarWasMissedAndByHowMuch() {
    #expect {
      try expectAccuracy(of: model, matches: model, within: AccuracyBars(minCosine: 1.5), on: .random(samples: 2))
    } throws: { error in
      guard case .missed(let bars)? = error as? AccuracyError else { return false }
      return bars.count == 1 && bars[0].contains("cosine") && bars[0].contains("1.5")
    }
  }

  @Test(arguments: [
    ("missing.onnx", AccuracyBars(minCosine: 0.9), "no such file"),
    ("", AccuracyBars(), "No bar is set"),
  ])
  func saysWhatCannotBeUsed(candidate: String, bars: AccuracyBars, expected: String) {
    #expect {
      try expectAccuracy(of: candidate, matches: model, within: bars)
    } throws: { error in
      guard case .unusable(let reason)? = error as? AccuracyError else { return false }
      return reason.contains(expected)
    }
  }
}
