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
        guard let factor = Self.factor(block, order)?.map({ Float($0) }) else { continue }
        for first in stride(from: 0, to: matrix.rows, by: Lanes.scalarCount) {
          let rows = first..<min(first + Lanes.scalarCount, matrix.rows)
          var columns = [Column](repeating: Column(), count: extent)
          for (lane, row) in rows.enumerated() {
            for (k, index) in order.enumerated() {
              let place = matrix.offset(group, row, range.lowerBound + index)
              columns[k].target[lane] = weights[place]
              columns[k].nearest[lane] = Float(nearest.integers[place])
              columns[k].scale[lane] =
                nearest.scales[quantizer.scaleIndex(nearest, group, row, range.lowerBound + index)]
            }
          }
          let (integers, old, new) = round(factor, columns)
          for (lane, row) in rows.enumerated() {
            before += Double(old[lane])
            after += Double(min(old[lane], new[lane]))
            if !(new[lane] < old[lane]) { continue }
            for (k, index) in order.enumerated() {
              result.integers[matrix.offset(group, row, range.lowerBound + index)] = Int8(integers[k][lane])
            }
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
        let line = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(r)[(j * n + j + 1) * 8..<(j + 1) * n * 8])
        let diagonal = (r[j * n + j] - dot(line, line)).squareRoot()
        if !(diagonal > 0) { return false }
        r[j * n + j] = diagonal
        for i in 0..<j {
          let other = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(r)[(i * n + j + 1) * 8..<(i + 1) * n * 8])
          r[i * n + j] = (r[i * n + j] - dot(line, other)) / diagonal
        }
      }
      return true
    }
    return isPositive ? r : nil
  }

  /// The product of two rows of doubles.
  private static func dot(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) -> Double {
    var sums = SIMD8<Double>()
    let count = a.count / 8
    var k = 0
    while k + 8 <= count {
      sums +=
        a.loadUnaligned(fromByteOffset: k * 8, as: SIMD8<Double>.self)
        * b.loadUnaligned(fromByteOffset: k * 8, as: SIMD8<Double>.self)
      k += 8
    }
    var sum = sums.sum()
    while k < count {
      sum +=
        a.loadUnaligned(fromByteOffset: k * 8, as: Double.self)
        * b.loadUnaligned(fromByteOffset: k * 8, as: Double.self)
      k += 1
    }
    return sum
  }

  /// Rows that are rounded side by side.
  private typealias Lanes = SIMD8<Float>

  /// One term of each of the rows: the weight, its nearest integer and its scale.
  private struct Column {
    var target = Lanes()
    var nearest = Lanes()
    var scale = Lanes(repeating: 1)
  }

  /// The integers, and |R^T d|^2 of each row with the nearest ones and with them.
  private func round(_ r: [Float], _ columns: [Column]) -> (integers: [Lanes], before: Lanes, after: Lanes) {
    let n = columns.count
    let limit = Lanes(repeating: Float(quantizer.limit))
    var carried = [(old: Lanes, new: Lanes)](repeating: (Lanes(), Lanes()), count: n)
    var integers = [Lanes](repeating: Lanes(), count: n)
    var (before, after) = (Lanes(), Lanes())
    r.withUnsafeBufferPointer { r in
      carried.withUnsafeMutableBufferPointer { carried in
        for (k, column) in columns.enumerated() {
          let wanted = (column.target + carried[k].new / r[k * n + k]) / column.scale
          integers[k] = nearestInteger(wanted.clamped(lowerBound: -limit, upperBound: limit))
          let old = column.target - column.nearest * column.scale
          let new = column.target - integers[k] * column.scale
          let line = k * n
          for j in k..<n {
            carried[j].old += r[line + j] * old
            carried[j].new += r[line + j] * new
          }
          before += carried[k].old * carried[k].old
          after += carried[k].new * carried[k].new
        }
      }
    }
    return (integers, before, after)
  }
}

/// Half to even, for magnitudes below 2^22; without the call that a baseline x86-64 needs for it.
@inline(__always)
func nearestInteger(_ x: SIMD8<Float>) -> SIMD8<Float> {
  let shift: Float = 0x1.8p23
  return (x + shift) - shift
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
