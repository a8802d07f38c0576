import DLCGraph
import DLCOperators
import DLCTensor
import Testing

@testable import DLCQuantization

private func window(_ kernel: Int, pad: Int, stride: Int = 1) -> Window {
  Window(
    kernel: [kernel, kernel], strides: [stride, stride], dilations: [1, 1], padBegin: [pad, pad], padEnd: [pad, pad])
}

@Suite struct WeightTests {
  /// Operators with the shapes of their input and weights.
  static let layers: [(op: Contraction, input: Shape, weights: Shape)] = [
    (.convolution(Convolution(window: window(3, pad: 1))), [2, 3, 5, 4], [4, 3, 3, 3]),
    (.convolution(Convolution(window: window(3, pad: 1, stride: 2), groups: 4)), [1, 4, 6, 6], [8, 1, 3, 3]),
    (
      .transposed(ConvolutionTranspose(window: window(2, pad: 0, stride: 2), outputPadding: [0, 0], groups: 2)),
      [1, 4, 3, 3], [4, 3, 2, 2]
    ),
    (.matrix(MatMul()), [2, 3, 5], [5, 7]),
    (.matrix(MatMul(transposeB: true)), [3, 5], [7, 5]),
    (.matrix(MatMul(transposeA: true)), [2, 5, 3], [5, 7]),
  ]

  @Test(arguments: layers.indices) func matrixViewCoversEveryWeightOnce(_ index: Int) {
    let layer = Self.layers[index]
    let matrix = WeightMatrix(layer.op, layer.weights)
    var seen = [Int](repeating: 0, count: layer.weights.count)
    for group in 0..<matrix.groups {
      for row in 0..<matrix.rows {
        for k in 0..<matrix.depth { seen[matrix.offset(group, row, k)] += 1 }
      }
    }
    #expect(seen.allSatisfy { $0 == 1 })
  }

  /// Products of gathered rows and weights are what the operator computes, where windows do not overlap in the output.
  @Test(arguments: [0, 1, 3, 4, 5]) func rowsAreTheTermsOfTheSums(_ index: Int) throws {
    let layer = Self.layers[index]
    var random = SeededRandom(state: 2)
    let x = (0..<layer.input.count).map { _ in Float(random.normal()) }
    let w = (0..<layer.weights.count).map { _ in Float(random.normal()) }
    let y = try layer.op.op.evaluate([Tensor(x, shape: layer.input), Tensor(w, shape: layer.weights)])[0]
    let matrix = WeightMatrix(layer.op, layer.weights)
    let rows = InputRows(layer.op, weights: layer.weights, input: layer.input)
    var sums: [Double] = []
    for position in rows.positions(limit: .max, sample: 0) {
      for group in 0..<matrix.groups {
        var row = [Float](repeating: 0, count: matrix.depth)
        row.withUnsafeMutableBufferPointer { rows.fill($0, position: position, group: group, from: x) }
        for r in 0..<matrix.rows {
          sums.append(zip(row, matrix.row(group, r, of: w)).reduce(0.0) { $0 + Double($1.0) * Double($1.1) })
        }
      }
    }
    let found = y.doubles()
    #expect(sums.count == found.count)
    let (a, b) = (sums.sorted(), found.sorted())
    #expect(zip(a, b).allSatisfy { abs($0 - $1) < 1e-4 })
  }

  @Test func weightsAreSymmetricPerChannel() {
    let layer = Self.layers[0]
    var random = SeededRandom(state: 4)
    var weights = (0..<layer.weights.count).map { _ in Float(random.normal()) }
    for k in 0..<27 { weights[k] *= 100 }
    var quantizer = WeightQuantizer(matrix: WeightMatrix(layer.op, layer.weights), shape: layer.weights, clips: false)
    let result = quantizer.perChannel(weights)
    #expect(result.scales.count == 4 && result.scales[0] > 20 * result.scales[1])
    #expect(result.integers.allSatisfy { $0 >= -127 } && result.integers.contains { $0.magnitude == 127 })
    for (a, b) in zip(quantizer.dequantized(result), weights) {
      #expect(abs(a - b) <= abs(b) * 0.01 + result.scales[0] / 2)
    }
    quantizer.floors = [0, 0, 0, 5]
    #expect(quantizer.perChannel(weights).scales[3] == 5)
  }

  /// Whatever the scales of input and output, sums requantize by bf16 numbers, and weights cost no more than rounding them does.
  @Test(arguments: [true, false], [0.37, 12.7, 0.000041]) func requantizationIsShort(clips: Bool, factor: Double) {
    let layer = Self.layers[0]
    var random = SeededRandom(state: 6)
    let weights = (0..<layer.weights.count).map { _ in Float(random.normal()) }
    var quantizer = WeightQuantizer(
      matrix: WeightMatrix(layer.op, layer.weights), shape: layer.weights, clips: clips, floors: [0, 0, 0, 5])
    let plain = quantizer.perChannel(weights)
    quantizer.requantization = factor
    let result = quantizer.perChannel(weights)
    #expect(result.scales != plain.scales)
    for (scale, exact) in zip(result.scales, plain.scales) {
      #expect(ShortScale.nearest(Float(Double(scale) * factor)) != nil)
      if !clips { #expect(scale >= exact * 0.999999 && scale <= exact * 1.008) }
    }
    #expect(result.scales[3] >= 4.99999)
    for (k, (a, b)) in zip(quantizer.dequantized(result), weights).enumerated() where !clips {
      #expect(abs(a - b) <= result.scales[k / 27] * 0.50001)
    }
  }

  @Test func clippingLowersTheSquareErrorOfFourBits() {
    var random = SeededRandom(state: 9)
    let weights = (0..<1024).map { _ in Float(random.normal()) }
    let matrix = WeightMatrix(.matrix(MatMul(transposeB: true)), [4, 256])
    func error(_ clips: Bool) -> Double {
      let quantizer = WeightQuantizer(matrix: matrix, shape: [4, 256], bits: 4, clips: clips)
      let found = quantizer.dequantized(quantizer.perGroup(weights, size: 32))
      return zip(found, weights).reduce(0) { $0 + Double($1.0 - $1.1) * Double($1.0 - $1.1) }
    }
    #expect(error(true) < 0.97 * error(false))
  }

  @Test func deadChannelsKeepAScaleOfOne() {
    let matrix = WeightMatrix(.matrix(MatMul(transposeB: true)), [2, 2])
    let result = WeightQuantizer(matrix: matrix, shape: [2, 2]).perChannel([0, 0, 0x1p-140, 0])
    #expect(result.scales == [1, 1] && result.integers == [0, 0, 0, 0])
  }
}

@Suite struct RoundingOptimizerTests {
  /// Correlated inputs `[rows, depth]`: neighbours share most of their variation.
  private func inputs(_ rows: Int, _ depth: Int) -> Tensor {
    var random = SeededRandom(state: 21)
    var values: [Float] = []
    for _ in 0..<rows {
      let common = random.normal()
      for k in 0..<depth { values.append(Float(common * (1 + 0.1 * Double(k % 5)) + 0.3 * random.normal() + 2)) }
    }
    return Tensor(values, shape: [rows, depth])
  }

  /// Variance of the sums' errors over the inputs, measured.
  private func variance(_ x: Tensor, _ w: [Float], _ q: [Float], depth: Int) -> Double {
    let values = x.floats()
    var result = 0.0
    for row in 0..<w.count / depth {
      var (sum, square) = (0.0, 0.0)
      for m in 0..<x.shape[0] {
        var e = 0.0
        for k in 0..<depth { e += Double(values[m * depth + k]) * Double(w[row * depth + k] - q[row * depth + k]) }
        sum += e
        square += e * e
      }
      let n = Double(x.shape[0])
      result += square / n - (sum / n) * (sum / n)
    }
    return result
  }

  @Test(arguments: [8, 4]) func errorIsWellBelowNearestRounding(_ bits: Int) {
    let depth = 40
    let x = inputs(600, depth)
    var random = SeededRandom(state: 3)
    let weights = (0..<12 * depth).map { _ in Float(random.normal()) }
    let op = Contraction.matrix(MatMul(transposeB: true))
    var covariance = InputCovariance(op, weights: [12, depth], input: x.shape)
    covariance.add(x, parameters: nil, limit: .max, sample: 0)
    let quantizer = WeightQuantizer(matrix: covariance.matrix, shape: [12, depth], bits: bits)
    let nearest = quantizer.perChannel(weights)
    let (result, before, after) = RoundingOptimizer(quantizer: quantizer, covariance: covariance).optimized(
      weights, nearest)
    #expect(after < 0.5 * before)
    let old = variance(x, weights, quantizer.dequantized(nearest), depth: depth)
    let new = variance(x, weights, quantizer.dequantized(result), depth: depth)
    #expect(new < 0.5 * old, "\(old) \(new)")
    #expect(result.scales == nearest.scales)
  }

  @Test func neverRisesOnIndependentInputs() {
    let op = Contraction.convolution(Convolution(window: window(3, pad: 1), groups: 4))
    var random = SeededRandom(state: 3)
    let x = Tensor((0..<4 * 100).map { _ in Float(random.normal()) }, shape: [1, 4, 10, 10])
    let weights = (0..<36).map { _ in Float(random.normal()) }
    var covariance = InputCovariance(op, weights: [4, 1, 3, 3], input: x.shape)
    covariance.add(x, parameters: nil, limit: 50, sample: 1)
    #expect(covariance.rows == 50)
    let quantizer = WeightQuantizer(matrix: covariance.matrix, shape: [4, 1, 3, 3])
    let (_, before, after) = RoundingOptimizer(quantizer: quantizer, covariance: covariance).optimized(
      weights, quantizer.perChannel(weights))
    #expect(after <= before && after > 0)
  }

  @Test func factorReproducesTheMatrix() throws {
    let matrix: [Double] = [4, 1, 0.5, 1, 3, -1, 0.5, -1, 2]
    let order = [0, 2, 1]
    let r = try #require(RoundingOptimizer.factor(matrix, order))
    for i in 0..<3 {
      for j in 0..<3 {
        var product = 0.0
        for k in 0..<3 { product += r[i * 3 + k] * r[j * 3 + k] }
        let damped = matrix[order[i] * 3 + order[j]] + (i == j ? 0.01 * 9 / 3 : 0)
        #expect(abs(product - damped) < 1e-12)
      }
    }
    #expect(RoundingOptimizer.factor([0], [0]) == nil)
    #expect(RoundingOptimizer.factor([1, 2, 2, 1], [0, 1]) == nil)
  }
}
