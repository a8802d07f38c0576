import DLCGraph

/// Runs passes over a graph: applies their patches, checks the graph, counts.
package struct PassRunner: Sendable {
  /// When the graph's invariants are checked.
  package enum Verification: Sendable { case never, eachPass, eachPatch }

  package var verification: Verification
  /// Number of patches of optional passes (levels 1 and 2) after which only mandatory ones go on: bisects wrong answers.
  package var stopAfter: Int?
  /// Called with the graph after each pass that changed it.
  package var afterPass: (@Sendable (Pass, Graph) -> Void)?
  /// Called with each patch's pass, number (from 1, optional and mandatory alike) and summary.
  package var onPatch: (@Sendable (Pass, Int, String) -> Void)?

  /// Rounds over the graph, and patches per node, before a pass is said not to end.
  private static let maximumRounds = 32
  private static let maximumPatchesPerNode = 16

  package init(
    verification: Verification = .eachPass, stopAfter: Int? = nil,
    afterPass: (@Sendable (Pass, Graph) -> Void)? = nil, onPatch: (@Sendable (Pass, Int, String) -> Void)? = nil
  ) {
    self.verification = verification
    self.stopAfter = stopAfter
    self.afterPass = afterPass
    self.onPatch = onPatch
  }

  /// Runs `passes` in order; gives what each did, after what `earlier` says was done before.
  ///
  /// - Throws: `PassError` when the graph is broken before or after a pass, or a pass does not end.
  package func run(
    _ passes: [Pass], on graph: inout Graph, after earlier: PassReport = PassReport()
  ) throws(PassError) -> PassReport {
    var report = earlier
    if verification != .never, let defect = graph.firstDefect() {
      throw PassError(pass: nil, patch: nil, reason: defect)
    }
    for pass in passes {
      let clock = ContinuousClock()
      let start = clock.now
      let before = report.patches
      switch pass.body {
      case .node(let visit): try sweep(pass, visit, on: &graph, &report)
      case .graph(let step): try iterate(pass, step, on: &graph, &report)
      }
      let changed = report.patches > before
      if changed, verification != .never, let defect = graph.firstDefect() {
        throw PassError(pass: pass.name, patch: nil, reason: defect)
      }
      report.entries.append(
        .init(pass: pass.name, patches: report.patches - before, duration: clock.now - start, nodes: graph.nodeCount))
      if changed { afterPass?(pass, graph) }
    }
    return report
  }

  private func stopped(_ pass: Pass, _ report: PassReport) -> Bool {
    guard let stopAfter, pass.level > 0 else { return false }
    return report.optionalPatches >= stopAfter
  }

  private func sweep(
    _ pass: Pass, _ visit: (Graph, NodeID) throws(OperatorError) -> GraphPatch?, on graph: inout Graph,
    _ report: inout PassReport
  ) throws(PassError) {
    var limit = Self.maximumPatchesPerNode * (graph.nodeCount + 8)
    for _ in 0..<Self.maximumRounds {
      var changed = false
      // Reversed, so that the next node to visit is the last element; what a patch adds goes on top.
      var agenda = [NodeID]((graph.topologicalOrder() ?? []).reversed())
      while let id = agenda.popLast() {
        guard graph.contains(id) else { continue }
        if stopped(pass, report) { return }
        guard let patch = try attempt(pass, { () throws(OperatorError) in try visit(graph, id) }) else { continue }
        limit -= 1
        guard limit > 0 else { throw PassError(pass: pass.name, patch: patch.summary, reason: "the pass does not end") }
        let firstNew = graph.nodes.count
        try apply(patch, of: pass, to: &graph, &report)
        changed = true
        agenda.append(contentsOf: affected(by: firstNew, visiting: id, in: graph))
      }
      if !changed { return }
    }
    throw PassError(pass: pass.name, patch: nil, reason: "the pass does not end after \(Self.maximumRounds) rounds")
  }

  /// Nodes to visit again after a patch: its new nodes and their readers, last first.
  private func affected(by firstNew: Int, visiting id: NodeID, in graph: Graph) -> [NodeID] {
    var result: [NodeID] = []
    for index in firstNew..<graph.nodes.count where graph.contains(NodeID(index: index)) {
      for output in graph[NodeID(index: index)].outputs {
        result.append(contentsOf: graph[output].users.filter { $0.index < firstNew })
      }
    }
    result.append(contentsOf: (firstNew..<graph.nodes.count).reversed().map { NodeID(index: $0) })
    if graph.contains(id) { result.append(id) }
    return result
  }

  private func iterate(
    _ pass: Pass, _ step: (Graph) throws(OperatorError) -> GraphPatch?, on graph: inout Graph,
    _ report: inout PassReport
  ) throws(PassError) {
    let limit = Self.maximumPatchesPerNode * (graph.nodeCount + 8)
    for _ in 0..<limit {
      if stopped(pass, report) { return }
      guard let patch = try attempt(pass, { () throws(OperatorError) in try step(graph) }) else { return }
      try apply(patch, of: pass, to: &graph, &report)
    }
    throw PassError(pass: pass.name, patch: nil, reason: "the pass does not end")
  }

  private func attempt(
    _ pass: Pass, _ body: () throws(OperatorError) -> GraphPatch?
  ) throws(PassError) -> GraphPatch? {
    do {
      return try body()
    } catch {
      throw PassError(pass: pass.name, patch: nil, reason: error.reason)
    }
  }

  private func apply(
    _ patch: GraphPatch, of pass: Pass, to graph: inout Graph, _ report: inout PassReport
  ) throws(PassError) {
    graph.apply(patch)
    report.patches += 1
    if pass.level > 0 { report.optionalPatches += 1 }
    onPatch?(pass, report.patches, patch.summary)
    if verification == .eachPatch, let defect = graph.firstDefect() {
      throw PassError(pass: pass.name, patch: patch.summary, reason: defect)
    }
  }
}

/// What the passes did, in order.
package struct PassReport: Sendable {
  package struct Entry: Sendable {
    package var pass: String
    package var patches: Int
    package var duration: Duration
    /// Nodes of the graph after the pass.
    package var nodes: Int

    /// Wall time in milliseconds.
    package var milliseconds: Double {
      Double(duration.components.seconds) * 1e3 + Double(duration.components.attoseconds) / 1e15
    }
  }

  package var entries: [Entry] = []
  /// Patches applied, by all passes.
  package var patches = 0
  /// Patches applied by passes above level 0: what `stopAfter` counts.
  package var optionalPatches = 0

  package init() {}
}

/// A pass that broke the graph, or could not do what it must: a defect of ours, with its place.
package struct PassError: Error, Hashable, CustomStringConvertible {
  /// Nil: the graph was broken before the first pass.
  package let pass: String?
  package let patch: String?
  package let reason: String

  package var description: String {
    let place = [pass.map { "pass '\($0)'" } ?? "before the first pass", patch.map { "patch '\($0)'" }]
    return "\(place.compactMap { $0 }.joined(separator: ", ")): \(reason)"
  }
}
