import CDLCKernels
import DLCGraph
import DLCTensor

extension MemoryView {
  /// Parameters of the copy kernel that move `extents` elements from `starts` of `source` to `targetStarts` of `target`, as
  /// operands that start where the views do. Nil when they need more than 8 axes or leave 32 bits.
  static func copyParameters(
    from source: MemoryView, at starts: [Int], to target: MemoryView, at targetStarts: [Int], extents: Shape
  ) -> dlc_copy_params? {
    let sourceStrides = source.strides, targetStrides = target.strides
    func offset(_ starts: [Int], _ strides: [Int]) -> Int { zip(starts, strides).reduce(0) { $0 + $1.0 * $1.1 } }
    // Neighbouring axes that step as one in both views become one.
    var axes: [(extent: Int, source: Int, target: Int)] = []
    for axis in 0..<extents.rank where extents[axis] != 1 {
      let next = (extent: extents[axis], source: sourceStrides[axis], target: targetStrides[axis])
      if let last = axes.last, last.source == next.source * next.extent, last.target == next.target * next.extent {
        axes[axes.count - 1] = (last.extent * next.extent, next.source, next.target)
      } else {
        axes.append(next)
      }
    }
    guard axes.count <= Int(DLC_MAX_RANK) else { return nil }
    var parameters = dlc_copy_params()
    guard let sourceOffset = Int32(exactly: offset(starts, sourceStrides)),
      let targetOffset = Int32(exactly: offset(targetStarts, targetStrides)),
      axes.allSatisfy({
        Int32(exactly: $0.extent) != nil && Int32(exactly: $0.source) != nil && Int32(exactly: $0.target) != nil
      })
    else { return nil }
    parameters.rank = Int32(axes.count)
    parameters.x_offset = sourceOffset
    parameters.y_offset = targetOffset
    withUnsafeMutableBytes(of: &parameters.dims) { bytes in
      for (k, axis) in axes.enumerated() {
        bytes.storeBytes(of: Int32(axis.extent), toByteOffset: 4 * k, as: Int32.self)
      }
    }
    withUnsafeMutableBytes(of: &parameters.x_strides) { bytes in
      for (k, axis) in axes.enumerated() {
        bytes.storeBytes(of: Int32(axis.source), toByteOffset: 4 * k, as: Int32.self)
      }
    }
    withUnsafeMutableBytes(of: &parameters.y_strides) { bytes in
      for (k, axis) in axes.enumerated() {
        bytes.storeBytes(of: Int32(axis.target), toByteOffset: 4 * k, as: Int32.self)
      }
    }
    return parameters
  }
}
