import DLCTensor

/// The reference loops of a window over channels-last images, brought to three spatial axes.
struct WindowLoop {
  /// Extents of the images that windows slide over and of the grid of windows, `[N, D, H, W, C]`.
  let input: [Int]
  let output: [Int]
  let kernel: [Int]
  private let strides: [Int]
  private let dilations: [Int]
  private let pads: [Int]

  /// `input` and `output` are channels-last shapes.
  init(_ window: Window, input: Shape, output: Shape) {
    let missing = 3 - window.rank
    let ones = [Int](repeating: 1, count: missing)
    self.input = input.asVolume.dimensions
    self.output = output.asVolume.dimensions
    kernel = ones + window.kernel
    strides = ones + window.strides
    dilations = ones + window.dilations
    pads = [Int](repeating: 0, count: missing) + window.padBegin
  }

  /// Windows: the positions of the output's grid, all samples together.
  private var positions: Int { output[1] * output[2] * output[3] }

  /// Cells of a window.
  var cells: Int { kernel[0] * kernel[1] * kernel[2] }

  /// Calls `body` with (window, cell, input place) for every cell of every window that lies inside the image: `window`
  /// counts the output's places over all samples, `cell` the kernel's, `place` the input's over all samples.
  @inline(__always)
  func forEachCell(_ body: (_ window: Int, _ cell: Int, _ place: Int) -> Void) {
    for n in 0..<output[0] {
      for od in 0..<output[1] {
        for oh in 0..<output[2] {
          for ow in 0..<output[3] {
            let window = ((n * output[1] + od) * output[2] + oh) * output[3] + ow
            for kd in 0..<kernel[0] {
              let d = od * strides[0] - pads[0] + kd * dilations[0]
              if d < 0 || d >= input[1] { continue }
              for kh in 0..<kernel[1] {
                let h = oh * strides[1] - pads[1] + kh * dilations[1]
                if h < 0 || h >= input[2] { continue }
                for kw in 0..<kernel[2] {
                  let w = ow * strides[2] - pads[2] + kw * dilations[2]
                  if w < 0 || w >= input[3] { continue }
                  body(
                    window, (kd * kernel[1] + kh) * kernel[2] + kw, ((n * input[1] + d) * input[2] + h) * input[3] + w)
                }
              }
            }
          }
        }
      }
    }
  }

  /// Convolution of channels-last x with weights `[O, cells, C/groups]`, without epilogue.
  func convolve(_ x: [Double], _ weights: [Double], groups: Int) -> [Double] {
    let (channels, outputs) = (input[4], output[4])
    let (groupInputs, groupOutputs) = (channels / groups, outputs / groups)
    var y = [Double](repeating: 0, count: output.reduce(1, *))
    x.withUnsafeBufferPointer { x in
      weights.withUnsafeBufferPointer { weights in
        y.withUnsafeMutableBufferPointer { y in
          forEachCell { window, cell, place in
            for o in 0..<outputs {
              let from = place * channels + o / groupOutputs * groupInputs
              let weight = (o * cells + cell) * groupInputs
              var sum = 0.0
              for c in 0..<groupInputs { sum += x[from + c] * weights[weight + c] }
              y[window * outputs + o] += sum
            }
          }
        }
      }
    }
    return y
  }

  /// Transposed convolution: spreads x, which lies on the grid of windows, over the image; weights `[C, cells, O/groups]`.
  func spread(_ x: [Double], _ weights: [Double], groups: Int) -> [Double] {
    let (channels, outputs) = (output[4], input[4])
    let (groupInputs, groupOutputs) = (channels / groups, outputs / groups)
    var y = [Double](repeating: 0, count: input.reduce(1, *))
    x.withUnsafeBufferPointer { x in
      weights.withUnsafeBufferPointer { weights in
        y.withUnsafeMutableBufferPointer { y in
          forEachCell { window, cell, place in
            for c in 0..<channels {
              let value = x[window * channels + c]
              let weight = (c * cells + cell) * groupOutputs
              let to = place * outputs + c / groupInputs * groupOutputs
              for o in 0..<groupOutputs { y[to + o] += value * weights[weight + o] }
            }
          }
        }
      }
    }
    return y
  }
}
