import DLCData

/// What an evaluation found.
package struct EvaluationOutcome: Sendable {
  package var model = ""
  package var data = ""
  package var samples = 0
  package var classNames: [String] = []
  package var classification: ClassificationMetrics?
  /// Errors by output.
  package var regressions: [String: RegressionMetrics] = [:]
  package var skipped: [SkippedSample] = []
  package var notes: [String] = []
  /// Bars that were missed, as sentences.
  package var missed: [String] = []
  package var seconds = 0.0

  package var passed: Bool { missed.isEmpty }

  /// A confusion matrix of more classes is left out.
  private static let mostConfusionClasses = 2_000
  /// Tables for people stay below a screen.
  private static let mostListedClasses = 20

  private func name(_ number: Int) -> String { number < classNames.count ? classNames[number] : String(number) }

  /// Means over the classes that have samples; a class that is never predicted has the precision 0.
  private func macro(_ results: [ClassificationMetrics.ClassResult]) -> (precision: Double, recall: Double, f1: Double)
  {
    let present = results.filter { $0.support > 0 }
    func mean(_ key: (ClassificationMetrics.ClassResult) -> Double?) -> Double {
      present.reduce(0) { $0 + (key($1) ?? 0) } / Double(max(present.count, 1))
    }
    return (mean(\.precision), mean(\.recall), mean(\.f1))
  }

  /// Mean of the areas of all classes that have one.
  private func area(_ results: [ClassificationMetrics.ClassResult]) -> Double? {
    let areas = results.compactMap(\.auc)
    return areas.isEmpty ? nil : areas.reduce(0, +) / Double(areas.count)
  }

  package var json: JSONValue {
    var members: [(String, JSONValue)] = [("samples", .integer(samples))]
    func number(_ value: Double?) -> JSONValue { value.map { .number($0) } ?? .null }
    if let classification {
      let results = classification.results()
      let macro = macro(results)
      members.append(("accuracy", .number(classification.accuracy)))
      if let topFive = classification.topFive { members.append(("top5", .number(topFive))) }
      members.append(("auc", number(area(results))))
      members.append(
        (
          "macro",
          .object([
            ("precision", .number(macro.precision)), ("recall", .number(macro.recall)), ("f1", .number(macro.f1)),
          ])
        ))
      members.append(
        (
          "per_class",
          .array(
            results.map {
              .object([
                ("class", .integer($0.number)), ("name", .string(name($0.number))), ("samples", .integer($0.support)),
                ("precision", number($0.precision)), ("recall", number($0.recall)), ("f1", number($0.f1)),
                ("sensitivity", number($0.recall)), ("specificity", number($0.specificity)), ("auc", number($0.auc)),
              ])
            })
        ))
      let classes = classification.classes
      let matrix = (0..<classes).map { row in
        JSONValue.array(classification.confusion[row * classes..<(row + 1) * classes].map { .integer($0) })
      }
      members.append(("confusion", classes <= Self.mostConfusionClasses ? .array(matrix) : .null))
    }
    if let first = regressions.sorted(by: { $0.key < $1.key }).first?.value {
      members += [
        ("mae", .number(first.meanAbsolute)), ("mse", .number(first.meanSquared)), ("r2", number(first.determination)),
      ]
    }
    if regressions.count > 1 {
      members.append(
        (
          "outputs",
          .array(
            regressions.sorted { $0.key < $1.key }.map {
              .object([
                ("name", .string($0.key)), ("mae", .number($0.value.meanAbsolute)),
                ("mse", .number($0.value.meanSquared)),
                ("r2", number($0.value.determination)),
              ])
            })
        ))
    }
    members.append(("seconds", .number(seconds)))
    members.append(("skipped", SkippedSample.json(skipped)))
    members.append(("passed", .bool(passed)))
    return .object(members)
  }

  package var lines: [String] {
    var lines = [
      "\(Listing.grouped(samples)) samples of '\(data)' in \(short(seconds)) s (\(short(Double(samples) / max(seconds, 1e-9))) a second)"
    ]
    if let classification {
      let results = classification.results()
      let macro = macro(results)
      let topFive = classification.topFive.map { ", top-5 \(short($0 * 100)) %" } ?? ""
      let area = area(results).map { ", ROC-AUC \(short($0)) (one class against the rest, mean)" } ?? ""
      lines.append("accuracy \(short(classification.accuracy * 100)) %\(topFive)\(area)")
      lines.append(
        "mean over classes: precision \(short(macro.precision)), recall \(short(macro.recall)), F1 \(short(macro.f1))")
      lines += table(results) + matrix(classification)
    }
    for (name, errors) in regressions.sorted(by: { $0.key < $1.key }) {
      let determination = errors.determination.map { ", R2 \(short($0))" } ?? ""
      lines.append("\(name): MAE \(short(errors.meanAbsolute)), MSE \(short(errors.meanSquared))\(determination)")
    }
    return lines + SkippedSample.lines(skipped) + missed
  }

  private func table(_ results: [ClassificationMetrics.ClassResult]) -> [String] {
    let present = results.filter { $0.support > 0 }
    let isLong = present.count > Self.mostListedClasses
    let listed =
      isLong ? Array(present.sorted { ($0.f1 ?? 0, $0.number) < ($1.f1 ?? 0, $1.number) }.prefix(10)) : present
    func cell(_ value: Double?) -> String { value.map { short($0) } ?? "" }
    let rows =
      [["class", "samples", "precision", "recall", "F1", "specificity", "AUC"]]
      + listed.map {
        [
          name($0.number), String($0.support), cell($0.precision), cell($0.recall), cell($0.f1), cell($0.specificity),
          cell($0.auc),
        ]
      }
    return (isLong ? ["the ten worst of \(present.count) classes by F1:"] : [])
      + Listing.table(rows, numeric: [1, 2, 3, 4, 5, 6])
  }

  private func matrix(_ metrics: ClassificationMetrics) -> [String] {
    let classes = metrics.classes
    guard classes <= Self.mostListedClasses else { return [] }
    let rows =
      [[""] + (0..<classes).map(name)]
      + (0..<classes).map { row in
        [name(row)] + metrics.confusion[row * classes..<(row + 1) * classes].map(String.init)
      }
    return ["true class by row, predicted class by column:"] + Listing.table(rows, numeric: Set(1...classes))
  }
}
