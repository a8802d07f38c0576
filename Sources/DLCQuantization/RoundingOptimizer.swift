import DLCGraph
import DLCOperators
import DLCTensor

/// Rounds weights so that the errors of a layer's sums cancel (GPTQ, Frantar et al. 2022).
///
/// With H the covariance of the inputs and H = R R^T, R upper triangular, a row's error is |R^T (w - q)|^2. Its k-th term
/// holds the integers up to k alone, so each integer is chosen to cancel what those before it left.
struct RoundingOptimizer {
  let quantizer: WeightQuantizer
  let covariance: InputCovariance
  /// Whether means do not count, for the bias takes them.
  var centers = true

  /// Share of the mean variance added to each, so that what hardly varies does not pull weights far away.
  private static let damping = 0.01

  /// The weights with integers of no larger expected error, and that error before and after, summed over rows.
  func optimized(_ weights: [Float], _ nearest: QuantizedWeights) -> (
    weights: QuantizedWeights, before: Double, after: Double
  ) {
    var result = nearest
    var (before, after) = (0.0, 0.0)
    let matrix = quantizer.matrix
    for group in 0..<matrix.groups {
      for range in covariance.blocks {
        let block = covariance.covariance(group: group, range, centers: centers)
        // Those that vary most first: what they leave is cancelled by the many behind them.
        let extent = range.count
        let order = (0..<extent).sorted {
          (block[$0 * extent + $0], $1) > (block[$1 * extent + $1], $0)
        }
        guard let factor = Self.factor(block, order) else { continue }
        for row in 0..<matrix.rows {
          let places = order.map { matrix.offset(group, row, range.lowerBound + $0) }
          let scales = order.map {
            nearest.scales[quantizer.scaleIndex(nearest, group, row, range.lowerBound + $0)]
          }
          let target = places.map { weights[$0] }
          let old = error(
            factor, zip(zip(target, places), scales).map { Double($0.0 - Float(nearest.integers[$0.1]) * $1) })
          let (integers, new) = round(factor, target, scales)
          before += old
          after += min(old, new)
          if new < old {
            for (place, integer) in zip(places, integers) { result.integers[place] = integer }
          }
        }
      }
    }
    return (result, before, after)
  }

  /// The mean error of each of `outputs` channels that the integers bring.
  func meanErrors(_ weights: [Float], _ rounded: QuantizedWeights, outputs: Int) -> [Double] {
    let matrix = quantizer.matrix
    let real = quantizer.dequantized(rounded)
    var result = [Double](repeating: 0, count: outputs)
    for group in 0..<matrix.groups {
      for row in 0..<matrix.rows {
        for k in 0..<matrix.depth {
          let place = matrix.offset(group, row, k)
          result[matrix.output(group, row)] += Double(real[place] - weights[place]) * covariance.mean(group, k)
        }
      }
    }
    return result
  }

  /// R of the damped matrix in the given order, or nil when it is not positive.
  static func factor(_ matrix: [Double], _ order: [Int]) -> [Double]? {
    let n = order.count
    var trace = 0.0
    for k in 0..<n { trace += matrix[k * n + k] }
    guard trace.isFinite, trace > 0 else { return nil }
    var r = [Double](repeating: 0, count: n * n)
    for i in 0..<n {
      for j in i..<n { r[i * n + j] = matrix[order[i] * n + order[j]] }
      r[i * n + i] += damping * trace / Double(n)
    }
    let isPositive = r.withUnsafeMutableBufferPointer { r -> Bool in
      for j in (0..<n).reversed() {
        var diagonal = r[j * n + j]
        for k in j + 1..<n { diagonal -= r[j * n + k] * r[j * n + k] }
        if !(diagonal > 0) { return false }
        diagonal = diagonal.squareRoot()
        r[j * n + j] = diagonal
        for i in 0..<j {
          var sum = r[i * n + j]
          for k in j + 1..<n { sum -= r[i * n + k] * r[j * n + k] }
          r[i * n + j] = sum / diagonal
        }
      }
      return true
    }
    return isPositive ? r : nil
  }

  /// |R^T d|^2
  private func error(_ r: [Double], _ d: [Double]) -> Double {
    let n = d.count
    var carried = [Double](repeating: 0, count: n)
    for k in 0..<n where d[k] != 0 {
      for j in k..<n { carried[j] += r[k * n + j] * d[k] }
    }
    return carried.reduce(0) { $0 + $1 * $1 }
  }

  private func round(_ r: [Double], _ weights: [Float], _ scales: [Float]) -> (integers: [Int8], error: Double) {
    let n = weights.count
    var carried = [Double](repeating: 0, count: n)
    var integers = [Int8](repeating: 0, count: n)
    var error = 0.0
    r.withUnsafeBufferPointer { r in
      carried.withUnsafeMutableBufferPointer { carried in
        for k in 0..<n {
          let wanted = Double(weights[k]) + carried[k] / r[k * n + k]
          integers[k] = quantizer.nearest(Float(wanted), scales[k])
          let d = Double(weights[k]) - Double(integers[k]) * Double(scales[k])
          for j in k..<n { carried[j] += r[k * n + j] * d }
          error += carried[k] * carried[k]
        }
      }
    }
    return (integers, error)
  }
}

/// Runs the optimizer over a network's layers, inputs being those of the quantized network.
struct RoundingStage {
  let context: CalibrationContext

  /// Most bytes of covariances of one pass.
  private static let mostBytes = 96 << 20
  /// Longest sum of groups that is worth it, in multiply-adds of the factorization.
  private static let mostFactorWork = 20_000_000_000

  /// The draft with optimized integers; layers whose expected error fell.
  func optimized(_ draft: QuantizationDraft) throws(QuantizationError) -> (
    QuantizationDraft, improved: [NodeID: Double]
  ) {
    let graph = draft.network.graph
    let layers = draft.network.order.filter { id in
      guard let matrix = draft.matrix(id), draft.weights[id] != nil else { return false }
      if let op = Contraction(graph[id].op), op.isMatrix, matrix.groups > 1 { return false }
      let block = min(matrix.depth, InputCovariance.longestBlock)
      let work = matrix.groups * matrix.depth * block * block / 6
      return InputCovariance.bytes(matrix) <= Self.mostBytes && work <= Self.mostFactorWork && matrix.depth > 1
    }
    var result = draft
    var improved: [NodeID: Double] = [:]
    let passes = context.passes(layers) { id in
      guard let matrix = draft.matrix(id) else { return 0 }
      return InputCovariance.bytes(matrix) + graph[graph[id].inputs[0]].type.byteCount
    }
    for (number, pass) in passes.enumerated() {
      let covariances = try covariances(pass, result)
      for (id, covariance) in zip(pass, covariances) {
        guard let weights = draft.constant(id, 1), let nearest = draft.weights[id], let matrix = draft.matrix(id)
        else { continue }
        let quantizer = WeightQuantizer(matrix: matrix, shape: weights.shape, bits: nearest.limit > 7 ? 8 : 4)
        let values = weights.floats()
        // A transposed convolution's sums have different terms from place to place: no one bias takes their means.
        let bias = draft.constant(id, 2).flatMap { Contraction(graph[id].op)?.isTransposed == false ? $0 : nil }
        let optimizer = RoundingOptimizer(quantizer: quantizer, covariance: covariance, centers: bias != nil)
        let (rounded, before, after) = optimizer.optimized(values, nearest)
        if after >= before { continue }
        result.weights[id] = rounded
        improved[id] = after / before
        if let bias {
          let errors = optimizer.meanErrors(values, rounded, outputs: bias.count)
          result.overrides[InputSlot(node: id, index: 2)] = Tensor(
            zip(bias.floats(), errors).map { $0 - Float($1) }, shape: bias.shape)
        }
      }
      try context.progress(QuantizationProgress(stage: .rounding, done: number + 1, total: passes.count))
    }
    return (result, improved)
  }

  private func covariances(_ layers: [NodeID], _ draft: QuantizationDraft) throws(QuantizationError)
    -> [InputCovariance]
  {
    let graph = draft.network.graph
    var result: [InputCovariance] = []
    for id in layers {
      guard let op = Contraction(graph[id].op) else { throw .internalFault("a layer without weights") }
      let node = graph[id]
      result.append(
        InputCovariance(op, weights: graph[node.inputs[1]].type.shape, input: graph[node.inputs[0]].type.shape))
    }
    let emitted = try draft.emit(layers.map { .value(graph[$0].inputs[0]) })
    let fitted = context.fitted
    try context.run(emitted, limit: fitted.upperBound, skipped: fitted.lowerBound) {
      (sample: Int, outputs: [Tensor]) throws(QuantizationError) in
      for (k, output) in outputs.enumerated() {
        let isInteger = draft.participation.nodes.contains(layers[k])
        result[k].add(
          output, parameters: isInteger ? draft.parameters[graph[layers[k]].inputs[0]] : nil,
          limit: result[k].rowsPerSample(fitted.count), sample: sample)
      }
    }
    return result
  }
}
