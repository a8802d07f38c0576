import DLCGraph
import DLCTensor
import Foundation

/// Where a calibration in progress is kept, so that one that was stopped goes on.
package struct CalibrationCheckpoint {
  /// What was saved last, or nil.
  package var load: () -> Data?
  /// Keeps the state; called every `interval` samples and after each pass.
  package var save: (Data) throws(QuantizationError) -> Void
  package var interval: Int

  package init(
    interval: Int = 50, load: @escaping () -> Data?, save: @escaping (Data) throws(QuantizationError) -> Void
  ) {
    self.interval = max(interval, 1)
    self.load = load
    self.save = save
  }
}

/// Observes values of the float network over all samples, in passes of bounded memory.
struct Observation {
  let context: CalibrationContext
  let checkpoint: CalibrationCheckpoint?

  /// What is saved: observers by the index of their value, and how far the passes are.
  private struct State: Codable {
    var key: String
    var pass = 0
    var sample = 0
    var observers: [Int: ValueObserver] = [:]
  }

  /// The observers of `values`, those of `channelAxes` for each channel too.
  func observe(
    _ values: [ValueID], channelAxes: [ValueID: Int], in draft: QuantizationDraft
  ) throws(QuantizationError) -> [ValueID: ValueObserver] {
    let graph = draft.network.graph
    let passes = context.passes(values) { graph[$0].type.byteCount }
    var state = try restored(key(values, channelAxes, graph))
    let total = context.samples.count.map { min($0, context.observed) * passes.count }
    while state.pass < passes.count {
      let pass = passes[state.pass]
      let emitted = try draft.float.emit(pass.map { .value($0) })
      let (first, number) = (state.sample, state.pass)
      try context.run(emitted, limit: context.observed, skipped: first) {
        (sample: Int, outputs: [Tensor]) throws(QuantizationError) in
        for (value, output) in zip(pass, outputs) {
          state.observers[value.index, default: ValueObserver(channelAxis: channelAxes[value])].add(output)
        }
        state.sample = sample + 1
        if (sample + 1) % (checkpoint?.interval ?? .max) == 0 { try save(state) }
        let done = total.map { $0 / passes.count * number + sample + 1 } ?? sample + 1
        try context.progress(QuantizationProgress(stage: .observing, done: done, total: total))
      }
      state.pass += 1
      state.sample = 0
      try save(state)
    }
    return Dictionary(
      uniqueKeysWithValues: values.map {
        ($0, state.observers[$0.index] ?? ValueObserver(channelAxis: channelAxes[$0]))
      })
  }

  private func key(_ values: [ValueID], _ axes: [ValueID: Int], _ graph: Graph) -> String {
    if checkpoint == nil { return "" }
    let list = values.map { "\($0.index):\(axes[$0] ?? -1)" }.joined(separator: ",")
    return String(graph.contentDigest, radix: 16) + "/" + String(context.samples.digest, radix: 16)
      + "/\(context.observed)/\(context.options.observedBytes)/\(list)"
  }

  private func save(_ state: State) throws(QuantizationError) {
    guard let checkpoint else { return }
    let data: Data
    do { data = try JSONEncoder().encode(state) } catch {
      throw .checkpoint("it cannot be written: \(error.localizedDescription)")
    }
    try checkpoint.save(data)
  }

  private func restored(_ key: String) throws(QuantizationError) -> State {
    guard let data = checkpoint?.load() else { return State(key: key) }
    guard let state = try? JSONDecoder().decode(State.self, from: data) else {
      throw .checkpoint("it is damaged")
    }
    guard state.key == key else {
      throw .checkpoint("it is of another model, other data or another number of samples")
    }
    let sound = state.pass >= 0 && state.sample >= 0 && state.observers.values.allSatisfy(\.isSound)
    guard sound else { throw .checkpoint("it is damaged") }
    return state
  }
}
