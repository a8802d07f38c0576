import DLCQuantization
import DLCTensor

/// What quantization did to a network's answers, on the samples it was calibrated with.
package struct MeasuredDifference: Sendable {
  package var samples = 0
  /// The least cosine and signal to noise in dB of any output and sample.
  package var minCosine = 1.0
  package var minSQNR = Double.infinity
  /// All outputs and samples as one.
  package var total = TensorDifference()
  package var maxAbsolute: Double { total.maxAbsolute }
  /// Share of rows whose best class stays; nil when no output looks like scores.
  package var top1Agreement: Double?
  /// Shares of samples whose best class is their label, with floats and as quantized; nil without labels.
  package var accuracy: (float: Double, quantized: Double)?
  /// Least and greatest value of each input; empty without samples.
  var inputRanges: [(low: Double, high: Double)] = []

  /// Most samples compared.
  static let mostSamples = 200

  init(
    float: RuntimeExecution, quantized: RuntimeExecution,
    samples source: (Int, ([Tensor], Int?) throws(QuantizationError) -> Bool) throws(QuantizationError) -> Void
  ) throws(QuantizationError) {
    var agreements: [Double] = []
    var compared = 0
    var (labelled, floatRight, quantizedRight) = (0, 0, 0)
    try source(Self.mostSamples) { (inputs: [Tensor], label: Int?) throws(QuantizationError) in
      let (expected, found) = (try float.run(inputs), try quantized.run(inputs))
      compared += 1
      if inputRanges.isEmpty { inputRanges = inputs.map { _ in (.infinity, -.infinity) } }
      for (k, input) in inputs.enumerated() {
        for value in input.doubles() where value.isFinite {
          inputRanges[k] = (min(inputRanges[k].low, value), max(inputRanges[k].high, value))
        }
      }
      for (a, b) in zip(expected, found) where a.element.isFloat {
        let difference = TensorDifference(reference: a, candidate: b)
        total.add(difference)
        minCosine = min(minCosine, difference.cosine)
        minSQNR = min(minSQNR, difference.sqnr)
        if let agreement = top1Agreement_(a, b) { agreements.append(agreement) }
      }
      if let label, let scores = expected.first, let answer = found.first, scores.count > 1 {
        labelled += 1
        if largest(scores.doubles()[...]) == label { floatRight += 1 }
        if largest(answer.doubles()[...]) == label { quantizedRight += 1 }
      }
      return true
    }
    samples = compared
    if !agreements.isEmpty { top1Agreement = agreements.reduce(0, +) / Double(agreements.count) }
    if labelled > 0 {
      accuracy = (Double(floatRight) / Double(labelled), Double(quantizedRight) / Double(labelled))
    }
  }

  package var json: JSONValue {
    .object(
      [
        ("samples", .integer(samples)), ("min_cosine", .number(minCosine)), ("min_sqnr_db", .number(minSQNR)),
        ("sqnr_db", .number(total.sqnr)), ("max_abs", .number(maxAbsolute)),
        ("top1_agreement", top1Agreement.map { .number($0) } ?? .null),
      ]
        + (accuracy.map { [("accuracy_float", .number($0.float)), ("accuracy_quantized", .number($0.quantized))] } ?? [])
    )
  }

  package var text: String {
    var words =
      "against floats on \(samples) samples: SQNR \(short(total.sqnr)) dB (least \(short(minSQNR))), cosine at least \(short(minCosine))"
    if let top1Agreement { words += ", best class kept \(short(top1Agreement * 100)) %" }
    if let accuracy {
      words += ", accuracy \(short(accuracy.float * 100)) -> \(short(accuracy.quantized * 100)) %"
    }
    return words
  }
}

private func top1Agreement_(_ a: Tensor, _ b: Tensor) -> Double? { DLCReport.top1Agreement(reference: a, candidate: b) }
