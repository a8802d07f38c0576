import DLCGraph
import DLCTensor
import Foundation

extension Pool {
  package func evaluate(_ inputs: [Tensor]) throws(OperatorError) -> [Tensor] {
    let types = try infer(inputs.map(\.type))
    let x = channels.channelsLast(inputs[0])
    let stored = types[0].shape
    let shape = channels == .last ? stored : stored.permuted(by: ChannelPlacement.lastPermutation(rank: stored.rank))
    let loop = WindowLoop(window, input: x.shape, output: shape)
    let values = x.doubles()
    let depth = shape[shape.rank - 1]
    switch kind {
    case .maximum:
      let (largest, places) = maxima(loop, values, depth: depth, lowest: lowest(types[0].element))
      let y = channels.stored(Tensor(doubles: largest, type: TensorType(types[0].element, shape)))
      return givesIndices ? [y, channels.stored(positions(places, loop, shape: shape))] : [y]
    case .average, .lp:
      var sums = [Double](repeating: 0, count: shape.count)
      let power: Double? = if case .lp(let p) = kind { Double(p) } else { nil }
      loop.forEachCell { window, _, place in
        for c in 0..<depth {
          let value = values[place * depth + c]
          sums[window * depth + c] += power.map { pow(value.magnitude, $0) } ?? value
        }
      }
      if let power {
        for k in sums.indices { sums[k] = pow(sums[k], 1 / power) }
      } else {
        let counts = windowCounts(
          input: Array(x.shape.dimensions[1..<x.shape.rank - 1]), output: Array(shape.dimensions[1..<shape.rank - 1]))
        for k in sums.indices { sums[k] /= counts[k / max(depth, 1) % counts.count] }
      }
      return [channels.stored(Tensor(doubles: sums, type: TensorType(types[0].element, shape)))]
    }
  }

  private func lowest(_ element: ElementType) -> Double {
    switch element {
    case .int8: -128
    case .int16: -32768
    case .uint8: 0
    default: -.infinity
    }
  }

  /// The largest element of each window and its place (input place over all samples, without the channel).
  private func maxima(
    _ loop: WindowLoop, _ values: [Double], depth: Int, lowest: Double
  ) -> (largest: [Double], places: [Int]) {
    let count = loop.output.reduce(1, *)
    var largest = [Double](repeating: lowest, count: count)
    var places = [Int](repeating: -1, count: count)
    loop.forEachCell { window, _, place in
      for c in 0..<depth {
        let to = window * depth + c
        let value = values[place * depth + c]
        if value > largest[to] || places[to] < 0 {
          if value > largest[to] { largest[to] = value }
          places[to] = place
        }
      }
    }
    return (largest, places)
  }

  /// Places as flat positions in the channels-first tensor.
  private func positions(_ places: [Int], _ loop: WindowLoop, shape: Shape) -> Tensor {
    let (depth, height, width) = (loop.input[1], loop.input[2], loop.input[3])
    let plane = depth * height * width
    let channels = loop.input[4]
    let result = places.enumerated().map { k, place -> Int64 in
      if place < 0 { return 0 }
      let (sample, cell) = (place / plane, place % plane)
      let (d, h, w) = (cell / (height * width), cell / width % height, cell % width)
      let swapped = columnMajorIndices ? (d * width + w) * height + h : cell
      return Int64((sample * channels + k % channels) * plane + swapped)
    }
    return Tensor(result, shape: shape)
  }

  /// What an average divides by for each window, row-major over the spatial grid: its cells inside the image, or inside the
  /// padded image when padding counts.
  func windowCounts(input: [Int], output: [Int]) -> [Double] {
    let countsPadding = kind == .average(countsPadding: true)
    var counts = [1.0]
    for axis in 0..<window.rank {
      let (low, high) = countsPadding ? (-window.padBegin[axis], input[axis] + window.padEnd[axis]) : (0, input[axis])
      let along = (0..<output[axis]).map { o -> Double in
        let start = o * window.strides[axis] - window.padBegin[axis]
        let inside = (0..<window.kernel[axis]).count {
          let cell = start + $0 * window.dilations[axis]
          return cell >= low && cell < high
        }
        return Double(inside)
      }
      counts = counts.flatMap { outer in along.map { outer * $0 } }
    }
    return counts
  }
}
