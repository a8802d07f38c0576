import DLCTensor
import Foundation

/// Arrays whose leading axis counts samples: the members of an .npz, one .npy, a pair of IDX files. Rows are read one by one.
struct ArrayTable: SampleSource {
  /// What a column is for.
  enum Role: Sendable {
    case input(DataInput)
    case label
    case target
    case expected(String)
  }

  /// One array.
  struct Column: Sendable {
    var name: String
    var role: Role
    var header: NumpyFormat.Header
    var window: @Sendable () throws(DataError) -> ByteWindow
  }

  let path: String
  let columns: [Column]
  let count: Int
  let rows: Int
  /// Pixels to values, for columns of bytes that are images.
  let preparation: ImagePreparation?
  /// Whether each array is one whole run instead of rows.
  let isWholeRun: Bool
  let isShareable: Bool

  /// - Parameter columns: at least one is an input; throws `malformed` when their leading extents differ.
  init(
    _ columns: [Column], path: String, ports: ModelPorts, preparation: ImagePreparation?, isPacked: Bool
  ) throws(DataError) {
    self.path = path
    self.columns = columns
    self.preparation = preparation
    rows = ports.rows
    isShareable = !isPacked
    let inputs = columns.compactMap { column -> (type: TensorType, header: NumpyFormat.Header)? in
      guard case .input(let input) = column.role else { return nil }
      return (input.type, column.header)
    }
    // With a batch of its own, arrays of the model's exact shapes are rows of it; otherwise they are one run.
    isWholeRun = rows == 1 && !inputs.isEmpty && inputs.allSatisfy { $0.type.shape == $0.header.shape }
    if isWholeRun {
      count = 1
      return
    }
    var leading: (name: String, extent: Int)?
    for column in columns {
      guard let extent = column.header.shape.dimensions.first else {
        throw .malformed(path: path, reason: "holds '\(column.name)' without a leading axis of samples")
      }
      if let leading, leading.extent != extent {
        throw .malformed(
          path: path,
          reason:
            "holds \(leading.extent) samples of '\(leading.name)' but \(extent) of '\(column.name)'; their numbers must agree"
        )
      }
      leading = (column.name, extent)
    }
    count = leading?.extent ?? 0
  }

  var hasLabels: Bool {
    columns.contains {
      switch $0.role {
      case .label, .target, .expected: true
      case .input: false
      }
    }
  }
  var classNames: [String] { [] }
  var takesPixels: Bool {
    preparation != nil
      && columns.contains {
        guard case .input = $0.role else { return false }
        return $0.header.element == .uint8
      }
  }

  func origin(_ index: Int) -> String { isWholeRun ? path : "\(path):\(index)" }

  func reader(shuffled: Bool) throws(DataError) -> any SampleReader {
    var windows: [ByteWindow] = []
    for column in columns {
      let window = try column.window()
      windows.append(shuffled ? try window.spooled() : window)
    }
    return Reader(table: self, windows: windows)
  }

  private struct Reader: SampleReader {
    let table: ArrayTable
    let windows: [ByteWindow]
    /// Arrays in Fortran order, whose rows are scattered.
    var whole: [Int: Tensor] = [:]

    mutating func read(_ index: Int) throws(DataError) -> Sample {
      let origin = table.origin(index)
      var sample = Sample(inputs: [:], origin: origin)
      for (k, column) in table.columns.enumerated() {
        let tensor = try value(k, column, index)
        switch column.role {
        case .input(let input):
          if let preparation = table.preparation, let image = Image(tensor) {
            sample.inputs[input.name] = try preparation.tensor(image, origin: origin)
          } else {
            sample.inputs[input.name] = try input.fit(tensor, rows: table.rows, origin: origin)
          }
        case .label: sample.label = try LabelValue.label(tensor, column.name, origin)
        case .target: sample.target = tensor.doubles()
        case .expected(let name): sample.expected[name] = tensor
        }
      }
      return sample
    }

    private mutating func value(_ k: Int, _ column: Column, _ index: Int) throws(DataError) -> Tensor {
      let header = column.header
      let place = "\(table.path):\(column.name)"
      let rowShape = table.isWholeRun ? header.shape : Shape(Array(header.shape.dimensions.dropFirst()))
      if header.fortran {
        if whole[k] == nil {
          let bytes = try windows[k].read(header.byteCount, TensorType(header.element, header.shape).byteCount)
          whole[k] = try NumpyFormat.tensor(header, shape: header.shape, payload: bytes, path: place)
        }
        guard let all = whole[k] else { return Tensor(Float(0)) }
        return table.isWholeRun ? all : all.row(index)
      }
      let byteCount = TensorType(header.element, rowShape).byteCount
      let start = header.byteCount + (table.isWholeRun ? 0 : index * byteCount)
      let bytes = try windows[k].read(start, byteCount)
      return try NumpyFormat.tensor(header, shape: rowShape, payload: bytes, path: place)
    }
  }
}

extension Tensor {
  /// Entry `index` along the leading axis.
  func row(_ index: Int) -> Tensor {
    let type = TensorType(element, Shape(Array(shape.dimensions.dropFirst())))
    return Tensor(type) { target in
      withBytes { source in
        target.copyBytes(from: source[index * type.byteCount..<(index + 1) * type.byteCount])
      }
    }
  }
}

/// Classes as arrays state them.
enum LabelValue {
  /// The class in `tensor`: one number, whole and not negative.
  static func label(_ tensor: Tensor, _ name: String, _ origin: String) throws(DataError) -> Int {
    guard tensor.count == 1, let value = tensor.doubles().first, value >= 0, value < 1e9, value == value.rounded()
    else {
      throw .malformed(
        path: origin, reason: "has no class number in '\(name)': one whole number from 0 on is expected for a sample")
    }
    return Int(value)
  }
}
