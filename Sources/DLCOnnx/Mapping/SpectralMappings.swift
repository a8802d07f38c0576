import DLCGraph
import DLCOperators
import DLCTensor
import Foundation

/// Windows, Fourier transforms and the mel scale; transforms are products with constant matrices.
let spectralMappings: [OperatorMapping] = [
  OperatorMapping("HannWindow", since: 17) { (c: inout NodeContext) throws(MappingError) in
    try [c.windowFunction { 0.5 - 0.5 * cos($0) }]
  },
  OperatorMapping("HammingWindow", since: 17) { (c: inout NodeContext) throws(MappingError) in
    // The specification's coefficients: 25/46 and 21/46.
    try [c.windowFunction { 25.0 / 46 - 21.0 / 46 * cos($0) }]
  },
  OperatorMapping("BlackmanWindow", since: 17) { (c: inout NodeContext) throws(MappingError) in
    try [c.windowFunction { 0.42 - 0.5 * cos($0) + 0.08 * cos(2 * $0) }]
  },
  OperatorMapping("MelWeightMatrix", since: 17) { (c: inout NodeContext) throws(MappingError) in try [c.melMatrix()] },
  OperatorMapping("DFT", since: 17) { (c: inout NodeContext) throws(MappingError) in
    let axis = try c.int("axis", default: 1)
    return try [c.fourier(axis: axis)]
  },
  OperatorMapping("DFT", since: 20) { (c: inout NodeContext) throws(MappingError) in
    try [c.fourier(axis: c.integer(2, "axis") ?? -2)]
  },
  OperatorMapping("STFT", since: 17) { (c: inout NodeContext) throws(MappingError) in try [c.shortTimeFourier()] },
]

extension NodeContext {
  /// `function` of the angle 2 pi n / N, where N is the size, or one less for a symmetric window.
  fileprivate mutating func windowFunction(_ function: (Double) -> Double) throws(MappingError) -> ValueID {
    let element = try elementType("output_datatype") ?? .float32
    let periodic = try bool("periodic", default: true)
    guard let size = try integer(0, "size"), (0...NodeContext.tableLimit).contains(size) else {
      throw MappingError("its size must be 0 to \(NodeContext.tableLimit)")
    }
    let period = Double(max(periodic ? size : size - 1, 1))
    return table((0..<size).map { function(2 * .pi * Double($0) / period) }, element, [size])
  }

  /// Triangular filters `[bins, mels]` whose corners are evenly spaced on the mel scale, 2595 log10(1 + f/700).
  fileprivate mutating func melMatrix() throws(MappingError) -> ValueID {
    let element = try elementType("output_datatype") ?? .float32
    guard let filters = try integer(0, "number of mel bins"), let length = try integer(1, "DFT length"),
      let rate = try integer(2, "sample rate"), let low = try number(3, "lower edge"),
      let high = try number(4, "upper edge")
    else { throw MappingError("five inputs must be given") }
    guard filters >= 1, filters <= 1 << 16, length >= 1, length <= 1 << 24, rate >= 1, low >= 0, low.isFinite,
      high.isFinite,
      high >= low, (length / 2 + 1) * filters <= NodeContext.tableLimit
    else {
      throw MappingError(
        "\(filters) mel bins from \(low) to \(high) Hz for a DFT of \(length) at \(rate) Hz are impossible")
    }
    func mel(_ hertz: Double) -> Double { 2595 * log10(1 + hertz / 700) }
    let step = (mel(high) - mel(low)) / Double(filters + 2)
    var corners: [Int] = []
    for k in 0..<filters + 2 {
      let hertz = 700 * (pow(10, (mel(low) + Double(k) * step) / 2595) - 1)
      corners.append(Int((Double(length + 1) * hertz / Double(rate)).rounded(.down)))
    }
    let bins = length / 2 + 1
    guard (corners.last ?? 0) <= bins else {
      throw MappingError("the upper edge \(high) Hz is beyond half the sample rate \(rate)")
    }
    var values = [Double](repeating: 0, count: bins * filters)
    func set(_ bin: Int, _ filter: Int, _ value: Double) { if bin < bins { values[bin * filters + filter] = value } }
    for k in 0..<filters {
      let (left, centre, right) = (corners[k], corners[k + 1], corners[k + 2])
      if centre == left { set(centre, k, 1) }
      if centre > left { for bin in left...centre { set(bin, k, Double(bin - left) / Double(centre - left)) } }
      for bin in centre..<max(right, centre) { set(bin, k, Double(right - bin) / Double(right - centre)) }
    }
    return table(values, element, [bins, filters])
  }

  /// The discrete Fourier transform along `axis` of real `[..., 1]` or complex `[..., 2]` numbers.
  fileprivate mutating func fourier(axis given: Int) throws(MappingError) -> ValueID {
    let x = try input(0)
    let shape = self.shape(of: x)
    let inverse = try bool("inverse")
    let oneSided = try bool("onesided")
    guard shape.rank >= 2, let parts = shape.dimensions.last, parts == 1 || parts == 2 else {
      throw MappingError("x must be [..., 1] or [..., 2], found \(shape)")
    }
    let axis = try resolve(axis: given, rank: shape.rank)
    guard axis < shape.rank - 1 else { throw MappingError("axis \(given) is the one of real and imaginary parts") }
    let count = shape[axis]
    let length = try integer(1, "DFT length") ?? (inverse && oneSided ? 2 * (count - 1) : count)
    guard length >= 1, length <= NodeContext.tableLimit else {
      throw MappingError("its DFT length must be positive, found \(length)")
    }
    let realResult = inverse && oneSided
    let bins = realResult || !oneSided ? length : length / 2 + 1
    let resultParts = realResult ? 1 : 2
    let (size, overflow) = (count * parts).multipliedReportingOverflow(by: bins * resultParts)
    guard !overflow, size <= NodeContext.tableLimit else {
      throw MappingError("a DFT of \(count) elements to \(bins) is beyond what a matrix product can do")
    }
    let matrix = table(
      realResult
        ? NodeContext.inverseRealMatrix(rows: count, parts: parts, length: length)
        : NodeContext.fourierMatrix(rows: count, parts: parts, length: length, bins: bins, inverse: inverse),
      element(of: x), [count * parts, bins * resultParts])
    let others = shape.dimensions.indices.dropLast().filter { $0 != axis }
    let order = others + [axis, shape.rank - 1]
    let outer = others.map { shape[$0] }
    let rows = try reshape(transpose(x, order), Shape([outer.reduce(1, *), count * parts]))
    let product = try reshape(emit(MatMul(), rows, matrix), Shape(outer + [bins, resultParts]))
    return try transpose(product, shape.dimensions.indices.map { order.firstIndex(of: $0)! })
  }

  /// Rows: time and part; columns: frequency and part. Elements beyond `length` are cut off.
  private static func fourierMatrix(rows: Int, parts: Int, length: Int, bins: Int, inverse: Bool) -> [Double] {
    let width = 2 * bins
    var matrix = [Double](repeating: 0, count: rows * parts * width)
    let direction: Double = inverse ? 1 : -1
    let factor = inverse ? 1 / Double(length) : 1
    for t in 0..<min(rows, length) {
      for k in 0..<bins {
        let angle = direction * 2 * .pi * Double(t * k % length) / Double(length)
        let (re, im) = (factor * cos(angle), factor * sin(angle))
        matrix[t * parts * width + 2 * k] = re
        matrix[t * parts * width + 2 * k + 1] = im
        if parts == 2 {
          matrix[(t * parts + 1) * width + 2 * k] = -im
          matrix[(t * parts + 1) * width + 2 * k + 1] = re
        }
      }
    }
    return matrix
  }

  /// Rows: frequency (the lower half) and part; columns: time. Inner frequencies count twice, for their mirror images.
  private static func inverseRealMatrix(rows: Int, parts: Int, length: Int) -> [Double] {
    var matrix = [Double](repeating: 0, count: rows * parts * length)
    for k in 0..<min(rows, length / 2 + 1) {
      let isEdge = k == 0 || 2 * k == length
      for t in 0..<length {
        let angle = 2 * .pi * Double(t * k % length) / Double(length)
        let factor = (isEdge ? 1 : 2) / Double(length)
        matrix[k * parts * length + t] = factor * cos(angle)
        if parts == 2, !isEdge { matrix[(k * parts + 1) * length + t] = -factor * sin(angle) }
      }
    }
    return matrix
  }

  /// Frames of the signal `[B, n, 1 or 2]`, windowed and transformed: a strided convolution with sines and cosines.
  fileprivate mutating func shortTimeFourier() throws(MappingError) -> ValueID {
    let x = try input(0)
    var shape = self.shape(of: x)
    let oneSided = try bool("onesided", default: true)
    if shape.rank == 2 { shape = Shape(shape.dimensions + [1]) }
    guard shape.rank == 3, shape[2] == 1 || shape[2] == 2 else {
      throw MappingError("the signal must be [B, length, 1] or [B, length, 2], found \(shape)")
    }
    guard let step = try integer(1, "frame step"), step >= 1, step < 1 << 24 else {
      throw MappingError("its frame step must be positive")
    }
    let windowLength = optional(2).map { self.shape(of: $0).count }
    let length = try integer(3, "frame length") ?? windowLength ?? shape[1]
    guard length >= 1, length <= shape[1], windowLength == nil || windowLength == length else {
      throw MappingError(
        "frames of \(length) and a window of \(windowLength ?? length) do not fit a signal of \(shape[1])")
    }
    let parts = shape[2]
    let bins = oneSided ? length / 2 + 1 : length
    guard length < 1 << 20, length * parts * bins * 2 <= NodeContext.tableLimit else {
      throw MappingError("a DFT of \(length) elements is beyond what a convolution can do")
    }
    let matrix = NodeContext.fourierMatrix(rows: length, parts: parts, length: length, bins: bins, inverse: false)
    var kernel = [Double](repeating: 0, count: matrix.count)
    for t in 0..<length {
      for part in 0..<parts {
        for column in 0..<2 * bins {
          kernel[(column * parts + part) * length + t] = matrix[(t * parts + part) * 2 * bins + column]
        }
      }
    }
    var weights = table(kernel, element(of: x), [2 * bins, parts, length])
    if let window = optional(2) { weights = try binary(.multiply, weights, reshape(window, [1, 1, length])) }
    let op = Convolution(
      window: Window(kernel: [length], strides: [step], dilations: [1], padBegin: [0], padEnd: [0]))
    let channels = try transpose(reshape(x, shape), [0, 2, 1])
    let frames = try transpose(emit(op, channels, weights), [0, 2, 1])
    return try reshape(frames, [shape[0], self.shape(of: frames)[1], bins, 2])
  }
}
