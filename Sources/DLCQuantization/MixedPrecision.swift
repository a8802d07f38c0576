import DLCGraph
import DLCTensor

/// Returns operators to floating point until a bound on accuracy or size holds.
struct MixedPrecision {
  let context: CalibrationContext
  let reference: OutputReference
  let metric: DropMetric?
  /// nil: the estimated bytes of the weights are what is bounded.
  let planSize: PlanSize?

  /// Room for what a finished plan carries of measurements: metrics and a witness.
  private static let measuredBytes = 1024

  /// What a search found.
  struct Outcome {
    var draft: QuantizationDraft
    /// dB of the outputs with only that operator quantized.
    var sensitivity: [NodeID: Double] = [:]
    var returned: [NodeID] = []
    var drop: Double?
    /// Why a bound does not hold, and the best point that was found.
    var unreached: String?
  }

  /// Searches from `draft`, every allowed operator quantized.
  func search(_ draft: QuantizationDraft) throws(QuantizationError) -> Outcome {
    var outcome = Outcome(draft: draft)
    let names = draft.network.graph
    if let most = context.options.maxPlanBytes {
      let least = try bytes(draft)
      if least > most {
        outcome.unreached =
          "A plan of at most \(most) bytes cannot be reached: with every operator quantized that "
          + "\(context.options.mode.rawValue) takes it has \(least). A mode with fewer bits or a smaller network is needed."
        return outcome
      }
    }
    guard let most = context.options.maxDrop, let metric else { return outcome }
    var drop = try metric(try draft.emit())
    outcome.drop = drop
    if drop <= most { return outcome }
    let ranked = try ranked(draft, &outcome.sensitivity)
    // Most harmful first; twice as many each time, then back by halves: few runs of a metric that may be slow.
    func attempt(_ count: Int) throws(QuantizationError) -> (draft: QuantizationDraft, drop: Double) {
      let floats = Set(ranked.prefix(count))
      let candidate = draft.restricted { !floats.contains($0) }
      let drop = try metric(try candidate.emit())
      try context.progress(QuantizationProgress(stage: .searching, done: count, total: ranked.count))
      return (candidate, drop)
    }
    let limit = try largestCount(draft, ranked)
    var (low, high) = (0, min(1, limit))
    var found: (count: Int, draft: QuantizationDraft, drop: Double)?
    var best = (count: 0, draft: draft, drop: drop)
    while high > low {
      let next = try attempt(high)
      if next.drop < best.drop { best = (high, next.draft, next.drop) }
      if next.drop <= most {
        found = (high, next.draft, next.drop)
        break
      }
      low = high
      high = min(high * 2, limit)
    }
    while let point = found, point.count - low > 1 {
      let middle = (low + point.count) / 2
      let next = try attempt(middle)
      if next.drop <= most { found = (middle, next.draft, next.drop) } else { low = middle }
    }
    let chosen = found ?? best
    drop = chosen.drop
    outcome.draft = chosen.draft
    outcome.drop = drop
    outcome.returned = Array(ranked.prefix(chosen.count))
    if found == nil {
      let bound = limit < ranked.count ? " within \(context.options.maxPlanBytes ?? 0) bytes" : ""
      outcome.unreached =
        "A drop of at most \(most) cannot be reached\(bound): the best point found drops \((drop * 1e4).rounded() / 1e4) with "
        + "\(chosen.count) of \(ranked.count) operators in floating point"
        + (outcome.returned.isEmpty ? "" : ", the most sensitive being '\(names[outcome.returned[0]].name)'")
        + ", \(try bytes(chosen.draft)) bytes."
    }
    return outcome
  }

  /// The contractions from the most harmful to the least, by the noise that each alone brings to the outputs.
  private func ranked(
    _ draft: QuantizationDraft, _ sensitivity: inout [NodeID: Double]
  ) throws(QuantizationError) -> [NodeID] {
    let layers = draft.network.order.filter { id in
      if case .contraction = draft.network.role(id) { return draft.isQuantized(id) }
      return false
    }
    for (k, layer) in layers.enumerated() {
      let alone = draft.restricted { id in
        if case .contraction = draft.network.role(id) { return id == layer }
        return true
      }
      sensitivity[layer] = try reference.decibels(try alone.emit())
      try context.progress(QuantizationProgress(stage: .measuring, done: k + 1, total: layers.count))
    }
    let known = sensitivity
    return layers.sorted { (known[$0] ?? 0, $0) < (known[$1] ?? 0, $1) }
  }

  /// How many of the ranked operators may be floats before the plan passes the size allowed.
  private func largestCount(_ draft: QuantizationDraft, _ ranked: [NodeID]) throws(QuantizationError) -> Int {
    guard let limit = context.options.maxPlanBytes else { return ranked.count }
    let most = planSize == nil ? limit : limit - Self.measuredBytes
    // Planning is dear: weights are estimated, and only the first count that should do is planned, and fewer until one does.
    var bytes = try bytes(draft)
    var count = 0
    while count < ranked.count {
      bytes += draft.bytesInFloat(ranked[count]) - draft.bytesAsIs(ranked[count])
      if bytes > most { break }
      count += 1
    }
    while count > 0 {
      let floats = Set(ranked.prefix(count))
      if try self.bytes(draft.restricted { !floats.contains($0) }) <= most { break }
      count -= 1
    }
    return count
  }

  private func bytes(_ draft: QuantizationDraft) throws(QuantizationError) -> Int {
    guard let planSize else { return draft.weightBytes }
    return try planSize(try draft.emit())
  }
}

extension QuantizationDraft {
  /// Whether the node computes in integers or has integer weights.
  func isQuantized(_ id: NodeID) -> Bool { participation.nodes.contains(id) || weights[id] != nil }

  /// Estimated bytes of constants in a plan.
  var weightBytes: Int { network.order.reduce(0) { $0 + bytesAsIs($1) } }

  /// Bytes of a node's constants as the draft has them: integers, their scales, biases.
  func bytesAsIs(_ id: NodeID) -> Int {
    let all = bytesInFloat(id)
    if let table = tables[id], let tensor = network.graph.constant(network.graph[id].inputs[0]) {
      return all - 3 * tensor.count + 4 * table.scales.count
    }
    guard let weights = weights[id] else { return all }
    let integers = weights.limit > 7 ? weights.integers.count : (weights.integers.count + 1) / 2
    return all - weights.integers.count * 4 + integers + weights.scales.count * 4
  }

  /// Bytes of a node's constants as floats.
  func bytesInFloat(_ id: NodeID) -> Int {
    if isIdentity(id) { return 0 }
    return network.graph[id].inputs.reduce(0) { $0 + (network.graph.constant($1)?.type.byteCount ?? 0) }
  }
}
