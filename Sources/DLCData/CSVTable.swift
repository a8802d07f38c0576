import DLCTensor
import Foundation

/// Rows of numbers: a column for each input (`x`, or `x[0]`, `x[1]`... for several values), `label` for the class, `target` for true values.
struct CSVTable: SampleSource, SampleReader {
  private let text: CSVText
  private let rows: Int
  /// Columns of each input in the order of its elements.
  private let inputs: [(input: DataInput, columns: [Int])]
  private let label: Int?
  private let targets: [Int]

  /// Finds the columns. A model with one input takes all columns that are no label, in order, where none bears its name.
  init(_ data: Data, path: String, ports: ModelPorts) throws(DataError) {
    let text = try CSVText(data, path: path)
    self.text = text
    rows = ports.rows
    let names = Set(ports.inputs.map(\.name))
    let label = text.header.firstIndex { ["label", "class"].contains($0) && !names.contains($0) }
    func elements(of name: String) -> [Int] {
      let prefix = name + "["
      let indexed = text.header.indices.compactMap { column -> (Int, Int)? in
        let title = text.header[column]
        guard title.hasPrefix(prefix), title.hasSuffix("]"), let k = Int(title.dropFirst(prefix.count).dropLast())
        else {
          return nil
        }
        return (k, column)
      }
      return indexed.sorted { $0.0 < $1.0 }.map(\.1)
    }
    let targetNames = ["target"] + ports.outputs
    let targets = targetNames.filter { !names.contains($0) }.flatMap { name in
      (text.header.firstIndex(of: name).map { [$0] } ?? []) + elements(of: name)
    }
    var inputs: [(input: DataInput, columns: [Int])] = []
    for input in ports.inputs {
      var columns = (text.header.firstIndex(of: input.name).map { [$0] } ?? []) + elements(of: input.name)
      let wanted = input.rowType(rows: ports.rows).shape.count
      if columns.isEmpty, ports.inputs.count == 1 {
        columns = text.header.indices.filter { $0 != label && !targets.contains($0) }
      }
      guard columns.count == wanted else {
        throw .malformed(
          path: path,
          reason:
            "has \(columns.count) columns for input '\(input.name)' \(input.type), which takes \(wanted) values; name them \(wanted == 1 ? "'\(input.name)'" : "'\(input.name)[0]' to '\(input.name)[\(wanted - 1)]'")"
        )
      }
      inputs.append((input, columns))
    }
    (self.inputs, self.label, self.targets) = (inputs, label, targets)
  }

  var count: Int { text.count }
  var hasLabels: Bool { label != nil || !targets.isEmpty }
  var classNames: [String] { [] }
  var isShareable: Bool { true }
  var takesPixels: Bool { false }
  func origin(_ index: Int) -> String { text.origin(index) }
  func reader(shuffled: Bool) throws(DataError) -> any SampleReader { self }

  func read(_ index: Int) throws(DataError) -> Sample {
    let cells = try text.row(index)
    let origin = text.origin(index)
    func number(_ column: Int) throws(DataError) -> Double {
      let cell = cells[column]
      guard let value = Double(cell) else {
        throw .malformed(
          path: origin,
          reason:
            "has \(cell.isEmpty ? "an empty cell" : "'\(cell)'") in column '\(text.header[column])'; a number is expected"
        )
      }
      return value
    }
    var sample = Sample(inputs: [:], origin: origin)
    for (input, columns) in inputs {
      var values: [Double] = []
      for column in columns { values.append(try number(column)) }
      let tensor = Tensor(values, shape: Shape([values.count]))
      sample.inputs[input.name] = try input.fit(tensor, rows: rows, origin: origin)
    }
    if let label { sample.label = try LabelValue.label(Tensor(try number(label)), text.header[label], origin) }
    if !targets.isEmpty {
      var values: [Double] = []
      for column in targets { values.append(try number(column)) }
      sample.target = values
    }
    return sample
  }
}
