import Foundation

/// The JSON form: what `--preprocess FILE.json` reads and what is stored with a plan.
extension Preprocessing {
  /// All keys.
  package static let keys = [
    "preset", "resize", "crop_fraction", "filter", "crop", "letterbox", "align", "grayscale", "order", "scale", "mean",
    "std", "layout",
  ]

  /// The canonical text: equal values have equal text, keys in a fixed order, what has no effect left out.
  package var text: String {
    var members: [String] = []
    switch resize {
    case .none: members.append("\"resize\":\"none\"")
    case .input: members.append("\"resize\":\"input\"")
    case .shorter(let side): members.append("\"resize\":\(side)")
    case .exact(let height, let width): members.append("\"resize\":[\(height),\(width)]")
    case .cropFraction(let fraction): members.append("\"crop_fraction\":\(fraction)")
    }
    members.append("\"filter\":\"\(filter.rawValue)\"")
    if crop {
      members.append("\"crop\":\(cropSize.map { "[\($0.map(String.init).joined(separator: ","))]" } ?? "\"input\"")")
    }
    if let letterbox { members.append("\"letterbox\":\(letterbox)") }
    if align != .center { members.append("\"align\":\"\(align.rawValue)\"") }
    if let grayscale { members.append("\"grayscale\":\(grayscale)") }
    members.append("\"order\":\"\(order.rawValue)\",\"scale\":\(scale)")
    members.append("\"mean\":[\(mean.map { "\($0)" }.joined(separator: ","))]")
    members.append("\"std\":[\(std.map { "\($0)" }.joined(separator: ","))]")
    if let layout { members.append("\"layout\":\"\(layout.rawValue)\"") }
    return "{\(members.joined(separator: ","))}"
  }

  /// Reads the JSON form strictly. Throws `malformed` naming `path`, the key, and what it takes.
  package init(text: Data, path: String) throws(DataError) {
    guard text.count <= 1 << 20, let object = try? JSONSerialization.jsonObject(with: text) as? [String: Any] else {
      throw .malformed(
        path: path, reason: "is no JSON object of preprocessing keys: \(Self.keys.joined(separator: ", "))")
    }
    if let unknown = object.keys.sorted().first(where: { !Self.keys.contains($0) }) {
      throw .malformed(
        path: path, reason: "has the unknown key '\(unknown)'; known are \(Self.keys.joined(separator: ", "))")
    }
    let fields = Fields(object: object, path: path)
    self.init()
    if let name = try fields.text("preset", Self.presets) {
      self = Preprocessing(preset: name) ?? self
    }
    if object["resize"] != nil, object["crop_fraction"] != nil {
      throw fields.wrong("crop_fraction", "alone, without resize: both say how far the picture is scaled")
    }
    try readGeometry(fields)
    if let name = try fields.text("order", Order.allCases.map(\.rawValue)) { order = Order(rawValue: name) ?? order }
    if let name = try fields.text("layout", Layout.allCases.map(\.rawValue)) { layout = Layout(rawValue: name) }
    grayscale = try fields.flag("grayscale") ?? grayscale
    if let values = try fields.numbers("scale", counts: [1]) { scale = values[0] }
    mean = try fields.numbers("mean", counts: [1, 3]) ?? mean
    std = try fields.numbers("std", counts: [1, 3]) ?? std
    if std.contains(0) { throw fields.wrong("std", "numbers other than 0") }
  }

  private mutating func readGeometry(_ fields: Fields) throws(DataError) {
    if let value = fields.object["resize"] {
      if value as? String == "none" {
        resize = .none
      } else if value as? String == "input" {
        resize = .input
      } else if let sizes = fields.extents(value), sizes.count <= 2 {
        resize = sizes.count == 1 ? .shorter(sizes[0]) : .exact(sizes[0], sizes[1])
      } else {
        throw fields.wrong("resize", "the shorter side, [height, width], \"input\" or \"none\"; sides are 1 to 65535")
      }
    }
    if let values = try fields.numbers("crop_fraction", counts: [1]) {
      guard values[0] > 0.01, values[0] <= 1 else {
        throw fields.wrong("crop_fraction", "a number above 0.01, at most 1")
      }
      (resize, crop) = (.cropFraction(values[0]), true)
    }
    if let name = try fields.text("filter", Filter.allCases.map(\.rawValue)) {
      filter = Filter(rawValue: name) ?? filter
    }
    if let value = fields.object["crop"] {
      cropSize = nil
      if value as? String == "input" {
        crop = true
      } else if let wanted = fields.flag(in: value) {
        crop = wanted
      } else if let sizes = fields.extents(value), sizes.count <= 2 {
        (crop, cropSize) = (true, [sizes[0], sizes[sizes.count - 1]])
      } else {
        throw fields.wrong("crop", "\"input\" (the middle, of the model's size), that size, or false")
      }
    }
    if let values = try fields.numbers("letterbox", counts: [1]) {
      guard values[0] >= 0, values[0] <= 255, values[0] == values[0].rounded() else {
        throw fields.wrong("letterbox", "a whole pixel value from 0 to 255 for what the picture leaves open")
      }
      letterbox = Int(values[0])
    }
    if let name = try fields.text("align", Alignment.allCases.map(\.rawValue)) {
      align = Alignment(rawValue: name) ?? align
    }
    if letterbox != nil, crop {
      throw fields.wrong("letterbox", "alone, without crop: a letterboxed picture is not cut")
    }
  }

  /// The values of a JSON object with their checks.
  private struct Fields {
    let object: [String: Any]
    let path: String

    func wrong(_ key: String, _ wanted: String) -> DataError {
      .malformed(path: path, reason: "has a wrong '\(key)'; it takes \(wanted)")
    }

    func text(_ key: String, _ allowed: [String]) throws(DataError) -> String? {
      guard let value = object[key] else { return nil }
      guard let text = value as? String, allowed.contains(text) else {
        throw wrong(key, "one of \(allowed.joined(separator: ", "))")
      }
      return text
    }

    func flag(_ key: String) throws(DataError) -> Bool? {
      guard let value = object[key] else { return nil }
      guard let flag = flag(in: value) else { throw wrong(key, "true or false") }
      return flag
    }

    /// True or false; nil for numbers, which Foundation would take for them, and for anything else.
    func flag(in value: Any) -> Bool? {
      guard let number = value as? NSNumber else { return value as? Bool }
      return String(cString: number.objCType) == "c" ? number.boolValue : nil
    }

    func numbers(_ key: String, counts: Set<Int>) throws(DataError) -> [Double]? {
      guard let value = object[key] else { return nil }
      let list = value as? [Any] ?? [value]
      // Foundation reads long numbers as decimals, whose conversion rounds twice; their text does not.
      let numbers = list.compactMap {
        $0 is String || flag(in: $0) != nil ? nil : ($0 as? NSNumber).flatMap { Double($0.stringValue) }
      }
      guard numbers.count == list.count, counts.contains(numbers.count), numbers.allSatisfy(\.isFinite) else {
        throw wrong(key, counts == [1] ? "a number" : "a number, or one for each of 3 channels")
      }
      return numbers
    }

    /// Sides of a picture.
    func extents(_ value: Any) -> [Int]? {
      let list = value as? [Any] ?? [value]
      let numbers = list.compactMap { $0 is String || flag(in: $0) != nil ? nil : $0 as? Int }
      guard numbers.count == list.count, !numbers.isEmpty, numbers.allSatisfy({ 1...65_535 ~= $0 }) else { return nil }
      return numbers
    }
  }
}
