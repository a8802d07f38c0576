import DLCTensor

/// A reproducible stream of numbers (SplitMix64).
struct Numbers {
  private var state: UInt64

  init(seed: UInt64 = 1) { state = seed }

  /// The next number of [low, high).
  mutating func next(_ low: Double, _ high: Double) -> Double {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return low + Double((z ^ (z >> 31)) >> 11) / 9_007_199_254_740_992 * (high - low)
  }
}

/// A tensor of reproducible numbers of [low, high).
func random(
  _ element: ElementType, _ shape: [Int], _ low: Double = -2, _ high: Double = 2, seed: UInt64 = 1
) -> Tensor {
  var numbers = Numbers(seed: seed)
  let shape = Shape(shape)
  return Tensor(doubles: (0..<shape.count).map { _ in numbers.next(low, high) }, type: TensorType(element, shape))
}

/// A tensor of the values given.
func tensor(_ element: ElementType, _ shape: [Int], _ values: [Double]) -> Tensor {
  Tensor(doubles: values, type: TensorType(element, Shape(shape)))
}

/// Parameters of u8.
func u8(_ scale: Float, _ zero: Int32) -> QuantizationParameters {
  QuantizationParameters(.uint8, scale: scale, zeroPoint: zero)
}

/// Random bytes.
func randomBytes(_ shape: [Int], seed: UInt64) -> Tensor {
  Tensor(random(.float64, shape, 0, 256, seed: seed).doubles().map { UInt8($0) }, shape: Shape(shape))
}

/// Random integers of i8 from `low` to 127.
func randomWeights(_ shape: [Int], seed: UInt64, low: Double = -127) -> Tensor {
  let real = random(.float64, shape, low, 128, seed: seed).doubles()
  return Tensor(real.map { Int8(max($0.rounded(.down), low)) }, shape: Shape(shape))
}
