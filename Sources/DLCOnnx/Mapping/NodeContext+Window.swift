import DLCGraph
import DLCOperators
import DLCTensor

extension NodeContext {
  /// Window attributes as the file gives them, before padding is decided.
  struct WindowAttributes {
    var kernel: [Int]
    var strides: [Int]
    var dilations: [Int]
    var pads: [Int]?
    var autoPad: String
  }

  /// Reads kernel_shape, strides, dilations, pads and auto_pad for `spatialRank` axes.
  /// - Parameter weights: kernel extents when the attribute may be left out.
  mutating func windowAttributes(spatialRank: Int, weights: [Int]? = nil) throws(MappingError) -> WindowAttributes {
    guard (1...3).contains(spatialRank) else {
      throw MappingError(
        "it has \(spatialRank) spatial axes; 1 to 3 are supported", advice: "Reshape the input to [N, C, spatial...].")
    }
    guard let kernel = try ints("kernel_shape") ?? weights else {
      throw MappingError("attribute 'kernel_shape' is missing")
    }
    let ones = [Int](repeating: 1, count: spatialRank)
    let attributes = WindowAttributes(
      kernel: kernel, strides: try ints("strides") ?? ones, dilations: try ints("dilations") ?? ones,
      pads: try ints("pads"), autoPad: try string("auto_pad", default: "NOTSET"))
    for (name, values, low) in [
      ("kernel_shape", attributes.kernel, 1), ("strides", attributes.strides, 1),
      ("dilations", attributes.dilations, 1),
    ] {
      guard values.count == spatialRank, values.allSatisfy({ $0 >= low && $0 < 1 << 24 }) else {
        throw MappingError(
          "attribute '\(name)' must be \(spatialRank) integers from \(low) to 16777215, found \(values)")
      }
    }
    if let weights, weights != kernel {
      throw MappingError("kernel_shape \(kernel) differs from the weights' \(weights)")
    }
    if let pads = attributes.pads {
      guard pads.count == 2 * spatialRank, pads.allSatisfy({ $0 > -(1 << 24) && $0 < 1 << 24 }) else {
        throw MappingError("attribute 'pads' must be \(2 * spatialRank) integers below 2^24, found \(pads)")
      }
    }
    return attributes
  }

  /// The window over input extents `spatial`, with auto_pad resolved: SAME makes `out = ceil(in / stride)`.
  func window(_ attributes: WindowAttributes, over spatial: [Int]) throws(MappingError) -> Window {
    let rank = attributes.kernel.count
    var begin = [Int](repeating: 0, count: rank)
    var end = begin
    switch attributes.autoPad {
    case "NOTSET", "":
      if let pads = attributes.pads {
        begin = Array(pads[0..<rank])
        end = Array(pads[rank...])
      }
    case "VALID": break
    case "SAME_UPPER", "SAME_LOWER":
      for k in 0..<rank {
        let out = (spatial[k] + attributes.strides[k] - 1) / attributes.strides[k]
        let reach = (attributes.kernel[k] - 1) * attributes.dilations[k] + 1
        let total = max(0, (out - 1) * attributes.strides[k] + reach - spatial[k])
        begin[k] = attributes.autoPad == "SAME_UPPER" ? total / 2 : total - total / 2
        end[k] = total - begin[k]
      }
    default:
      throw MappingError(
        "attribute 'auto_pad' must be NOTSET, VALID, SAME_UPPER or SAME_LOWER, found '\(attributes.autoPad)'")
    }
    guard (begin + end).allSatisfy({ $0 >= 0 }) else {
      throw MappingError("pads \(begin + end) are negative", advice: "Crop with a Slice or Pad before it.")
    }
    return Window(
      kernel: attributes.kernel, strides: attributes.strides, dilations: attributes.dilations, padBegin: begin,
      padEnd: end)
  }
}
