import CDLCKernels
import DLCGraph
import DLCTensor

/// A window that slides over the spatial axes, outermost first; all arrays have one entry per spatial axis (1 to 3).
package struct Window: Sendable, Hashable {
  package var kernel: [Int]
  package var strides: [Int]
  package var dilations: [Int]
  package var padBegin: [Int]
  package var padEnd: [Int]

  package init(kernel: [Int], strides: [Int], dilations: [Int], padBegin: [Int], padEnd: [Int]) {
    self.kernel = kernel
    self.strides = strides
    self.dilations = dilations
    self.padBegin = padBegin
    self.padEnd = padEnd
  }

  /// Number of spatial axes.
  package var rank: Int { kernel.count }
}

extension Window {
  /// The geometry as printed; what is usual (stride and dilation 1, no padding) is left out.
  var attributes: [OperatorAttribute] {
    var result = [OperatorAttribute("kernel", list: kernel)]
    if strides.contains(where: { $0 != 1 }) { result.append(OperatorAttribute("strides", list: strides)) }
    if dilations.contains(where: { $0 != 1 }) { result.append(OperatorAttribute("dilations", list: dilations)) }
    if (padBegin + padEnd).contains(where: { $0 != 0 }) {
      result.append(OperatorAttribute("pads", list: padBegin + padEnd))
    }
    return result
  }

  /// Throws unless the arrays agree, there are 1 to 3 axes, and every entry makes sense.
  func requireSound() throws(OperatorError) {
    try OperatorError.require((1...3).contains(rank), "expected a window over 1 to 3 axes, found \(rank)")
    for (name, list, least) in [
      ("kernel", kernel, 1), ("strides", strides, 1), ("dilations", dilations, 1), ("pads", padBegin, 0),
      ("pads", padEnd, 0),
    ] {
      try OperatorError.require(list.count == rank, "expected \(rank) \(name), found \(list.count)")
      for entry in list {
        try OperatorError.require(
          entry >= least && entry < 1 << 31, "expected \(name) of at least \(least), found \(list)")
      }
    }
  }

  /// Elements that the window spans along `axis`: dilation (kernel - 1) + 1.
  func span(_ axis: Int) -> Int { dilations[axis] * (kernel[axis] - 1) + 1 }

  /// Windows along each axis of `input`: (in + pads - span) / stride + 1, rounded down or up.
  func outputExtents(_ input: [Int], ceiling: Bool = false) throws(OperatorError) -> [Int] {
    var result: [Int] = []
    for axis in 0..<rank {
      let padded = try input[axis].plus(padBegin[axis] + padEnd[axis])
      let room = padded - span(axis)
      try OperatorError.require(
        room >= 0, "expected at least \(span(axis)) elements along spatial axis \(axis), found \(padded) with padding")
      var count = room / strides[axis] + 1
      if ceiling && room % strides[axis] != 0 && count * strides[axis] < input[axis] + padBegin[axis] { count += 1 }
      result.append(count)
    }
    return result
  }

  /// Elements along each axis before the window slid over them: stride (in - 1) + span - pads + output padding.
  func transposedExtents(_ input: [Int], outputPadding: [Int]) throws(OperatorError) -> [Int] {
    var result: [Int] = []
    for axis in 0..<rank {
      let stretched = try strides[axis].times(max(input[axis] - 1, 0)).plus(span(axis)).plus(outputPadding[axis])
      result.append(input[axis] == 0 ? 0 : stretched - padBegin[axis] - padEnd[axis])
    }
    return result
  }

  /// The C struct, leading axes that are not there as windows of one cell.
  func parameters() throws(OperatorError) -> dlc_window {
    dlc_window(
      kernel: try three(kernel, fill: 1), stride: try three(strides, fill: 1), dilation: try three(dilations, fill: 1),
      pad_begin: try three(padBegin, fill: 0), pad_end: try three(padEnd, fill: 0))
  }
}

extension ChannelPlacement {
  /// Channels-first axes in channels-last order: `[N, C, spatial...]` to `[N, spatial..., C]`.
  static func lastPermutation(rank: Int) -> [Int] { [0] + Array(2..<rank) + [1] }

  /// Channels-last axes in channels-first order.
  static func firstPermutation(rank: Int) -> [Int] { [0, rank - 1] + Array(1..<rank - 1) }

  /// The axis of the channels.
  func axis(rank: Int) -> Int { self == .first ? 1 : rank - 1 }

  /// The spatial extents of an image.
  func spatial(_ shape: Shape) -> [Int] {
    self == .first ? Array(shape.dimensions[2...]) : Array(shape.dimensions[1..<shape.rank - 1])
  }

  /// The shape of an image.
  func shape(batch: Int, channels: Int, spatial: [Int]) throws(OperatorError) -> Shape {
    try Shape(result: self == .first ? [batch, channels] + spatial : [batch] + spatial + [channels])
  }

  /// An image stored this way, with its channels last.
  func channelsLast(_ tensor: Tensor) -> Tensor {
    self == .last ? tensor : tensor.permuted(by: Self.lastPermutation(rank: tensor.shape.rank))
  }

  /// A channels-last image stored this way.
  func stored(_ tensor: Tensor) -> Tensor {
    self == .last ? tensor : tensor.permuted(by: Self.firstPermutation(rank: tensor.shape.rank))
  }
}

extension Shape {
  /// A channels-last image's shape as `[N, D, H, W, C]`: missing leading spatial axes are 1.
  var asVolume: Shape {
    Shape([dimensions[0]] + [Int](repeating: 1, count: max(5 - rank, 0)) + dimensions[1...])
  }
}
