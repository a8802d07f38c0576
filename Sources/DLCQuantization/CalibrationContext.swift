import DLCGraph
import DLCOperators
import DLCTensor

/// What every measuring step needs: the data, something that runs graphs, and where progress goes.
struct CalibrationContext {
  let samples: any SampleSource
  let runner: GraphRunner
  let options: QuantizationOptions
  let progress: QuantizationProgressHandler
  /// Multiply-adds of one run of the network, which decide how many samples changes are judged on.
  var products = Double.infinity

  /// Multiply-adds that one judgement and one fit may take.
  private static let judgementWork = 20e9
  private static let fittingWork = 40e9

  /// As many samples as ranges are judged on where there are so many.
  private static let fewest = 48

  /// Samples that are observed.
  var observed: Int { max(options.samples, 1) }
  /// The first samples, on which changes are judged: more of them where runs are cheap.
  var measured: Int {
    min(samples.count.map { max(min($0, observed) / 3, 1) } ?? observed, affordable(Self.judgementWork, 16...128))
  }
  /// The samples on which ranges are judged: nothing is fitted to single ones here, so that few need not be divided.
  var ranged: Int {
    let known = min(samples.count ?? observed, observed)
    return max(measured, min(known, Self.fewest, affordable(Self.judgementWork, 16...128)))
  }
  /// The samples behind those measured, on which weights and biases are fitted: what only suits these shows when it is judged.
  /// All when their number is not known or they are very few.
  var fitted: Range<Int> {
    let most = affordable(Self.fittingWork, 64...256)
    guard let count = samples.count, min(count, observed) >= 6 else { return 0..<min(observed, most) }
    return measured..<min(min(count, observed), measured + most)
  }

  /// How many runs `work` multiply-adds pay for, within `bounds`.
  private func affordable(_ work: Double, _ bounds: ClosedRange<Int>) -> Int {
    Int(min(max(work / max(products, 1), Double(bounds.lowerBound)), Double(bounds.upperBound)))
  }

  /// Runs `graph` on the first `limit` samples but the first `skipped`, one after another.
  func run(
    _ graph: Graph, limit: Int, skipped: Int = 0,
    _ body: (_ sample: Int, _ outputs: [Tensor]) throws(QuantizationError) -> Void
  ) throws(QuantizationError) {
    let execution = try runner(graph)
    let types = graph.inputs.map { graph[$0.value].type }
    var index = 0
    try samples.forEach(limit: limit) { (inputs: [Tensor]) throws(QuantizationError) -> Bool in
      defer { index += 1 }
      if index < skipped { return true }
      guard inputs.map(\.type) == types else {
        throw .samples(
          "sample \(index + 1) has \(inputs.map(\.type)), the network's inputs are \(types)")
      }
      let outputs = try execution.run(inputs)
      guard outputs.count == graph.outputs.count else {
        throw .execution("expected \(graph.outputs.count) outputs, found \(outputs.count)")
      }
      try body(index, outputs)
      return true
    }
    if index == 0 { throw .samples("it holds no sample") }
  }

  /// Cuts `items` into runs whose `bytes` together stay under the options' bound, one item at least.
  func passes<T>(_ items: [T], bytes: (T) -> Int) -> [[T]] {
    var result: [[T]] = []
    var room = 0
    for item in items {
      let size = bytes(item)
      if result.isEmpty || size > room {
        result.append([])
        room = options.observedBytes
      }
      result[result.count - 1].append(item)
      room -= size
    }
    return result
  }

  /// The mean of each channel of what `probes` give on the graph of `draft`, over the samples for fitting.
  func channelMeans(
    _ probes: [Probe], in draft: QuantizationDraft, stage: QuantizationProgress.Stage
  ) throws(QuantizationError) -> [[Double]] {
    let network = draft.network.graph
    var result: [[Double]] = []
    let passes = passes(probes) { network[$0.anchor(network)].type.byteCount }
    for (k, pass) in passes.enumerated() {
      let graph = try draft.emit(pass)
      var observers = pass.map { probe in
        let value = probe.anchor(network)
        let op = network.producer(of: value).flatMap { Contraction($0.node.op) }
        return ChannelObserver(axis: op?.channelAxis(rank: network[value].type.rank) ?? 0)
      }
      try run(graph, limit: fitted.upperBound, skipped: fitted.lowerBound) {
        (_: Int, outputs: [Tensor]) throws(QuantizationError) in
        for (position, output) in outputs.enumerated() { observers[position].add(output) }
      }
      result += observers.map(\.means)
      try progress(QuantizationProgress(stage: stage, done: k + 1, total: passes.count))
    }
    return result
  }
}

/// The float network's answers, to measure quantized ones against.
struct OutputReference {
  private let context: CalibrationContext
  private let answers: [[Tensor]]

  /// Samples that changes are judged on.
  var count: Int { answers.count }

  /// Fewest elements of all observed samples that a range by percentile has to cut off for the loss to show in the judged
  /// ones; 0 where all are judged. A pooled value has some dozen elements a sample: a few samples that lie far out may not
  /// be among those.
  var leastCut: Double {
    let observed = min(context.samples.count ?? context.observed, context.observed)
    return count >= observed ? 0 : Self.fewestJudged * Double(observed) / Double(max(count, 1))
  }

  private static let fewestJudged = 64.0

  /// Most bytes of answers kept.
  private static let mostBytes = 32 << 20

  /// `samples`: how many of the first, all that are measured unless given.
  init(_ context: CalibrationContext, _ graph: Graph, samples: Int? = nil) throws(QuantizationError) {
    self.context = context
    let bytes = graph.outputs.reduce(0) { $0 + graph[$1.value].type.byteCount }
    let limit = max(min(samples ?? context.measured, Self.mostBytes / max(bytes, 1)), 1)
    var answers: [[Tensor]] = []
    try context.run(graph, limit: limit) { (_: Int, outputs: [Tensor]) throws(QuantizationError) in
      answers.append(outputs)
    }
    self.answers = answers
  }

  /// Signal to quantization noise of a graph's answers in dB, each sample having the mean noise share of its outputs:
  /// half the mean of the samples' dB, where a rare one whose elements are far out does not decide alone, half the dB of
  /// their mean share, where many that are all but exact do not hide the few that are not.
  ///
  /// Integer outputs count by the share that differs.
  func decibels(_ graph: Graph) throws(QuantizationError) -> Double {
    var (sum, whole) = (0.0, 0.0)
    var exact = true
    try context.run(graph, limit: answers.count) { (sample: Int, outputs: [Tensor]) throws(QuantizationError) in
      let shares = zip(outputs, answers[sample]).map { Self.noiseShare($0, $1) }
      let share = shares.reduce(0, +) / Double(max(shares.count, 1))
      if share > 0 { exact = false }
      sum += Self.bounded(Decibels.ofNoise(share))
      whole += share
    }
    let count = Double(max(answers.count, 1))
    return exact ? .infinity : (sum / count + Self.bounded(Decibels.ofNoise(whole / count))) / 2
  }

  private static func bounded(_ decibels: Double) -> Double { min(max(decibels, -40), 140) }

  private static func noiseShare(_ found: Tensor, _ expected: Tensor) -> Double {
    let isFloat = expected.element.isFloat
    var (noise, signal) = (0.0, 0.0)
    for (a, b) in zip(found.doubles(), expected.doubles()) where b.isFinite {
      let difference = isFloat ? a - b : (a == b ? 0 : 1)
      noise += difference.isFinite ? difference * difference : b * b + 1
      signal += isFloat ? b * b : 1
    }
    return signal > 0 ? noise / signal : (noise > 0 ? 1 : 0)
  }
}
