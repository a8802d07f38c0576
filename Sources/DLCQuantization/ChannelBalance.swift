import DLCGraph
import DLCOperators
import DLCTensor
import Foundation

/// A value whose channels can be scaled without changing the network: what computes it is divided, its readers' weights
/// are multiplied.
///
///     Given:  y = relu(W1 x + b1); z = W2 y
///     Result: y' = relu(W1/s x + b1/s); z = (W2 s) y'
///
/// Between convolutions: cross-layer equalization (Nagel et al. 2019, section 4.1). Behind a layer normalization: the
/// balancing of SmoothQuant (Xiao et al. 2023). Columns of the network's input: a product of floats ahead of quantization
/// takes the scales. Here the scales are those of least expected noise, powers of two, so the
/// float network's answers stay bit for bit.
struct BalanceSite: Sendable, Hashable {
  var value: ValueID
  var producer: NodeID
  var readers: [NodeID]
  /// Of the value.
  var axis: Int
  /// Whether the producer is a layer normalization or the scaling of an input: its constants are vectors of channels.
  var normalizes: Bool

  /// The sites of a network, in order.
  static func all(_ network: PreparedNetwork, _ participation: Participation) -> [BalanceSite] {
    network.order.compactMap { BalanceSite($0, network, participation) }
  }

  private init?(_ id: NodeID, _ network: PreparedNetwork, _ participation: Participation) {
    let graph = network.graph
    let node = graph[id]
    value = node.outputs[0]
    producer = id
    let rank = graph[value].type.rank
    if let op = node.op as? LayerNormalization {
      guard op.hasScale, op.axis == rank - 1, node.inputs.dropFirst().allSatisfy({ graph.constant($0) != nil })
      else { return nil }
      axis = rank - 1
      normalizes = true
    } else if network.scalesInput(id) {
      axis = rank - 1
      normalizes = true
    } else {
      guard let op = Contraction(node.op), network.role(id) == .contraction(constantWeights: true),
        !op.epilogue.residual, op.epilogue.function == nil || op.epilogue.function == .relu,
        op.isConvolution || op.isMatrix
      else { return nil }
      if op.isMatrix && graph[node.inputs[1]].type.rank != 2 { return nil }
      axis = op.channelAxis(rank: rank)
      normalizes = false
    }
    let users = graph[value].users
    readers = Array(Set(users)).sorted()
    guard !graph.isOutput(value), !readers.isEmpty, readers.count == users.count else { return nil }
    for reader in readers {
      let user = graph[reader]
      guard participation.nodes.contains(reader), network.role(reader) == .contraction(constantWeights: true),
        let op = Contraction(user.op), user.inputs[0] == value, op.channelAxis(rank: rank) == axis
      else { return nil }
      switch op {
      case .convolution: continue
      case .matrix(let product):
        guard !product.transposeA, graph[user.inputs[1]].type.rank == 2 else { return nil }
      case .transposed: return nil
      }
    }
  }
}

extension Contraction {
  /// Whether this is a convolution.
  var isConvolution: Bool {
    if case .convolution = self { return true }
    return false
  }
}

/// Finds and applies the scales of a site.
struct ChannelBalance {
  let draft: QuantizationDraft
  let site: BalanceSite

  /// How much the expected noise must fall for a site to be scaled.
  private static let worthwhile = 0.9

  /// What scales the site, or nil when nothing is gained.
  func balanced(_ observer: ChannelObserver) -> (overrides: [InputSlot: Tensor], scales: [Float])? {
    guard let scales = scales(observer), let overrides = overrides(scales) else { return nil }
    return (overrides, scales)
  }

  /// The constants that divide the value's channels by `scales`, and multiply its readers' weights; nil when one overflows.
  private func overrides(_ scales: [Float]) -> [InputSlot: Tensor]? {
    var result: [InputSlot: Tensor] = [:]
    for reader in site.readers {
      guard let matrix = draft.matrix(reader), let weights = draft.constant(reader, 1) else { return nil }
      var values = weights.floats()
      for group in 0..<matrix.groups {
        for row in 0..<matrix.rows {
          for k in 0..<matrix.depth { values[matrix.offset(group, row, k)] *= scales[matrix.input(group, k)] }
        }
      }
      result[InputSlot(node: reader, index: 1)] = Tensor(values, shape: weights.shape)
    }
    let node = draft.network.graph[site.producer]
    for index in 1..<node.inputs.count {
      guard let constant = draft.constant(site.producer, index) else { return nil }
      var values = constant.floats()
      if index == 1, !site.normalizes {
        guard let matrix = draft.matrix(site.producer) else { return nil }
        for group in 0..<matrix.groups {
          for row in 0..<matrix.rows {
            let scale = scales[matrix.output(group, row)]
            for k in 0..<matrix.depth { values[matrix.offset(group, row, k)] /= scale }
          }
        }
      } else {
        for c in values.indices { values[c] /= scales[c] }
      }
      guard values.allSatisfy(\.isFinite) else { return nil }
      result[InputSlot(node: site.producer, index: index)] = Tensor(values, shape: constant.shape)
    }
    return result
  }

  /// What a reader's noise depends on: for each channel the sum of squares and the largest of its weights.
  fileprivate struct Reader {
    let matrix: WeightMatrix
    let weights: [Float]
  }

  private func scales(_ observer: ChannelObserver) -> [Float]? {
    let ranges = zip(observer.minimum, observer.maximum).map { Double(max($0.magnitude, $1.magnitude)) }
    let readers = site.readers.compactMap { id -> Reader? in
      guard let matrix = draft.matrix(id), let weights = draft.constant(id, 1) else { return nil }
      return Reader(matrix: matrix, weights: weights.floats())
    }
    guard readers.count == site.readers.count, ranges.allSatisfy({ $0 < Double(Histogram.limit) }) else { return nil }
    var columns = [Double](repeating: 0, count: ranges.count)
    for reader in readers {
      reader.forEach { _, input, weight in columns[input] = max(columns[input], Double(weight.magnitude)) }
    }
    let identity = [Double](repeating: 1, count: ranges.count)
    var best = (scales: identity, noise: noise(identity, observer, readers) * Self.worthwhile)
    let largest = ranges.max() ?? 0
    for share in [0.25, 0.5, 0.75, 1] {
      let wanted = ranges.indices.map { c in
        ranges[c] > 0 && columns[c] > 0 ? pow(ranges[c] / largest, share) / pow(columns[c], 1 - share) : 0
      }
      let top = wanted.max() ?? 0
      let scales = wanted.map { value -> Double in
        guard value > 0 else { return 1 }
        return Foundation.scalbn(1, Int(min(max(log2(value / top).rounded(), -14), 0)))
      }
      let noise = noise(scales, observer, readers)
      if noise < best.noise { best = (scales, noise) }
    }
    return best.scales == identity ? nil : best.scales.map { Float($0) }
  }

  /// Expected noise of the readers' results: that of the value's rounding and that of the weights'.
  private func noise(_ scales: [Double], _ observer: ChannelObserver, _ readers: [Reader]) -> Double {
    var (low, high) = (0.0, 0.0)
    for (c, scale) in scales.enumerated() {
      low = min(low, Double(observer.minimum[c]) / scale)
      high = max(high, Double(observer.maximum[c]) / scale)
    }
    let step = (high - low) / 255
    let powers = zip(observer.powers, scales).map { $0 / ($1 * $1) }
    var result = 0.0
    for reader in readers {
      let matrix = reader.matrix
      for group in 0..<matrix.groups {
        for row in 0..<matrix.rows {
          var (largest, squares, power) = (0.0, 0.0, 0.0)
          for k in 0..<matrix.depth {
            let input = matrix.input(group, k)
            let weight = Double(reader.weights[matrix.offset(group, row, k)]) * scales[input]
            largest = max(largest, weight.magnitude)
            squares += weight * weight
            power += powers[input]
          }
          let weightStep = largest / 127
          result += (step * step * squares + weightStep * weightStep * power) / 12
        }
      }
    }
    return result
  }
}

extension ChannelBalance.Reader {
  /// Calls `body` with the row, the channel of the input and the value of every weight.
  fileprivate func forEach(_ body: (_ row: Int, _ input: Int, _ weight: Float) -> Void) {
    for group in 0..<matrix.groups {
      for row in 0..<matrix.rows {
        for k in 0..<matrix.depth { body(row, matrix.input(group, k), weights[matrix.offset(group, row, k)]) }
      }
    }
  }
}
