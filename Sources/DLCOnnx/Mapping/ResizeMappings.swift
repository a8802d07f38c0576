import DLCGraph
import DLCOperators
import DLCTensor

/// Resampling.
let resizeMappings: [OperatorMapping] = [
  OperatorMapping("Upsample", since: 1) { (c: inout NodeContext) throws(MappingError) in
    let scales = try [1, 1, c.float("height_scale", default: 1), c.float("width_scale", default: 1)]
    return try [c.resize(scales: scales, sizes: nil, coordinate: .asymmetric, nearest: .floor)]
  },
  OperatorMapping("Upsample", since: 7) { (c: inout NodeContext) throws(MappingError) in
    let scales = try c.floats("scales") ?? []
    return try [c.resize(scales: scales, sizes: nil, coordinate: .asymmetric, nearest: .floor)]
  },
  OperatorMapping("Upsample", since: 9) { (c: inout NodeContext) throws(MappingError) in
    let scales = try c.constant(1, "scales").floats()
    return try [c.resize(scales: scales, sizes: nil, coordinate: .asymmetric, nearest: .floor)]
  },
  OperatorMapping("Resize", since: 10) { (c: inout NodeContext) throws(MappingError) in
    let scales = try c.constant(1, "scales").floats()
    return try [c.resize(scales: scales, sizes: nil, coordinate: .asymmetric, nearest: .floor)]
  },
  OperatorMapping("Resize", since: 11) { (c: inout NodeContext) throws(MappingError) in
    c.ignoreInputs(1)  // the region of interest, which one mode alone reads
    var scales: [Float]?
    if c.optional(2) != nil, case let tensor = try c.constant(2, "scales"), tensor.count > 0 {
      scales = tensor.floats()
    }
    let sizes = try c.integers(3, "sizes").flatMap { $0.isEmpty ? nil : $0 }
    return try [c.resize(scales: scales, sizes: sizes, coordinate: nil, nearest: nil)]
  },
]

extension NodeContext {
  /// - Parameters:
  ///   - coordinate: fixed by old versions; nil: the attribute decides.
  ///   - nearest: likewise.
  fileprivate mutating func resize(
    scales: [Float]?, sizes: [Int]?, coordinate: Resize.Coordinate?, nearest: Resize.Nearest?
  ) throws(MappingError) -> ValueID {
    let x = try input(0)
    let shape = self.shape(of: x)
    let mode = try mode()
    let coordinate = try self.coordinate(fixed: coordinate)
    let nearest = try self.nearest(fixed: nearest)
    let axes = try resolvedAxes(rank: shape.rank)
    let policy = try string("keep_aspect_ratio_policy", default: "stretch")
    guard (scales == nil) != (sizes == nil) else { throw MappingError("exactly one of scales and sizes must be given") }
    guard (scales?.count ?? sizes?.count) == axes.count else {
      throw MappingError("scales or sizes must have \(axes.count) entries")
    }
    var allScales = [Float](repeating: 1, count: shape.rank)
    var extents = shape.dimensions
    var region = try regions(rank: shape.rank, axes: axes, used: coordinate == .cropAndResize)
    if let scales {
      for (k, axis) in axes.enumerated() {
        guard scales[k] > 0, scales[k] < 1e6 else { throw MappingError("scale \(scales[k]) must be positive") }
        allScales[axis] = scales[k]
        let span = coordinate == .cropAndResize ? region.end[axis] - region.begin[axis] : 1
        let extent = Double(shape[axis]) * Double(span) * Double(scales[k])
        guard extent >= 0, extent < 2_147_483_648 else {
          throw MappingError("scale \(scales[k]) gives \(extent) elements")
        }
        extents[axis] = Int(extent.rounded(.down))
      }
    }
    guard ["stretch", "not_larger", "not_smaller"].contains(policy) else {
      throw MappingError(
        "attribute 'keep_aspect_ratio_policy' must be stretch, not_larger or not_smaller, found '\(policy)'")
    }
    if var sizes {
      guard sizes.allSatisfy({ $0 >= 0 && $0 < 1 << 31 }) else { throw MappingError("sizes \(sizes) are impossible") }
      let ratios = axes.indices.map { Double(sizes[$0]) / Double(max(shape[axes[$0]], 1)) }
      if policy != "stretch", !ratios.isEmpty {
        let ratio = policy == "not_larger" ? ratios.min()! : ratios.max()!
        sizes = axes.map { Int(min((Double(shape[$0]) * ratio).rounded(), 1e15)) }
        for axis in axes { allScales[axis] = Float(ratio) }
      } else {
        for (k, axis) in axes.enumerated() { allScales[axis] = Float(ratios[k]) }
      }
      for (k, axis) in axes.enumerated() { extents[axis] = sizes[k] }
    }
    guard let target = Shape(checking: extents) else { throw MappingError("output extents \(extents) are impossible") }
    if coordinate != .cropAndResize { region = ([], []) }
    let op = Resize(
      mode, coordinate: coordinate, nearest: nearest, shape: target, scales: allScales, regionBegin: region.begin,
      regionEnd: region.end, cubicCoefficient: try float("cubic_coeff_a", default: -0.75),
      extrapolation: try float("extrapolation_value", default: 0), excludesOutside: try bool("exclude_outside"),
      antialias: try bool("antialias"))
    return try emit(op, x)
  }

  private mutating func mode() throws(MappingError) -> Resize.Mode {
    let name = try string("mode", default: "nearest")
    switch name {
    case "nearest": return .nearest
    case "linear", "bilinear": return .linear
    case "cubic": return .cubic
    default: throw MappingError("attribute 'mode' must be nearest, linear or cubic, found '\(name)'")
    }
  }

  private mutating func coordinate(fixed: Resize.Coordinate?) throws(MappingError) -> Resize.Coordinate {
    if let fixed { return fixed }
    let name = try string("coordinate_transformation_mode", default: "half_pixel")
    switch name {
    case "half_pixel": return .halfPixel
    case "pytorch_half_pixel": return .pytorchHalfPixel
    case "align_corners": return .alignCorners
    case "asymmetric": return .asymmetric
    case "tf_crop_and_resize": return .cropAndResize
    case "half_pixel_symmetric": return .halfPixelSymmetric
    default:
      throw MappingError(
        "attribute 'coordinate_transformation_mode' is '\(name)'",
        advice: "half_pixel, align_corners, asymmetric and others of opset 19 are supported.")
    }
  }

  private mutating func nearest(fixed: Resize.Nearest?) throws(MappingError) -> Resize.Nearest {
    if let fixed { return fixed }
    let name = try string("nearest_mode", default: "round_prefer_floor")
    switch name {
    case "round_prefer_floor": return .roundPreferFloor
    case "round_prefer_ceil": return .roundPreferCeil
    case "floor": return .floor
    case "ceil": return .ceil
    default:
      throw MappingError(
        "attribute 'nearest_mode' is '\(name)'; it must be round_prefer_floor, round_prefer_ceil, floor or ceil")
    }
  }

  private mutating func resolvedAxes(rank: Int) throws(MappingError) -> [Int] {
    guard let axes = try ints("axes") else { return Array(0..<rank) }
    var resolved: [Int] = []
    for axis in axes { resolved.append(try resolve(axis: axis, rank: rank)) }
    guard Set(resolved).count == resolved.count else { throw MappingError("axes \(axes) name an axis twice") }
    return resolved
  }

  private func regions(rank: Int, axes: [Int], used: Bool) throws(MappingError) -> (begin: [Float], end: [Float]) {
    var begin = [Float](repeating: 0, count: rank)
    var end = [Float](repeating: 1, count: rank)
    guard used else { return (begin, end) }
    let region = try constant(1, "region of interest").floats()
    guard region.count == 2 * axes.count else {
      throw MappingError("roi must have \(2 * axes.count) entries, found \(region.count)")
    }
    for (k, axis) in axes.enumerated() {
      begin[axis] = region[k]
      end[axis] = region[axes.count + k]
    }
    return (begin, end)
  }
}
