import DLCTensor

/// A movement of elements between two dense buffers along strides: for every index i of `extents`,
/// `target[targetOffset + sum(i * targetStrides)] = source[sourceOffset + sum(i * sourceStrides)]`.
///
/// What transposing, slicing, repeating and joining have in common; all counts are in elements.
struct StridedMove: Hashable {
  var extents: [Int]
  var sourceStrides: [Int]
  var targetStrides: [Int]
  var sourceOffset = 0
  var targetOffset = 0

  /// A move of the whole tensor `extents` whose target is dense and row-major.
  init(extents: [Int], sourceStrides: [Int], sourceOffset: Int = 0) {
    self.init(
      extents: extents, sourceStrides: sourceStrides, targetStrides: Shape(extents).strides, sourceOffset: sourceOffset)
  }

  init(extents: [Int], sourceStrides: [Int], targetStrides: [Int], sourceOffset: Int = 0, targetOffset: Int = 0) {
    self.extents = extents
    self.sourceStrides = sourceStrides
    self.targetStrides = targetStrides
    self.sourceOffset = sourceOffset
    self.targetOffset = targetOffset
  }

  /// Whether nothing moves.
  var isEmpty: Bool { extents.contains(0) }

  /// The same move with axes of extent 1 left out and neighbours that step alike on both sides merged.
  var collapsed: StridedMove {
    var result = StridedMove(
      extents: [], sourceStrides: [], targetStrides: [], sourceOffset: sourceOffset, targetOffset: targetOffset)
    for axis in extents.indices where extents[axis] != 1 {
      let extent = extents[axis]
      let source = sourceStrides[axis]
      let target = targetStrides[axis]
      if let last = result.extents.indices.last, result.sourceStrides[last] == source * extent,
        result.targetStrides[last] == target * extent
      {
        result.extents[last] *= extent
        result.sourceStrides[last] = source
        result.targetStrides[last] = target
      } else {
        result.extents.append(extent)
        result.sourceStrides.append(source)
        result.targetStrides.append(target)
      }
    }
    return result
  }

  /// Performs the move on elements of `size` bytes. The caller vouches that every place lies inside its buffer.
  func run(from source: UnsafeRawBufferPointer, to target: UnsafeMutableRawBufferPointer, size: Int) {
    guard !isEmpty, let from = source.baseAddress, let to = target.baseAddress else { return }
    let move = collapsed
    let start = from + move.sourceOffset * size
    let end = to + move.targetOffset * size
    if move.extents.isEmpty {
      end.copyMemory(from: start, byteCount: size)
    } else if move.sourceStrides.last == 1, move.targetStrides.last == 1 {
      move.moveRuns(start, end, size: size)
    } else {
      switch size {
      case 1: move.moveElements(start, end, of: UInt8.self)
      case 2: move.moveElements(start, end, of: UInt16.self)
      case 4: move.moveElements(start, end, of: UInt32.self)
      default: move.moveElements(start, end, of: UInt64.self)
      }
    }
  }

  /// The last axis is contiguous on both sides.
  private func moveRuns(_ source: UnsafeRawPointer, _ target: UnsafeMutableRawPointer, size: Int) {
    let axes = extents.count - 1
    let bytes = extents[axes] * size
    forEachOffset(over: Array(0..<axes)) { from, to in
      (target + to * size).copyMemory(from: source + from * size, byteCount: bytes)
    }
  }

  /// No axis is contiguous on both sides: tiles of the last axis and of the one that is finest in the source.
  private func moveElements<T: FixedWidthInteger & BitwiseCopyable>(
    _ source: UnsafeRawPointer, _ target: UnsafeMutableRawPointer, of _: T.Type
  ) {
    let size = MemoryLayout<T>.size
    let column = extents.count - 1
    let finest = (0..<column).filter { sourceStrides[$0] != 0 }.min { abs(sourceStrides[$0]) < abs(sourceStrides[$1]) }
    let row = finest ?? -1
    let rows = row < 0 ? 1 : extents[row]
    let rowFrom = row < 0 ? 0 : sourceStrides[row] * size
    let rowTo = row < 0 ? 0 : targetStrides[row] * size
    let columns = extents[column]
    let columnFrom = sourceStrides[column] * size
    let columnTo = targetStrides[column] * size
    // A tile of 32 x 32 elements touches at most 32 cache lines on either side.
    let tile = 32
    forEachOffset(over: (0..<column).filter { $0 != row }) { from, to in
      let base = source + from * size
      let goal = target + to * size
      var firstRow = 0
      while firstRow < rows {
        let lastRow = min(firstRow + tile, rows)
        var firstColumn = 0
        while firstColumn < columns {
          let lastColumn = min(firstColumn + tile, columns)
          var r = firstRow
          while r < lastRow {
            var from = base + (r * rowFrom + firstColumn * columnFrom)
            var to = goal + (r * rowTo + firstColumn * columnTo)
            var c = firstColumn
            while c < lastColumn {
              to.storeBytes(of: from.loadUnaligned(as: T.self), as: T.self)
              from += columnFrom
              to += columnTo
              c += 1
            }
            r += 1
          }
          firstColumn = lastColumn
        }
        firstRow = lastRow
      }
    }
  }

  /// Visits the source and target offsets of every index over the given axes.
  private func forEachOffset(over axes: [Int], _ body: (Int, Int) -> Void) {
    var index = [Int](repeating: 0, count: axes.count)
    var from = 0
    var to = 0
    while true {
      body(from, to)
      var k = axes.count - 1
      while k >= 0 {
        let axis = axes[k]
        index[k] += 1
        from += sourceStrides[axis]
        to += targetStrides[axis]
        if index[k] < extents[axis] { break }
        from -= sourceStrides[axis] * extents[axis]
        to -= targetStrides[axis] * extents[axis]
        index[k] = 0
        k -= 1
      }
      if k < 0 { return }
    }
  }
}

extension Tensor {
  /// The tensor of `shape` that `move` fills from this one, every element of it.
  func moved(_ move: StridedMove, to shape: Shape) -> Tensor {
    Tensor(TensorType(element, shape)) { target in
      withBytes { move.run(from: $0, to: target, size: element.size) }
    }
  }
}
