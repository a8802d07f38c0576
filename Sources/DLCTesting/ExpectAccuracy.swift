import DLCCompiler
import DLCReport

/// How near a candidate's outputs must come to the reference's; nil: not asked for.
public struct AccuracyBars: Sendable, Hashable {
  /// Largest absolute difference of any element.
  public var maxAbsolute: Double?
  /// Cosine of the angle between both outputs as vectors, all samples as one.
  public var minCosine: Double?
  /// Signal to quantization noise of each output, all samples as one, in dB.
  public var minSQNR: Double?
  /// Share of rows whose best class agrees, 0 to 1.
  public var minTop1: Double?

  public init(maxAbsolute: Double? = nil, minCosine: Double? = nil, minSQNR: Double? = nil, minTop1: Double? = nil) {
    self.maxAbsolute = maxAbsolute
    self.minCosine = minCosine
    self.minSQNR = minSQNR
    self.minTop1 = minTop1
  }

  var isEmpty: Bool { maxAbsolute == nil && minCosine == nil && minSQNR == nil && minTop1 == nil }
}

/// What both models are run on.
public enum AccuracyData: Sendable, Hashable {
  /// Random inputs, the same for the same seed.
  case random(samples: Int, seed: UInt64 = 1)
  /// Data as `dlc diff --data` takes it.
  case files(String)
}

/// Why an accuracy was not reached or could not be measured.
public enum AccuracyError: Error, Sendable, Hashable, CustomStringConvertible {
  /// Bars that were missed, one sentence each with the figure found.
  case missed([String])
  /// A model or data set that cannot be used, and why.
  case unusable(String)

  public var description: String {
    switch self {
    case .missed(let bars): bars.joined(separator: "\n")
    case .unusable(let reason): reason
    }
  }
}

/// Runs two models, each an `.onnx` file or a plan, on the same inputs and throws unless `candidate` comes as near to
/// `reference` as `bars` ask. For tests: a miss fails the test with the figures.
///
///     try expectAccuracy(of: "model.plan", matches: "model.onnx", within: AccuracyBars(minSQNR: 20, minTop1: 0.98))
///
/// - Throws: `AccuracyError.missed` with the bars that were missed, `.unusable` when a model or the data cannot be used.
public func expectAccuracy(
  of candidate: String, matches reference: String, within bars: AccuracyBars,
  on data: AccuracyData = .random(samples: 8), threads: Int = 1
) throws(AccuracyError) {
  guard !bars.isEmpty else {
    throw .unusable("No bar is set; give at least one of maxAbsolute, minCosine, minSQNR, minTop1.")
  }
  let (path, samples, seed): (String?, Int?, UInt64) =
    switch data {
    case .random(let samples, let seed): (nil, samples, seed)
    case .files(let path): (path, nil, 1)
    }
  guard samples.map({ $0 > 0 }) ?? true else { throw .unusable("Give at least one random sample.") }
  let comparison = ModelComparison(
    reference: reference, candidate: candidate, data: path.map { DataRequest($0) }, randomSamples: samples, seed: seed,
    threads: threads,
    bars: .init(
      maxAbsolute: bars.maxAbsolute, minCosine: bars.minCosine, minSQNR: bars.minSQNR, minTop1: bars.minTop1))
  let outcome: ModelComparison.Outcome
  do { outcome = try comparison.run(options: CompileOptions()) } catch {
    throw .unusable(sentence(for: error))
  }
  guard outcome.samples > 0 else { throw .unusable("The data holds no samples.") }
  if !outcome.passed { throw .missed(outcome.missed) }
}

private func sentence(for error: any Error) -> String {
  if let failure = error as? Failure { return failure.message }
  return "\(error)"
}
