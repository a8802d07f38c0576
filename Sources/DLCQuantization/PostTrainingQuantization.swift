import DLCGraph
import DLCOperators
import DLCTensor

/// A network in quantize-dequantize form, and what was done to it.
package struct QuantizedGraph: Sendable {
  package var graph: Graph
  package var report: QuantizationReport
  /// What channels of balanced values are divided by, by the names of the value and of the node that computes it.
  package var channelScales: [String: [Float]] = [:]
}

/// Quantizes trained networks without training them.
package enum PostTrainingQuantization {
  /// The quantize-dequantize form of `graph`, a float network after fusion with channels first.
  ///
  /// `metric` is what `options.maxDrop` bounds, `planSize` what `options.maxPlanBytes` does; `progress` may throw
  /// `QuantizationError.stopped`.
  package static func quantize(
    _ graph: Graph, options: QuantizationOptions = QuantizationOptions(), samples: some SampleSource,
    runner: @escaping GraphRunner, checkpoint: CalibrationCheckpoint? = nil, metric: DropMetric? = nil,
    planSize: PlanSize? = nil, progress: @escaping QuantizationProgressHandler = { _ in }
  ) throws(QuantizationError) -> QuantizedGraph {
    let network = try PreparedNetwork(graph, splits: options.mode.quantizesActivations)
    let context = CalibrationContext(
      samples: samples, runner: runner, options: options, progress: progress, products: network.products)
    var session = QuantizationSession(
      context: context, checkpoint: checkpoint, metric: metric, planSize: planSize,
      draft: QuantizationDraft(network: network))
    return try session.run(graph)
  }
}

/// The steps of one quantization, in order.
struct QuantizationSession {
  let context: CalibrationContext
  let checkpoint: CalibrationCheckpoint?
  let metric: DropMetric?
  let planSize: PlanSize?
  var draft: QuantizationDraft
  private var report = QuantizationReport()
  private var observers: [ValueID: ValueObserver] = [:]
  private var choices: [ValueID: RangeChoice] = [:]
  private var applied: [NodeID: [String]] = [:]
  private var rangeMethod: RangeMethod
  private var closeCall: CloseCall?

  /// A balanced draft that was not kept, but by so little that rounding may decide otherwise.
  private struct CloseCall {
    let name: String
    let remark: String
    let producers: [NodeID]
    var draft: QuantizationDraft
    let observers: [ValueID: ValueObserver]
    let choices: [ValueID: RangeChoice]
  }

  init(
    context: CalibrationContext, checkpoint: CalibrationCheckpoint?, metric: DropMetric?, planSize: PlanSize?,
    draft: QuantizationDraft
  ) {
    self.context = context
    self.checkpoint = checkpoint
    self.metric = metric
    self.planSize = planSize
    self.draft = draft
    rangeMethod = context.options.rangeMethod
  }

  private var options: QuantizationOptions { context.options }
  private var assembly: DraftAssembly { DraftAssembly(options: options) }
  private var network: PreparedNetwork { draft.network }

  /// Does everything; `graph` is the network as it came.
  mutating func run(_ graph: Graph) throws(QuantizationError) -> QuantizedGraph {
    if context.samples.count == 0 { throw .samples("it holds no sample") }
    if options.mode.quantizesActivations { try observe() }
    assembly.assignWeights(&draft)
    if draft.weights.isEmpty && draft.tables.isEmpty && draft.participation.nodes.isEmpty {
      report.warnings.append(
        "No operator of this network can be quantized and gains by it: it stays in floating point.")
      return QuantizedGraph(graph: graph, report: report)
    }
    var reference = try OutputReference(context, graph, samples: context.ranged)
    report.outputDecibels = try reference.decibels(try draft.emit())
    if options.mode.quantizesActivations {
      try returnDoubtful(reference)
      try chooseRanges(reference)
      try balance(reference)
      try refineRanges(reference)
    }
    if context.measured < context.ranged {
      reference = try OutputReference(context, graph)
      report.outputDecibels = try reference.decibels(try draft.emit())
    }
    draft.balanced = draft.overrides
    if options.optimizesRounding { try optimizeRounding(reference) }
    if options.correctsBias { try correctBias(reference) }
    let search = MixedPrecision(context: context, reference: reference, metric: metric, planSize: planSize)
    let outcome = try search.search(draft)
    draft = outcome.draft
    report.drop = outcome.drop
    report.unreached = outcome.unreached
    let result = try draft.emit()
    if !outcome.returned.isEmpty { report.outputDecibels = try reference.decibels(result) }
    describe(outcome)
    return QuantizedGraph(graph: result, report: report, channelScales: draft.namedChannelScales)
  }

  /// Observes activations, settles who takes part and gives parameters.
  private mutating func observe() throws(QuantizationError) {
    let (network, assembly) = (network, assembly)
    func participation(_ excluded: Set<ValueID>) -> Participation {
      Participation(network, excluded: excluded) { assembly.allows($0, network) }
    }
    draft.participation = participation([])
    let classes = ScaleClasses(network, draft.participation)
    let sites = BalanceSite.all(network, draft.participation)
    let axes = Dictionary(uniqueKeysWithValues: sites.map { ($0.value, $0.axis) })
    let values = Array(Set(classes.observed).union(axes.keys)).sorted()
    observers = try Observation(context: context, checkpoint: checkpoint).observe(
      values, channelAxes: axes, in: draft)
    let unsound = values.filter { (observers[$0]?.histogram.nonFinite ?? 0) > 0 }
    if !unsound.isEmpty {
      draft.participation = participation(Set(unsound))
      report.warnings.append(
        "\(unsound.count) values are infinite or not a number for some inputs, such as "
          + "'\(network.graph[unsound[0]].name)': what touches them stays in floating point.")
    }
    choices = assembly.assignParameters(&draft, observers, method: rangeMethod)
  }

  /// Tries a changed draft: kept when the outputs' noise falls, by more than `margin` in dB.
  @discardableResult
  private mutating func attempt(
    _ name: String, _ candidate: QuantizationDraft, _ reference: OutputReference, margin: Double = 0
  ) throws(QuantizationError) -> Bool {
    let after = try reference.decibels(try candidate.emit())
    let kept = after > report.outputDecibels + margin
    report.steps.append(
      QuantizationReport.Step(name: name, before: report.outputDecibels, after: after, kept: kept))
    if kept {
      draft = candidate
      report.outputDecibels = after
    }
    return kept
  }

  /// Decibels that operators of little gain must cost together to go back to floating point: half of the noise.
  private static let dearly = 3.0
  /// Decibels of an output whose noise decides about little.
  private static let healthy = 20.0

  /// Gives operators that gain little by integers back to floating point where they make up half of the outputs' noise, and
  /// that is loud.
  ///
  /// A depthwise convolution behind a function that does not scale (SiLU, h-swish) cannot be balanced: channels of unequal
  /// strength share a scale, and those of small detectors end in coordinates.
  private mutating func returnDoubtful(_ reference: OutputReference) throws(QuantizationError) {
    let doubtful = draft.participation.nodes.filter { assembly.gain($0, network) == .little }
    if doubtful.isEmpty || report.outputDecibels > Self.healthy { return }
    var candidate = draft.restricted { !doubtful.contains($0) }
    let found = assembly.assignParameters(&candidate, observers, method: rangeMethod)
    candidate.weights = [:]
    assembly.assignWeights(&candidate)
    let name = "\(doubtful.count) operators of little gain in floats"
    if try attempt(name, candidate, reference, margin: Self.dearly) { choices = found }
  }

  /// Whether other methods for all tensors give less noise at the outputs than the choice for each tensor.
  ///
  /// The square error of a tensor weighs one element far out like thousands of rounded ones; the outputs may not.
  private mutating func chooseRanges(_ reference: OutputReference) throws(QuantizationError) {
    guard options.rangeMethod == .automatic else { return }
    for method in [RangeMethod.minMax, .percentile(99.99), .percentile(99.9)] {
      var candidate = draft
      let found = assembly.assignParameters(
        &candidate, observers, method: method, leastCut: reference.leastCut)
      if candidate.parameters == draft.parameters { continue }
      candidate.weights = [:]
      assembly.assignWeights(&candidate)
      if try attempt("ranges by \(method)", candidate, reference) {
        choices = found
        rangeMethod = method
      }
    }
  }

  /// Scales channels against each other, convolutions and layer normalizations each as one step.
  private mutating func balance(_ reference: OutputReference) throws(QuantizationError) {
    let sites = BalanceSite.all(network, draft.participation)
    let kinds = [
      (options.equalizes, false, "equalization", "equalized"),
      (options.balancesNormalizations, true, "normalization balancing", "balanced"),
    ]
    for (wanted, normalizes, name, remark) in kinds where wanted {
      var candidate = draft
      var changed: [BalanceSite] = []
      for site in sites where site.normalizes == normalizes {
        guard let channels = observers[site.value]?.channels,
          let (overrides, scales) = ChannelBalance(draft: candidate, site: site).balanced(channels)
        else { continue }
        candidate.overrides.merge(overrides) { $1 }
        candidate.channelScales[site.value] = scales
        changed.append(site)
      }
      if changed.isEmpty { continue }
      let axes = Dictionary(uniqueKeysWithValues: changed.map { ($0.value, $0.axis) })
      var known = observers
      known.merge(
        try Observation(context: context, checkpoint: nil).observe(
          axes.keys.sorted(), channelAxes: axes, in: candidate)
      ) { $1 }
      let found = assembly.assignParameters(
        &candidate, known, method: rangeMethod, leastCut: options.rangeMethod == .automatic ? reference.leastCut : 0)
      candidate.weights = [:]
      assembly.assignWeights(&candidate)
      let producers = changed.map(\.producer)
      if try attempt(name, candidate, reference) {
        observers = known
        choices = found
        closeCall = nil
        self.remark(remark, on: producers)
      } else if let step = report.steps.last, step.before - step.after < Self.close {
        closeCall = CloseCall(
          name: name, remark: remark, producers: producers, draft: candidate, observers: known, choices: found)
      }
      try context.progress(QuantizationProgress(stage: .balancing, done: normalizes ? 2 : 1, total: 2))
    }
  }

  /// Other ranges for single tensors, where measuring them all is cheap.
  private mutating func refineRanges(_ reference: OutputReference) throws(QuantizationError) {
    guard options.rangeMethod == .automatic else { return }
    let refinement = RangeRefinement(context: context, reference: reference, assembly: assembly, method: rangeMethod)
    guard let found = try refinement.refined(draft, observers, from: report.outputDecibels) else { return }
    if try attempt("ranges of single tensors", found.draft, reference) { choices = found.choices }
  }

  /// Decibels that balancing may lose and still gain by the rounding behind it, whose errors it spreads, and must gain then:
  /// less may be chance.
  private static let close = 1.0

  private mutating func optimizeRounding(_ reference: OutputReference) throws(QuantizationError) {
    let before = applied
    let (candidate, improved) = try RoundingStage(context: context).optimized(draft)
    if !improved.isEmpty, try attempt("rounding optimization", candidate, reference) {
      remark("rounding optimized", on: improved.keys)
    }
    guard var other = closeCall else { return }
    other.draft.balanced = other.draft.overrides
    let (second, rounded) = try RoundingStage(context: context).optimized(other.draft)
    if !rounded.isEmpty,
      try attempt("\(other.name) before rounding optimization", second, reference, margin: Self.close)
    {
      (observers, choices, applied) = (other.observers, other.choices, before)
      remark(other.remark, on: other.producers)
      remark("rounding optimized", on: rounded.keys)
    }
  }

  private mutating func remark(_ text: String, on nodes: some Sequence<NodeID>) {
    for id in nodes { applied[id, default: []].append(text) }
  }

  private mutating func correctBias(_ reference: OutputReference) throws(QuantizationError) {
    let candidate = try BiasCorrection(context: context).corrected(draft)
    let changed = Set(candidate.overrides.keys.map(\.node)).filter {
      candidate.constant($0, 2) != draft.constant($0, 2)
    }
    if changed.isEmpty { return }
    if try attempt("bias correction", candidate, reference) {
      remark("bias corrected", on: changed)
    }
  }

  /// Fills the report's tables.
  private mutating func describe(_ outcome: MixedPrecision.Outcome) {
    report.weightBytes = draft.weightBytes
    for value in choices.keys.sorted() where draft.participation.wanted.contains(value) {
      guard let choice = choices[value], let histogram = observers[value]?.histogram else { continue }
      report.tensors.append(
        QuantizationReport.TensorEntry(
          name: network.graph[value].name, method: choice.method, minimum: histogram.minimum,
          maximum: histogram.maximum, parameters: choice.parameters, expectedDecibels: choice.decibels))
    }
    for id in network.order where network.role(id) != .float {
      let isContraction = if case .contraction = network.role(id) { true } else { false }
      let isQuantized = draft.isQuantized(id)
      if !isContraction && !isQuantized { continue }
      report.layers.append(
        QuantizationReport.LayerEntry(
          name: network.graph[id].name, mnemonic: network.graph[id].op.mnemonic,
          precision: isQuantized ? options.mode.rawValue : "float", applied: isQuantized ? applied[id] ?? [] : [],
          weightDecibels: weightDecibels(id), sensitivity: outcome.sensitivity[id]))
    }
  }

  private func weightDecibels(_ id: NodeID) -> Double? {
    guard let weights = draft.weights[id], let matrix = draft.matrix(id), let exact = draft.constant(id, 1)?.floats()
    else { return nil }
    let quantizer = WeightQuantizer(matrix: matrix, shape: Shape([exact.count]))
    var (noise, signal) = (0.0, 0.0)
    for (a, b) in zip(quantizer.dequantized(weights), exact) {
      noise += Double(a - b) * Double(a - b)
      signal += Double(b) * Double(b)
    }
    return signal > 0 ? Decibels.ofNoise(noise / signal) : nil
  }
}
