import Foundation

/// Comma-separated text with a header, read line by line (RFC 4180, without line breaks inside quotes).
struct CSVText: Sendable {
  let path: String
  /// Names of the columns.
  let header: [String]
  private let data: Data
  /// Where each row starts, and the end of the last.
  private let starts: [Int]

  /// Number of rows after the header.
  var count: Int { starts.count - 1 }

  /// Finds the lines of `data`. Throws `malformed` for what is no text or has no header.
  init(_ data: Data, path: String) throws(DataError) {
    self.data = data
    self.path = path
    var starts: [Int] = []
    var isText = true
    data.withUnsafeBytes { bytes in
      var start = 0
      var isBlank = true
      for (k, byte) in bytes.enumerated() {
        if byte == 0x0A {
          if !isBlank { starts.append(start) }
          start = k + 1
          isBlank = true
        } else if byte != 0x0D, byte != 0x20 {
          isBlank = false
          if byte < 0x09 { isText = false }
        }
      }
      if !isBlank { starts.append(start) }
    }
    guard isText, let first = starts.first,
      String(bytes: data.prefix(4096), encoding: .utf8) != nil || data.count > 4096
    else { throw .malformed(path: path, reason: "is no CSV file: it is empty or holds bytes that are no text") }
    self.starts = Array(starts.dropFirst()) + [data.count]
    let end = starts.count > 1 ? starts[1] : data.count
    var line = data[data.startIndex + first..<data.startIndex + end]
    if line.starts(with: [0xEF, 0xBB, 0xBF]) { line = line.dropFirst(3) }
    header = CSVText.cells(line)
    guard !header.contains("") else {
      throw .malformed(path: path, reason: "has a column without a name in its header")
    }
    if let twice = Dictionary(grouping: header, by: { $0 }).first(where: { $0.value.count > 1 }) {
      throw .malformed(path: path, reason: "has the column '\(twice.key)' twice")
    }
  }

  /// The cells of row `index`, as many as the header has. Throws `malformed` naming the line.
  func row(_ index: Int) throws(DataError) -> [String] {
    let cells = CSVText.cells(data[data.startIndex + starts[index]..<data.startIndex + starts[index + 1]])
    guard cells.count == header.count else {
      throw .malformed(
        path: origin(index), reason: "has \(cells.count) cells, the header names \(header.count) columns")
    }
    return cells
  }

  /// `file:line`, counted from 1 with the header; blank lines are not counted.
  func origin(_ index: Int) -> String { "\(path):\(index + 2)" }

  private static func cells(_ line: Data) -> [String] {
    var cells: [[UInt8]] = [[]]
    var isQuoted = false
    var previous: UInt8 = 0
    for byte in line {
      switch byte {
      case 0x0A, 0x0D: break
      case 0x22:
        // A quote after a quote inside quotes stands for itself.
        if !isQuoted, previous == 0x22 { cells[cells.count - 1].append(byte) }
        isQuoted.toggle()
      case 0x2C where !isQuoted: cells.append([])
      default: cells[cells.count - 1].append(byte)
      }
      previous = byte
    }
    return cells.map { String(decoding: $0, as: UTF8.self).trimmingCharacters(in: .whitespaces) }
  }
}
