import DLCTensor

extension Tensor {
  /// The tensor of `shape` whose element at (i, j, ...) is this tensor's at (tables[0][i], tables[1][j], ...).
  ///
  /// - Parameters:
  ///   - tables: for each axis the source index of each target index, or -1 for `fill`.
  ///   - fill: one element of this tensor's type; zero when nil.
  func selected(_ tables: [[Int]], fill: Tensor? = nil, to shape: Shape) -> Tensor {
    let size = element.size
    let strides = self.shape.strides
    // Trailing axes that stay as they are make one contiguous unit.
    var axes = shape.rank
    var unit = size
    while axes > 0, tables[axes - 1].elementsEqual(0..<self.shape[axes - 1]) {
      axes -= 1
      unit *= shape[axes]
    }
    let offsets = (0..<axes).map { axis in tables[axis].map { $0 < 0 ? -1 : $0 * strides[axis] * size } }
    return Tensor(TensorType(element, shape)) { target in
      guard let to = target.baseAddress, !shape.isEmpty else { return }
      if offsets.contains(where: { $0.contains(-1) }) { Tensor.fill(target, with: fill, size: size) }
      guard !self.shape.isEmpty else { return }
      withBytes { source in
        guard let from = source.baseAddress else { return }
        Tensor.copyUnits(from, to, offsets: offsets[...], unit: unit)
      }
    }
  }

  /// Copies units along nested axes; `offsets` are bytes in the source, the target is dense.
  private static func copyUnits(
    _ source: UnsafeRawPointer, _ target: UnsafeMutableRawPointer, offsets: ArraySlice<[Int]>, unit: Int
  ) {
    guard let axis = offsets.first else {
      target.copyMemory(from: source, byteCount: unit)
      return
    }
    let rest = offsets.dropFirst()
    let step = rest.reduce(unit) { $0 * $1.count }
    if rest.isEmpty {
      switch unit {
      case 1: copyRow(source, target, axis, of: UInt8.self)
      case 2: copyRow(source, target, axis, of: UInt16.self)
      case 4: copyRow(source, target, axis, of: UInt32.self)
      case 8: copyRow(source, target, axis, of: UInt64.self)
      default:
        for (k, offset) in axis.enumerated() where offset >= 0 {
          (target + k * unit).copyMemory(from: source + offset, byteCount: unit)
        }
      }
    } else {
      for (k, offset) in axis.enumerated() where offset >= 0 {
        copyUnits(source + offset, target + k * step, offsets: rest, unit: unit)
      }
    }
  }

  private static func copyRow<T: FixedWidthInteger & BitwiseCopyable>(
    _ source: UnsafeRawPointer, _ target: UnsafeMutableRawPointer, _ offsets: [Int], of _: T.Type
  ) {
    for (k, offset) in offsets.enumerated() where offset >= 0 {
      let value = source.loadUnaligned(fromByteOffset: offset, as: T.self)
      target.storeBytes(of: value, toByteOffset: k * MemoryLayout<T>.size, as: T.self)
    }
  }

  /// Writes one element over and over.
  static func fill(_ target: UnsafeMutableRawBufferPointer, with fill: Tensor?, size: Int) {
    guard let fill else {
      target.initializeMemory(as: UInt8.self, repeating: 0)
      return
    }
    fill.withBytes { pattern in
      for start in stride(from: 0, to: target.count, by: size) {
        UnsafeMutableRawBufferPointer(rebasing: target[start..<start + size]).copyMemory(from: pattern)
      }
    }
  }
}
