import CDLCPreprocess
import DLCTensor

/// Preprocessing settled for one input: pixels in, a tensor of the input's type out.
package struct ImagePreparation: Sendable {
  private let parameters: dlc_preprocess
  private let type: TensorType

  /// Settles `preprocessing` for `input`, of rank 3 or 4 with an axis of 1 or 3 channels. Throws `malformed` naming `path`.
  package init(_ preprocessing: Preprocessing, input: DataInput, rows: Int, path: String) throws(DataError) {
    type = input.rowType(rows: rows)
    let extents = Array(type.shape.dimensions.suffix(3))
    let leading = type.shape.dimensions.dropLast(3)
    guard extents.count == 3, leading.count <= 1, leading.allSatisfy({ $0 == 1 }) else {
      throw .malformed(
        path: path,
        reason:
          "is to be read as pictures, and input '\(input.name)' \(input.type) takes none: it has no axes of channels, height and width"
      )
    }
    func isColor(_ extent: Int) -> Bool { extent == 1 || extent == 3 }
    let last = preprocessing.layout.map { $0 == .nhwc } ?? (!isColor(extents[0]) && isColor(extents[2]))
    let channels = last ? extents[2] : extents[0]
    guard isColor(channels), !extents.contains(0) else {
      throw .malformed(
        path: path,
        reason:
          "is to be read as pictures, and input '\(input.name)' \(input.type) has \(channels) channels; 1 or 3 are expected"
      )
    }
    let (height, width) = last ? (extents[0], extents[1]) : (extents[1], extents[2])
    if let gray = preprocessing.grayscale, gray != (channels == 1) {
      throw .malformed(
        path: path,
        reason:
          "is to be read in \(gray ? "gray" : "color"), and input '\(input.name)' has \(channels) channels; change 'grayscale' of the preprocessing"
      )
    }
    if let size = preprocessing.cropSize, preprocessing.crop, size != [height, width] {
      throw .malformed(
        path: path,
        reason:
          "is to be cut to \(size[0]) x \(size[1]), and input '\(input.name)' takes \(height) x \(width); change 'crop' of the preprocessing"
      )
    }
    guard max(height, width) <= Int(DLC_PREPROCESS_MAX_EXTENT) else {
      throw .malformed(
        path: path, reason: "is to be read as pictures, and input '\(input.name)' \(input.type) is too large for one")
    }
    parameters = ImagePreparation.parameters(preprocessing, height, width, channels, channelsLast: last)
  }

  private static func parameters(
    _ preprocessing: Preprocessing, _ height: Int, _ width: Int, _ channels: Int, channelsLast: Bool
  ) -> dlc_preprocess {
    var result = dlc_preprocess()
    (result.height, result.width, result.channels) = (UInt32(height), UInt32(width), UInt32(channels))
    var sides = (height, width)
    switch preprocessing.resize {
    case .none: result.resize = UInt32(DLC_RESIZE_NONE)
    case .input: result.resize = UInt32(DLC_RESIZE_EXACT)
    case .exact(let height, let width):
      result.resize = UInt32(DLC_RESIZE_EXACT)
      sides = (height, width)
    case .shorter(let side):
      result.resize = UInt32(DLC_RESIZE_SHORTER)
      sides = (side, side)
    case .cropFraction(let fraction):
      result.resize = UInt32(DLC_RESIZE_SHORTER)
      let side = min(Int(Double(max(height, width)) / fraction), Int(DLC_PREPROCESS_MAX_EXTENT))
      sides = (side, side)
    }
    let place = preprocessing.align == .center ? DLC_FIT_CENTER : DLC_FIT_TOP_LEFT
    result.fit = UInt32(preprocessing.crop ? place : DLC_FIT_EQUAL)
    if let pad = preprocessing.letterbox {
      result.resize = UInt32(DLC_RESIZE_LETTERBOX)
      result.fit = UInt32(place)
      result.pad = UInt32(clamping: pad)
    }
    (result.resize_height, result.resize_width) = (UInt32(sides.0), UInt32(sides.1))
    switch preprocessing.filter {
    case .antialias: result.filter = UInt32(DLC_FILTER_ANTIALIAS)
    case .bilinear: result.filter = UInt32(DLC_FILTER_BILINEAR)
    case .nearest: result.filter = UInt32(DLC_FILTER_NEAREST)
    }
    result.reversed = preprocessing.order == .bgr ? 1 : 0
    result.channels_last = channelsLast ? 1 : 0
    result.scale = preprocessing.scale
    let (mean, std) = (preprocessing.mean, preprocessing.std)
    result.mean = (mean[0], mean[min(1, mean.count - 1)], mean[min(2, mean.count - 1)])
    result.deviation = (std[0], std[min(1, std.count - 1)], std[min(2, std.count - 1)])
    return result
  }

  /// The values of one observation. Throws `malformed` naming `origin` when the picture has no place in the input.
  package func tensor(_ image: Image, origin: String) throws(DataError) -> Tensor {
    var parameters = parameters
    var scratchBytes = 0
    var size: (UInt32, UInt32) = (0, 0)
    let (height, width, channels) = (
      UInt32(clamping: image.height), UInt32(clamping: image.width), UInt32(image.channels)
    )
    let status = withUnsafeMutableBytes(of: &size) {
      dlc_preprocess_check(
        &parameters, height, width, channels, &scratchBytes, $0.bindMemory(to: UInt32.self).baseAddress)
    }
    if status == Int32(DLC_PREPROCESS_BAD_EXTENT) {
      throw .malformed(
        path: origin,
        reason:
          "becomes \(size.0) x \(size.1) pixels, and the model takes \(parameters.height) x \(parameters.width); give the preprocessing a crop, a letterbox or another resize"
      )
    }
    guard status == Int32(DLC_PREPROCESS_OK) else {
      throw .malformed(path: origin, reason: "has \(image.height) x \(image.width) pixels, which cannot be resized")
    }
    let scratch = UnsafeMutableRawPointer.allocate(byteCount: max(scratchBytes, 1), alignment: 64)
    defer { scratch.deallocate() }
    let floats = Tensor(TensorType(.float32, type.shape)) { output in
      image.pixels.withBytes { pixels in
        guard let values = output.bindMemory(to: Float.self).baseAddress,
          let bytes = pixels.bindMemory(to: UInt8.self).baseAddress
        else { return }
        _ = dlc_preprocess_run(
          &parameters, bytes, height, width, channels, image.width * image.channels, values, scratch)
      }
    }
    if type.element == .float32 { return floats }
    if type.element.isFloat { return floats.cast(to: type.element) }
    // Integer inputs take the nearest whole number.
    return Tensor(doubles: floats.doubles().map { $0.rounded(.toNearestOrEven) }, type: type)
  }
}
