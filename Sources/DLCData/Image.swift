import CImageCodecs
import DLCTensor
import Foundation

/// A decoded picture: rows of interleaved bytes, gray or red, green, blue.
package struct Image: Sendable {
  package let height: Int
  package let width: Int
  /// 1 or 3.
  package let channels: Int
  package let pixels: Tensor

  /// Pixels of the largest image that is read: 16,384 x 8,192.
  package static let mostPixels: UInt64 = 1 << 27

  /// Decodes a PNG or JPEG file, told apart by its first bytes. Throws `malformed` naming `path` and what is wrong.
  package init(decoding data: Data, path: String) throws(DataError) {
    var image = dlc_image()
    var message = [CChar](repeating: 0, count: 256)
    let status = data.withUnsafeBytes { bytes in
      dlc_image_decode(
        bytes.bindMemory(to: UInt8.self).baseAddress ?? UnsafePointer(bitPattern: 1), bytes.count, Image.mostPixels,
        &image, &message, message.count)
    }
    guard status == Int32(DLC_IMAGE_OK), let source = image.pixels else {
      let text = String(decoding: message.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      throw .malformed(
        path: path, reason: status == Int32(DLC_IMAGE_DAMAGED) ? "is a damaged image: \(text)" : text)
    }
    defer { dlc_image_free(&image) }
    height = Int(image.height)
    width = Int(image.width)
    channels = Int(image.channels)
    let type = TensorType(.uint8, Shape([height, width, channels]))
    pixels = Tensor(type) { $0.copyMemory(from: UnsafeRawBufferPointer(start: source, count: type.byteCount)) }
  }

  /// An array of bytes that is laid out as a picture: [H, W], [H, W, 1], [H, W, 3], with further leading axes of 1; nil for others.
  init?(_ tensor: Tensor) {
    guard tensor.element == .uint8 else { return nil }
    var extents = tensor.shape.dimensions
    while extents.count > 3, extents.first == 1 { extents.removeFirst() }
    if extents.count == 3, extents[0] == 1, extents[2] != 1, extents[2] != 3 { extents.removeFirst() }
    if extents.count == 2 { extents.append(1) }
    guard extents.count == 3, extents[2] == 1 || extents[2] == 3, !extents.contains(0) else { return nil }
    (height, width, channels) = (extents[0], extents[1], extents[2])
    pixels = tensor
  }

  /// Whether a file starts as one that can be decoded.
  static func isImage(_ head: Data) -> Bool {
    let bytes = [UInt8](head.prefix(16))
    return dlc_image_kind(bytes, bytes.count) != Int32(DLC_IMAGE_NONE)
  }
}
