import DLCData
import DLCTensor

/// Turns answers into metrics, in the order of the data whatever order they come in: sums round alike on any number of threads.
final class Collector {
  private(set) var outcome = EvaluationOutcome()
  private let outputs: [PortInfo]
  private var early: [Int: (Batch, [Tensor])] = [:]
  private var following = 0
  private let progress: (@Sendable (Int) -> Void)?

  init(_ model: LoadedModel, classNames: [String], progress: (@Sendable (Int) -> Void)?) {
    outputs = model.outputs
    self.progress = progress
    outcome.classNames = classNames
  }

  /// Takes the answers of one batch. Throws `Failure` when they do not go with its labels.
  func add(_ batch: Batch, _ answers: [Tensor]) throws {
    early[batch.index] = (batch, answers)
    while let (batch, answers) = early.removeValue(forKey: following) {
      following += 1
      for (row, sample) in batch.samples.enumerated() { try count(sample, row, batch.rows, answers) }
      progress?(outcome.samples)
    }
  }

  private func count(_ sample: Sample, _ row: Int, _ rows: Int, _ answers: [Tensor]) throws {
    outcome.samples += 1
    if let label = sample.label {
      let scores = try self.scores(answers, row, rows)
      let classes = scores.count
      guard label < classes else {
        throw Failure(
          .badData,
          "\(sample.origin) has the label \(label), and output \(outputs[0]) has \(classes) classes, 0 to \(classes - 1); --labels FILE gives other numbers."
        )
      }
      if outcome.classification == nil { outcome.classification = ClassificationMetrics(classes: classes) }
      outcome.classification?.add(scores, label: label)
    }
    if let target = sample.target {
      try compare(values(answers[0], row, rows), target, outputs[0], sample)
    } else if sample.label == nil {
      for (k, port) in outputs.enumerated() {
        guard let expected = sample.expected[port.name] else { continue }
        // Stored answers hold this sample's rows, or all of a run's.
        try compare(values(answers[k], row, rows), expected.doubles(), port, sample)
      }
    }
  }

  private func compare(_ found: ArraySlice<Double>, _ wanted: [Double], _ port: PortInfo, _ sample: Sample) throws {
    guard found.count == wanted.count else {
      throw Failure(
        .badData,
        "\(sample.origin) has \(wanted.count) true values, and output \(port) has \(found.count) for a sample.")
    }
    outcome.regressions[port.name, default: RegressionMetrics()].add(predicted: found, true: wanted)
  }

  /// The scores of one row; a single probability becomes those of two classes.
  private func scores(_ answers: [Tensor], _ row: Int, _ rows: Int) throws -> ArraySlice<Double> {
    guard let answer = answers.first else { throw Failure(.badData, "the model has no outputs.") }
    let values = try values(answer, row, rows)
    guard let first = values.first else { throw Failure(.badData, "output \(outputs[0]) is empty.") }
    return values.count == 1 ? [1 - first, first] : values
  }

  private func values(_ answer: Tensor, _ row: Int, _ rows: Int) throws -> ArraySlice<Double> {
    let all = answer.doubles()
    guard rows > 0, all.count % rows == 0 else {
      throw Failure(.badData, "an output of \(all.count) values cannot be split into the \(rows) samples of a run.")
    }
    let size = all.count / rows
    return all[row * size..<(row + 1) * size]
  }
}
