import Foundation

/// How pictures become the values of an input: stated once, applied by every command and on the device alike.
package struct Preprocessing: Sendable, Hashable {
  /// How a picture is scaled.
  package enum Resize: Sendable, Hashable {
    /// It keeps its size.
    case none
    /// To the model's height and width, whatever its own proportions.
    case input
    /// The shorter side to this, the longer in proportion.
    case shorter(Int)
    /// To this height and width.
    case exact(Int, Int)
    /// The shorter side to the longer side of the crop divided by this, rounded down (256 for a crop of 224 and 0.875).
    case cropFraction(Double)
  }

  /// Interpolation when scaling.
  package enum Filter: String, Sendable, CaseIterable {
    /// A triangle as wide as a target pixel: Pillow's and torchvision's bilinear.
    case antialias
    /// Two neighbours each way: OpenCV's bilinear.
    case bilinear
    case nearest
  }

  /// Where a smaller or larger picture lies in the model's frame.
  package enum Alignment: String, Sendable, CaseIterable {
    case center
    case topLeft = "top-left"
  }

  /// Order of the channels.
  package enum Order: String, Sendable, CaseIterable {
    case rgb, bgr
  }

  /// Order of the axes.
  package enum Layout: String, Sendable, CaseIterable {
    case nchw, nhwc
  }

  package var resize: Resize = .input
  package var filter: Filter = .antialias
  /// Whether the middle of the scaled picture is cut out where it is larger than the input.
  package var crop = false
  /// Height and width of the cut, where they are stated: they must be the model's.
  package var cropSize: [Int]?
  /// Scale in proportion until the picture fits, and fill the rest with this pixel value.
  package var letterbox: Int?
  package var align: Alignment = .center
  /// Gray or color; nil: as many channels as the input has.
  package var grayscale: Bool?
  package var order: Order = .rgb
  /// value = (pixel * scale - mean) / std, pixels in 0...255, channels in `order`; one entry stands for all channels.
  package var scale = 1.0
  package var mean: [Double] = [0]
  package var std: [Double] = [1]
  /// Nil: the axis of 1 or 3 in the input's shape tells, channels first where both could be.
  package var layout: Layout?

  package init() {}

  /// Names of the presets.
  package static let presets = ["imagenet", "imagenet-caffe", "none", "unit", "signed"]

  /// A preset by name.
  package init?(preset: String) {
    self.init()
    switch preset {
    case "none": break
    case "unit": scale = 1 / 255.0
    case "signed": (scale, mean, std) = (1 / 255.0, [0.5], [0.5])
    case "imagenet":
      (resize, crop, scale) = (.cropFraction(0.875), true, 1 / 255.0)
      (mean, std) = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
    case "imagenet-caffe":
      (resize, crop, order) = (.cropFraction(0.875), true, .bgr)
      mean = [104, 117, 123]
    default: return nil
    }
  }

  /// A preset's name or the path of a JSON file, as `--preprocess` takes it.
  package static func load(_ argument: String) throws(DataError) -> Preprocessing {
    if let preset = Preprocessing(preset: argument) { return preset }
    guard FileManager.default.fileExists(atPath: argument) else {
      throw .missing(
        path: argument, reason: "it is neither a JSON file nor one of \(presets.joined(separator: ", "))")
    }
    return try Preprocessing(text: FileAccess.read(argument), path: argument)
  }
}
