import DLCGraph
import DLCOperators
import DLCTensor

extension Resize: OnnxSpelled {
  func spell(_ n: inout NodeSpelling) throws(OnnxWriteError) -> [String] {
    if antialias { n.require(opset: 18) }
    if coordinate == .halfPixelSymmetric { n.require(opset: 19) }
    let x = n.inputTypes[0].shape
    let crops = coordinate == .cropAndResize
    let region = crops ? n.constant(Tensor(regionBegin + regionEnd, shape: [2 * x.rank])) : ""
    // Scales say everything when the extents follow from them; extents do when the scales follow from those.
    let spans = x.dimensions.indices.map { crops ? Double(regionEnd[$0] - regionBegin[$0]) : 1 }
    let follow = x.dimensions.indices.allSatisfy {
      (Double(x[$0]) * spans[$0] * Double(scales[$0])).rounded(.down) == Double(shape[$0])
    }
    let operands: [String]
    if follow {
      operands = [n.inputs[0], region, n.constant(Tensor(scales, shape: [x.rank]))]
    } else {
      let ratios = x.dimensions.indices.map { Float(Double(shape[$0]) / Double(max(x[$0], 1))) }
      guard ratios == scales else {
        throw n.unsupported("scales \(scales) and extents \(shape) do not follow from each other")
      }
      operands = [n.inputs[0], region, "", n.integers(shape.dimensions)]
    }
    return [n.emit("Resize", operands, onnxAttributes)]
  }

  private var onnxAttributes: [(String, OnnxAttributeValue)] {
    var attributes: [(String, OnnxAttributeValue)] = [
      ("mode", .string(Array(mode.rawValue.utf8))),
      ("coordinate_transformation_mode", .string(Array(coordinate.onnxName.utf8))),
    ]
    if mode == .nearest { attributes.append(("nearest_mode", .string(Array(nearest.onnxName.utf8)))) }
    if mode == .cubic { attributes.append(("cubic_coeff_a", .float(cubicCoefficient))) }
    if coordinate == .cropAndResize { attributes.append(("extrapolation_value", .float(extrapolation))) }
    if excludesOutside { attributes.append(("exclude_outside", .int(1))) }
    if antialias { attributes.append(("antialias", .int(1))) }
    return attributes
  }
}

extension Resize.Coordinate {
  fileprivate var onnxName: String {
    switch self {
    case .halfPixel: "half_pixel"
    case .pytorchHalfPixel: "pytorch_half_pixel"
    case .alignCorners: "align_corners"
    case .asymmetric: "asymmetric"
    case .cropAndResize: "tf_crop_and_resize"
    case .halfPixelSymmetric: "half_pixel_symmetric"
    }
  }
}

extension Resize.Nearest {
  fileprivate var onnxName: String {
    switch self {
    case .roundPreferFloor: "round_prefer_floor"
    case .roundPreferCeil: "round_prefer_ceil"
    case .floor: "floor"
    case .ceil: "ceil"
    }
  }
}
