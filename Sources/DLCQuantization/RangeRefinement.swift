import DLCGraph

/// Tries other ranges for one tensor after another, and keeps those with which the outputs' noise falls.
///
/// The error of a tensor's elements is all that a range search sees; how much of it the network passes on is measured
/// here. Only for networks so small that trying all tensors is a matter of seconds.
struct RangeRefinement {
  let context: CalibrationContext
  let reference: OutputReference
  let assembly: DraftAssembly
  /// The method of all tensors so far.
  let method: RangeMethod

  /// Multiply-adds and runs spent in all.
  private static let work = 100e9
  private static let mostRuns = 16_000
  /// What a change must gain in dB: less may be chance.
  private static let worthwhile = 0.03

  private static let methods = [
    RangeMethod.automatic, .minMax, .meanSquare, .percentile(99.99), .percentile(99.9), .percentile(99.5),
  ]

  /// The draft with other ranges and the choices behind them; nil when no range is better or the network is too large.
  func refined(
    _ draft: QuantizationDraft, _ observers: [ValueID: ValueObserver], from start: Double
  ) throws(QuantizationError) -> (draft: QuantizationDraft, choices: [ValueID: RangeChoice])? {
    var classes = ScaleClasses(draft.network, draft.participation)
    let values = classes.representatives(observers).filter { draft.network.graph.constant($0) == nil }
    let runs = values.count * (Self.methods.count - 1) * reference.count
    guard runs <= Self.mostRuns, Double(runs) * context.products <= Self.work else { return nil }
    var others: [ValueID: RangeMethod] = [:]
    var best = (draft: draft, decibels: start)
    var choices: [ValueID: RangeChoice]?
    for (k, value) in values.enumerated() {
      var tried: [QuantizationDraft] = []
      for other in Self.methods {
        var methods = others
        methods[value] = other
        var candidate = draft
        let found = assembly.assignParameters(
          &candidate, observers, method: method, except: methods, leastCut: reference.leastCut)
        let known = candidate.parameters
        if ([best.draft] + tried).contains(where: { $0.parameters == known }) { continue }
        candidate.weights = [:]
        assembly.assignWeights(&candidate)
        tried.append(candidate)
        let decibels = try reference.decibels(try candidate.emit())
        if decibels > best.decibels + Self.worthwhile {
          best = (candidate, decibels)
          others = methods
          choices = found
        }
      }
      try context.progress(QuantizationProgress(stage: .measuring, done: k + 1, total: values.count))
    }
    return choices.map { (best.draft, $0) }
  }
}
