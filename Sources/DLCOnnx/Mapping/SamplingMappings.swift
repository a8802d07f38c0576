import DLCGraph
import DLCOperators
import DLCTensor

/// Sampling at computed places.
let samplingMappings: [OperatorMapping] = [
  OperatorMapping("AffineGrid", since: 20) { (c: inout NodeContext) throws(MappingError) in try [c.affineGrid()] },
  OperatorMapping("GridSample", since: 16) { (c: inout NodeContext) throws(MappingError) in try [c.gridSample()] },
]

extension NodeContext {
  /// Places (x, y[, z]) in -1...1 of every output element, transformed by theta.
  fileprivate mutating func affineGrid() throws(MappingError) -> ValueID {
    let theta = try input(0)
    let corners = try bool("align_corners")
    let size = try integers(1, "size") ?? []
    let axes = size.count - 2
    guard axes == 2 || axes == 3, let target = Shape(checking: size), shape(of: theta) == [target[0], axes, axes + 1]
    else {
      throw MappingError("theta \(shape(of: theta)) does not fit an output of \(size)")
    }
    let spatial = Shape(Array(target.dimensions[2...]))
    guard spatial.count <= NodeContext.tableLimit / 4 else { throw MappingError("a grid of \(spatial) is too large") }
    var homogeneous: [Double] = []
    let strides = spatial.strides
    for place in 0..<spatial.count {
      for axis in (0..<axes).reversed() {
        let (k, extent) = (Double(place / strides[axis] % spatial[axis]), Double(spatial[axis]))
        homogeneous.append(corners ? (extent > 1 ? -1 + 2 * k / (extent - 1) : -1) : (2 * k + 1) / extent - 1)
      }
      homogeneous.append(1)
    }
    let grid = table(homogeneous, element(of: theta), [1, spatial.count, axes + 1])
    let places = try emit(MatMul(transposeB: true), grid, theta)
    return try reshape(places, Shape([target[0]] + spatial.dimensions + [axes]))
  }

  private enum Outside: String { case zeros, border, reflection }

  /// x `[N, C, spatial...]` at the places of grid `[N, out..., axes]`: a weighted sum of gathered neighbours.
  fileprivate mutating func gridSample() throws(MappingError) -> ValueID {
    let (x, grid) = try (input(0), input(1))
    let (shape, places) = (self.shape(of: x), self.shape(of: grid))
    let axes = shape.rank - 2
    guard axes == 2 || axes == 3, places.rank == shape.rank, places[0] == shape[0], places[places.rank - 1] == axes,
      !shape.isEmpty
    else {
      throw MappingError("x must be [N, C, spatial...] and the grid [N, out..., axes], found \(shape) and \(places)")
    }
    let mode = try string("mode", default: "linear")
    guard ["linear", "bilinear", "nearest", "cubic", "bicubic"].contains(mode) else {
      throw MappingError("attribute 'mode' must be linear, nearest or cubic, found '\(mode)'")
    }
    let padding = try string("padding_mode", default: "zeros")
    guard let outside = Outside(rawValue: padding) else {
      throw MappingError("attribute 'padding_mode' must be zeros, border or reflection, found '\(padding)'")
    }
    let corners = try bool("align_corners")
    let spatial = Array(shape.dimensions[2...])
    let pixels = spatial.reduce(1, *)
    let points = places.dimensions[1..<places.rank - 1].reduce(1, *)
    guard pixels < 1 << 24 else {
      throw MappingError("images of more than 2^24 elements are not supported, found \(shape)")
    }

    // Per axis: the neighbours' places (f32 integers inside the image) and weights, each [N, points, 1].
    let flat = try reshape(cast(grid, .float32), [shape[0], points, axes])
    var neighbours: [[(place: ValueID, weight: ValueID?)]] = []
    for (axis, extent) in spatial.enumerated() {
      let coordinate = try part(flat, axis: 2, start: axes - 1 - axis, count: 1)
      neighbours.append(
        try axisNeighbours(coordinate, extent: extent, mode: mode, outside: outside, corners: corners))
    }
    let image = try reshape(transpose(x, [0] + Array(2..<shape.rank) + [1]), [shape[0], pixels, shape[1]])
    var sum: ValueID?
    for combination in 0..<neighbours.reduce(1, { $0 * $1.count }) {
      var rest = combination
      var place: ValueID?
      var weight: ValueID?
      for (axis, choices) in neighbours.enumerated() {
        let choice = choices[rest % choices.count]
        rest /= choices.count
        place =
          try place.map { (id) throws(MappingError) in
            try binary(.add, binary(.multiply, id, scalar(Double(spatial[axis]), .float32)), choice.place)
          } ?? choice.place
        if let own = choice.weight {
          weight = try weight.map { (id) throws(MappingError) in try binary(.multiply, id, own) } ?? own
        }
      }
      guard let place else { break }
      var picked = try emit(GatherND(batchDimensions: 1), image, cast(place, .int64))
      if let weight { picked = try binary(.multiply, cast(picked, .float32), weight) }
      sum = try sum.map { (id) throws(MappingError) in try binary(.add, id, picked) } ?? picked
    }
    guard let sum else { throw MappingError("it samples nothing") }
    let y = try transpose(cast(sum, element(of: x)), [0, 2, 1])
    return try reshape(y, Shape([shape[0], shape[1]] + places.dimensions[1..<places.rank - 1]))
  }

  private mutating func axisNeighbours(
    _ grid: ValueID, extent: Int, mode: String, outside: Outside, corners: Bool
  ) throws(MappingError) -> [(place: ValueID, weight: ValueID?)] {
    let n = Double(extent)
    // -1...1 spans the centres of the outermost elements, or their outer borders.
    let factor = corners ? (n - 1) / 2 : n / 2
    var x = try shifted(binary(.multiply, grid, scalar(factor, .float32)), by: (n - 1) / 2)
    let isNearest = mode == "nearest"
    if isNearest { x = try unary(.round, x) }
    switch outside {
    case .zeros: break
    case .border: x = try unary(.clip(low: 0, high: Float(n - 1)), x)
    case .reflection: x = try reflected(x, extent: extent, corners: corners)
    }
    if isNearest { return [try neighbour(x, weight: nil, extent: extent, outside: outside, corners: corners)] }
    let base = try unary(.floor, x)
    let t = try binary(.subtract, x, base)
    let weights: [(offset: Int, weight: ValueID)]
    if mode.hasSuffix("linear") {
      weights = [(0, try shifted(unary(.negate, t), by: 1)), (1, t)]
    } else {
      let rest = try shifted(unary(.negate, t), by: 1)
      weights = [
        (-1, try outerCubic(shifted(t, by: 1))), (0, try innerCubic(t)), (1, try innerCubic(rest)),
        (2, try outerCubic(shifted(rest, by: 1))),
      ]
    }
    var result: [(place: ValueID, weight: ValueID?)] = []
    for (offset, weight) in weights {
      result.append(
        try neighbour(
          shifted(base, by: Double(offset)), weight: weight, extent: extent, outside: outside, corners: corners))
    }
    return result
  }

  private mutating func shifted(_ x: ValueID, by amount: Double) throws(MappingError) -> ValueID {
    amount == 0 ? x : try binary(.add, x, scalar(amount, .float32))
  }

  /// Keys' kernel with a = -0.75 for distances up to 1: ((a + 2) t - (a + 3)) t^2 + 1.
  private mutating func innerCubic(_ t: ValueID) throws(MappingError) -> ValueID {
    let slope = try shifted(binary(.multiply, t, scalar(1.25, .float32)), by: -2.25)
    return try shifted(binary(.multiply, slope, unary(.square, t)), by: 1)
  }

  /// Keys' kernel with a = -0.75 for distances from 1 to 2: ((a t - 5a) t + 8a) t - 4a.
  private mutating func outerCubic(_ t: ValueID) throws(MappingError) -> ValueID {
    var sum = try shifted(binary(.multiply, t, scalar(-0.75, .float32)), by: 3.75)
    sum = try shifted(binary(.multiply, sum, t), by: -6)
    return try shifted(binary(.multiply, sum, t), by: 3)
  }

  /// Mirrors x at the image's borders, which stand half an element out unless corners are aligned.
  private mutating func reflected(_ x: ValueID, extent: Int, corners: Bool) throws(MappingError) -> ValueID {
    let low = corners ? 0 : -0.5
    let range = Double(corners ? extent - 1 : extent)
    guard range > 0 else { return try binary(.multiply, x, scalar(0, .float32)) }
    let distance = try unary(.abs, shifted(x, by: -low))
    let turn = try binary(.modulo, distance, scalar(2 * range, .float32))
    // range - |turn - range| rises to the far border and falls again.
    let fold = try unary(.abs, shifted(turn, by: -range))
    return try shifted(unary(.negate, fold), by: range + low)
  }

  private mutating func neighbour(
    _ place: ValueID, weight: ValueID?, extent: Int, outside: Outside, corners: Bool
  ) throws(MappingError) -> (place: ValueID, weight: ValueID?) {
    let high = Float(extent - 1)
    let mirrored = outside == .reflection ? try reflected(place, extent: extent, corners: corners) : place
    let inside = try unary(.clip(low: 0, high: high), mirrored)
    guard outside == .zeros else { return (inside, weight) }
    let isInside = try cast(binary(.equal, inside, place), .float32)
    return (inside, try weight.map { (id) throws(MappingError) in try binary(.multiply, id, isInside) } ?? isInside)
  }
}
