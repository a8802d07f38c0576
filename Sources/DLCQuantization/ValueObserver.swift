import DLCTensor

/// What is remembered of one value over all samples: a histogram, averages of ranges, and where wanted each channel.
package struct ValueObserver: Sendable, Hashable, Codable {
  package private(set) var histogram = Histogram()
  /// Exponential averages of each sample's smallest and largest element.
  package private(set) var averageLow = 0.0
  package private(set) var averageHigh = 0.0
  package private(set) var samples = 0
  package private(set) var channels: ChannelObserver?

  /// The share of a new sample in the moving averages (as in common training frameworks).
  static let momentum = 0.01

  /// Observes each index of `axis` too, when given.
  package init(channelAxis axis: Int? = nil) { channels = axis.map { ChannelObserver(axis: $0) } }

  /// Takes one sample of the value.
  package mutating func add(_ tensor: Tensor) {
    var own = Histogram()
    own.add(tensor)
    let momentum = samples == 0 ? 1 : Self.momentum
    averageLow += momentum * (own.minimum - averageLow)
    averageHigh += momentum * (own.maximum - averageHigh)
    samples += 1
    histogram.merge(own)
    channels?.add(tensor)
  }
}

/// Smallest, largest, mean and mean square of each channel.
package struct ChannelObserver: Sendable, Hashable, Codable {
  /// The axis whose indices are channels.
  package let axis: Int
  package private(set) var minimum: [Float] = []
  package private(set) var maximum: [Float] = []
  private var sums: [Double] = []
  private var squares: [Double] = []
  /// Elements of each channel.
  private var count = 0

  package init(axis: Int) { self.axis = axis }

  /// Mean of each channel.
  package var means: [Double] { sums.map { $0 / Double(max(count, 1)) } }
  /// Mean square of each channel.
  package var powers: [Double] { squares.map { $0 / Double(max(count, 1)) } }

  /// Takes one sample; elements that are not finite are left out.
  package mutating func add(_ tensor: Tensor) {
    guard axis < tensor.shape.rank else { return }
    let extent = tensor.shape[axis]
    let inner = tensor.shape.dimensions[(axis + 1)...].reduce(1, *)
    guard extent * inner > 0 else { return }
    let outer = tensor.count / (extent * inner)
    if sums.count != extent {
      minimum = [Float](repeating: .greatestFiniteMagnitude, count: extent)
      maximum = [Float](repeating: -.greatestFiniteMagnitude, count: extent)
      sums = [Double](repeating: 0, count: extent)
      squares = sums
    }
    count += outer * inner
    let body = { [self] (values: UnsafeBufferPointer<Float>) -> ChannelObserver in
      var next = self
      for o in 0..<outer {
        for c in 0..<extent {
          let first = (o * extent + c) * inner
          var (low, high) = (next.minimum[c], next.maximum[c])
          var (sum, square) = (0.0, 0.0)
          for k in first..<first + inner where values[k].isFinite {
            low = min(low, values[k])
            high = max(high, values[k])
            sum += Double(values[k])
            square += Double(values[k]) * Double(values[k])
          }
          (next.minimum[c], next.maximum[c]) = (low, high)
          next.sums[c] += sum
          next.squares[c] += square
        }
      }
      return next
    }
    self =
      tensor.element == .float32
      ? tensor.withElements(as: Float.self, body) : tensor.floats().withUnsafeBufferPointer(body)
  }
}

extension ValueObserver {
  /// Whether a decoded observer is one that observing could have made.
  var isSound: Bool {
    histogram.isSound && averageLow.isFinite && averageHigh.isFinite && samples >= 0 && channels?.isSound ?? true
  }
}

extension ChannelObserver {
  fileprivate var isSound: Bool {
    axis >= 0 && count >= 0 && count < 1 << 62 && sums.count == squares.count && minimum.count == sums.count
      && maximum.count == sums.count
  }
}
