import DLCTensor

/// Where the elements of a tensor lie in a buffer: rows along the last axis, `pitch` elements apart.
struct MemoryView: Hashable {
  /// Elements from the buffer's start.
  var offset: Int
  var shape: Shape
  /// Elements from row to row; the row's length when dense.
  private(set) var pitch: Int

  /// A dense view.
  init(offset: Int = 0, _ shape: Shape) {
    self.init(offset: offset, shape, pitch: shape.dimensions.last ?? 1)
  }

  /// With one row at most the pitch says nothing, and is the row's length.
  private init(offset: Int, _ shape: Shape, pitch: Int) {
    self.offset = offset
    self.shape = shape
    let rows = shape.dimensions.dropLast().reduce(1, *)
    self.pitch = rows <= 1 ? shape.dimensions.last ?? 1 : pitch
  }

  /// Length of the last axis, 1 for a scalar.
  var rowLength: Int { shape.dimensions.last ?? 1 }
  var isDense: Bool { pitch == rowLength }

  /// Distance in elements between neighbours along each axis.
  var strides: [Int] {
    var result = [Int](repeating: 1, count: shape.rank)
    var stride = pitch
    for axis in (0..<max(shape.rank - 1, 0)).reversed() {
      result[axis] = stride
      stride *= shape[axis]
    }
    return result
  }

  /// The same elements in the same order under another shape; nil when a pitched row would be cut or joined.
  func reshaped(to target: Shape) -> MemoryView? {
    guard target.count == shape.count else { return nil }
    if isDense { return MemoryView(offset: offset, target) }
    guard target.dimensions.last == rowLength else { return nil }
    return MemoryView(offset: offset, target, pitch: pitch)
  }

  /// The elements from `starts` on, as far as `extents`; nil when its rows do not lie evenly, or when it is empty.
  func part(starts: [Int], extents: Shape) -> MemoryView? {
    guard starts.count == shape.rank, extents.rank == shape.rank, !extents.isEmpty else { return nil }
    let strides = strides
    let start = zip(starts, strides).reduce(offset) { $0 + $1.0 * $1.1 }
    var pitch: Int?
    var rows = 1
    for axis in (0..<max(extents.rank - 1, 0)).reversed() where extents[axis] > 1 {
      if let pitch, strides[axis] != pitch * rows { return nil }
      if pitch == nil { pitch = strides[axis] }
      rows *= extents[axis]
    }
    return MemoryView(offset: start, extents, pitch: pitch ?? extents.dimensions.last ?? 1)
  }

  /// Elements from the first to behind the last.
  private var span: Int { shape.isEmpty ? 0 : (shape.dimensions.dropLast().reduce(1, *) - 1) * pitch + rowLength }

  /// Whether the two may share elements: neither one ends before the other begins nor do they take other columns of the same
  /// rows. It is what the runtime tells apart when it opens a plan.
  func mayOverlap(_ other: MemoryView) -> Bool {
    if offset + span <= other.offset || other.offset + other.span <= offset { return false }
    guard pitch == other.pitch, pitch > 0 else { return true }
    let distance = ((other.offset - offset) % pitch + pitch) % pitch
    return distance < rowLength || distance + other.rowLength > pitch
  }
}
