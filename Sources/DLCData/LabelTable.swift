import Foundation

/// Classes by file or by class folder, from a CSV with the columns `file,label` or `class,label`.
package struct LabelTable: Sendable {
  package let path: String
  /// Whether keys are names of class folders instead of files.
  let isByClass: Bool
  /// Keys in the file's order.
  let keys: [String]
  private let labels: [String: Int]
  /// Names of the classes when the labels are names, sorted; their places are the classes.
  let classNames: [String]

  /// Reads a CSV of labels: whole numbers from 0 on, or names, which are numbered in sorted order.
  package init(path: String) throws(DataError) {
    let text = try CSVText(FileAccess.read(path), path: path)
    guard let label = text.header.firstIndex(of: "label"),
      let key = text.header.firstIndex(where: { ["file", "class"].contains($0) })
    else {
      throw .malformed(path: path, reason: "has no columns 'file,label' or 'class,label' in its header")
    }
    self.path = path
    isByClass = text.header[key] == "class"
    var keys: [String] = []
    var names: [String: String] = [:]
    for index in 0..<text.count {
      let cells = try text.row(index)
      guard !cells[key].isEmpty, !cells[label].isEmpty else {
        throw .malformed(
          path: text.origin(index), reason: "has an empty cell; '\(text.header[key])' and 'label' are needed")
      }
      guard names.updateValue(cells[label], forKey: cells[key]) == nil else {
        throw .malformed(path: text.origin(index), reason: "gives '\(cells[key])' a second label")
      }
      keys.append(cells[key])
    }
    self.keys = keys
    let numbers = names.compactMapValues { Int($0) }
    if numbers.count == names.count {
      guard numbers.values.allSatisfy({ $0 >= 0 && $0 < 1_000_000_000 }) else {
        throw .malformed(path: path, reason: "has a label below 0 or above 999,999,999; classes count from 0")
      }
      labels = numbers
      classNames = []
    } else {
      let sorted = Set(names.values).sorted(by: byteOrder)
      let places = Dictionary(uniqueKeysWithValues: sorted.enumerated().map { ($1, $0) })
      labels = names.compactMapValues { places[$0] }
      classNames = sorted
    }
  }

  /// The class of a file (by its path below the data's folder, or its name alone) or of a class folder.
  func label(_ key: String) -> Int? {
    labels[key] ?? (key as NSString).pathComponents.last.flatMap { labels[$0] }
  }
}

/// Order of names by their bytes: the same on every machine, and what tools that sort folders of classes use.
func byteOrder(_ a: String, _ b: String) -> Bool { a.utf8.lexicographicallyPrecedes(b.utf8) }
