import DLCCompiler
import DLCData
import DLCTensor
import Foundation

/// Measures a model on labelled data.
package struct Evaluation {
  package var model: String
  package var data: DataRequest
  package var threads: Int
  /// Bar: accuracy that is wanted, 0 to 1.
  package var minAccuracy: Double?
  /// Told the number of samples done so far, now and then, from any thread.
  package var progress: (@Sendable (Int) -> Void)?

  package init(model: String, data: DataRequest, threads: Int) {
    self.model = model
    self.data = data
    self.threads = threads
  }

  /// Memory that sessions side by side may take, bytes.
  private static let mostArenaBytes = 2 << 30

  /// Runs the model on every sample. Throws `Failure`, `UncompilableModel` and `DataError`.
  package func run(options: CompileOptions) throws -> EvaluationOutcome {
    let loaded = try Engine.open(model, options: options)
    let opened = try data.open(for: loaded)
    guard opened.count > 0 else { throw Failure(.badData, "'\(data.path)' holds no samples.") }
    guard opened.hasLabels else {
      throw Failure(
        .badData,
        "'\(data.path)' has no labels: give class folders, --labels FILE with the columns file,label, a 'label' or 'target' column or array, or expected outputs."
      )
    }
    let start = DispatchTime.now().uptimeNanoseconds
    let collector = Collector(loaded, classNames: opened.classNames, progress: progress)
    let batches = opened.batches(limit: data.limit, skipsBad: data.skipsBad, workers: threads, depth: 4 * threads)
    try spread(loaded, batches, collector)
    var outcome = collector.outcome
    outcome.model = model
    outcome.data = data.path
    outcome.notes = loaded.notes
    if let note = data.note(on: opened) { outcome.notes.append(note) }
    outcome.skipped = batches.skipped
    outcome.seconds = Double(DispatchTime.now().uptimeNanoseconds - start) / 1e9
    guard outcome.samples > 0 else {
      throw Failure(
        .badData,
        "none of the \(outcome.skipped.count) samples of '\(data.path)' could be read; the first: \(outcome.skipped.first?.reason ?? "")."
      )
    }
    if let bar = minAccuracy {
      guard let accuracy = outcome.classification?.accuracy else {
        throw Failure(.usage, "--min-accuracy needs data with classes, and '\(data.path)' has true values instead.")
      }
      if !(accuracy >= bar) { outcome.missed.append("missed: accuracy \(accuracy), at least \(bar) wanted") }
    }
    return outcome
  }

  /// Runs batches on as many sessions as there are threads: samples are independent, so this wastes nothing on waiting
  /// inside a run. Where the sessions would not fit memory, one session takes all threads.
  private func spread(_ loaded: LoadedModel, _ batches: BatchStream, _ collector: Collector) throws {
    let fits = loaded.arenaBytes <= Self.mostArenaBytes / max(threads, 1)
    let sessions = fits ? threads : 1
    let work = Work(batches: batches, collector: collector)
    var runners: [Runner] = []
    for _ in 0..<sessions {
      runners.append(
        Runner(session: try loaded.session(threads: fits ? 1 : threads), inputs: loaded.inputs.map(\.name)))
    }
    let group = DispatchGroup()
    for runner in runners.dropFirst() {
      group.enter()
      Thread.detachNewThread {
        work.run(runner)
        group.leave()
      }
    }
    work.run(runners[0])
    group.wait()
    if let failure = work.failure { throw failure }
  }

  /// A session that one thread uses.
  private final class Runner: @unchecked Sendable {
    let session: InferenceSession
    let inputs: [String]

    init(session: InferenceSession, inputs: [String]) {
      self.session = session
      self.inputs = inputs
    }
  }

  /// What the threads share.
  private final class Work: @unchecked Sendable {
    private let lock = NSLock()
    private let batches: BatchStream
    private let collector: Collector
    private(set) var failure: (any Error)?

    init(batches: BatchStream, collector: Collector) {
      self.batches = batches
      self.collector = collector
    }

    /// Takes batches until there are none or something failed.
    func run(_ runner: Runner) {
      do {
        while let batch = try lock.withLock({ failure == nil ? try batches.next() : nil }) {
          let outputs = try runner.session.run(runner.inputs.compactMap { batch.inputs[$0] })
          try lock.withLock { try collector.add(batch, outputs) }
        }
      } catch {
        lock.withLock { failure = failure ?? error }
      }
    }
  }
}
