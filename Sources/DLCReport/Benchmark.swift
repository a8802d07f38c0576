import DLCCompiler
import DLCTensor
import Foundation

/// Times a model.
package struct Benchmark {
  package var model: String
  package var seconds: Double
  package var threads: Int
  package var profiles: Bool

  package init(model: String, seconds: Double, threads: Int, profiles: Bool) {
    self.model = model
    self.seconds = seconds
    self.threads = threads
    self.profiles = profiles
  }

  /// Times in ms, sizes in bytes.
  package struct Outcome {
    package var name = ""
    package var times: [Double] = []
    package var loadMilliseconds = 0.0
    package var firstRunMilliseconds = 0.0
    package var threads = 1
    package var arenaBytes = 0
    package var planBytes = 0
    package var peakResidentBytes = 0
    package var macs = 0
    package var steps: [Step] = []
    /// Measured on one thread of this machine, for the share; 0 when not profiled.
    package var peakGFLOPs = 0.0
    package var notes: [String] = []

    /// One step of the plan with the median of its times.
    package struct Step {
      package var name: String
      package var kernel: String
      package var milliseconds: Double
      package var macs: Int
    }

    package var median: Double { percentile(0.5) }

    /// A percentile of the run times, `share` in 0...1; `times` is sorted.
    func percentile(_ share: Double) -> Double {
      times.isEmpty ? 0 : times[min(times.count - 1, Int((Double(times.count) * share).rounded(.down)))]
    }

    package var json: JSONValue {
      var members: [(String, JSONValue)] = [
        ("median_ms", .number(median)), ("min_ms", .number(times.first ?? 0)), ("p95_ms", .number(percentile(0.95))),
        ("runs", .integer(times.count)), ("threads", .integer(threads)), ("load_ms", .number(loadMilliseconds)),
        ("first_run_ms", .number(firstRunMilliseconds)), ("arena_bytes", .integer(arenaBytes)),
        ("plan_bytes", .integer(planBytes)), ("peak_rss_bytes", .integer(peakResidentBytes)),
      ]
      if !steps.isEmpty {
        members.append(("peak_gflops", .number(peakGFLOPs)))
        members.append(
          (
            "steps",
            .array(
              steps.map {
                .object([
                  ("name", .string($0.name)), ("kernel", .string($0.kernel)), ("ms", .number($0.milliseconds)),
                  ("macs", .integer($0.macs)), ("gflops", .number(gflops($0))),
                  ("share_of_peak", .number(share($0))),
                ])
              })
          ))
      }
      return .object(members)
    }

    private func gflops(_ step: Step) -> Double {
      step.milliseconds > 0 ? Double(2 * step.macs) / step.milliseconds / 1e6 : 0
    }

    private func share(_ step: Step) -> Double { peakGFLOPs > 0 ? gflops(step) / (peakGFLOPs * Double(threads)) : 0 }

    package var lines: [String] {
      var lines = [
        "\(name): median \(short(median)) ms, min \(short(times.first ?? 0)), p95 \(short(percentile(0.95))) over \(times.count) runs on \(threads) \(threads == 1 ? "thread" : "threads")",
        "load \(short(loadMilliseconds)) ms, first run \(short(firstRunMilliseconds)) ms; plan \(Listing.grouped(planBytes)) bytes, arena \(Listing.grouped(arenaBytes)) bytes, peak resident \(Listing.grouped(peakResidentBytes)) bytes",
      ]
      if macs > 0 {
        lines.append("\(Listing.grouped(macs)) MACs, \(short(Double(2 * macs) / median / 1e6)) GFLOP/s")
      }
      guard !steps.isEmpty else { return lines }
      let total = steps.reduce(0) { $0 + $1.milliseconds }
      var rows = [["step", "kernel", "ms", "%", "MACs", "GFLOP/s", "% of peak"]]
      for step in steps {
        rows.append([
          step.name, step.kernel, short(step.milliseconds), short(step.milliseconds / total * 100),
          step.macs > 0 ? Listing.grouped(step.macs) : "", step.macs > 0 ? short(gflops(step)) : "",
          step.macs > 0 ? short(share(step) * 100) : "",
        ])
      }
      return lines + Listing.table(rows, numeric: [2, 3, 4, 5, 6])
        + ["this machine's f32 peak on one thread, measured: \(short(peakGFLOPs)) GFLOP/s"]
    }
  }

  /// Opens, warms up and measures. Inputs are random and stay the same.
  package func run(options: CompileOptions) throws -> Outcome {
    var outcome = Outcome()
    let start = DispatchTime.now().uptimeNanoseconds
    let loaded = try Engine.open(model, options: options)
    let session = try loaded.session(threads: threads)
    outcome.loadMilliseconds = milliseconds(since: start)
    outcome.name = model
    outcome.notes = loaded.notes
    outcome.threads = threads
    try session.fill(try loaded.fill([:], seed: 1))
    let first = DispatchTime.now().uptimeNanoseconds
    try session.run()
    outcome.firstRunMilliseconds = milliseconds(since: first)
    for _ in 0..<3 { try session.run() }
    let end = DispatchTime.now().uptimeNanoseconds + UInt64(seconds * 1e9)
    while DispatchTime.now().uptimeNanoseconds < end || outcome.times.count < 5 {
      let begin = DispatchTime.now().uptimeNanoseconds
      try session.run()
      outcome.times.append(milliseconds(since: begin))
    }
    outcome.times.sort()
    outcome.arenaBytes = loaded.arenaBytes
    outcome.planBytes = loaded.planBytes
    outcome.macs = loaded.macs
    outcome.peakResidentBytes = Benchmark.peakResidentBytes
    if profiles { try profile(session, &outcome) }
    return outcome
  }

  private func profile(_ session: InferenceSession, _ outcome: inout Outcome) throws {
    let rounds = 15
    var times: [[Double]] = []
    for _ in 0..<rounds { times.append(try session.runTimed()) }
    for (k, step) in session.steps.enumerated() {
      let sorted = times.map { $0[k] }.sorted()
      outcome.steps.append(
        .init(name: step.name, kernel: step.kernel, milliseconds: sorted[rounds / 2], macs: step.macs))
    }
    outcome.peakGFLOPs = Engine.measuredPeakGFLOPs()
  }

  private func milliseconds(since start: UInt64) -> Double {
    Double(DispatchTime.now().uptimeNanoseconds - start) / 1e6
  }

  /// The most memory this process ever had resident.
  private static var peakResidentBytes: Int {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    return Int(usage.ru_maxrss) * 1024
  }
}
