import DLCGraph
import DLCTensor
import Testing

@testable import DLCOperators

/// Numbers of the ONNX operator set's node tests (`test_resize_<name>`).
@Suite struct ResizeTests {
  struct Example: Sendable, CustomStringConvertible {
    let description: String
    let x: Tensor
    let op: Resize
    let y: [Double]

    init(_ name: String, _ x: Tensor, _ op: Resize, _ y: [Double]) {
      description = name
      self.x = x
      self.op = op
      self.y = y
    }
  }

  /// 1, 2, 3, ...
  private static func counting(_ shape: [Int]) -> Tensor {
    tensor(.float32, shape, (1...shape.reduce(1, *)).map(Double.init))
  }

  static let examples: [Example] = [
    Example(
      "downsample_scales_cubic", counting([1, 1, 4, 4]),
      Resize(
        .cubic, coordinate: .halfPixel, shape: [1, 1, 3, 3], scales: [1, 1, 0.8, 0.8]),
      [
        1.471191, 2.78125, 4.08252, 6.711426, 8.021484, 9.322754, 11.9165, 13.22656, 14.52783,
      ]),
    Example(
      "downsample_scales_cubic_A_n0p5_exclude_outside", counting([1, 1, 4, 4]),
      Resize(
        .cubic, coordinate: .halfPixel, shape: [1, 1, 3, 3], scales: [1, 1, 0.8, 0.8], cubicCoefficient: -0.5,
        excludesOutside: true),
      [
        1.368127, 2.669501, 4.013337, 6.573625, 7.875, 9.218835, 11.94897, 13.25034, 14.59418,
      ]),
    Example(
      "downsample_scales_cubic_align_corners", counting([1, 1, 4, 4]),
      Resize(
        .cubic, coordinate: .alignCorners, shape: [1, 1, 3, 3], scales: [1, 1, 0.8, 0.8]),
      [
        1, 2.395192, 3.790383, 6.580766, 7.975958, 9.371149, 12.16153, 13.55672, 14.95192,
      ]),
    Example(
      "downsample_scales_cubic_antialias", counting([1, 1, 4, 4]),
      Resize(
        .cubic, coordinate: .halfPixel, shape: [1, 1, 2, 2], scales: [1, 1, 0.6, 0.6], antialias: true),
      [
        2.518072, 4.285886, 9.589329, 11.35714,
      ]),
    Example(
      "downsample_scales_linear", counting([1, 1, 2, 4]),
      Resize(
        .linear, coordinate: .halfPixel, shape: [1, 1, 1, 2], scales: [1, 1, 0.6, 0.6]),
      [
        2.666667, 4.333333,
      ]),
    Example(
      "downsample_scales_linear_align_corners", counting([1, 1, 2, 4]),
      Resize(
        .linear, coordinate: .alignCorners, shape: [1, 1, 1, 2], scales: [1, 1, 0.6, 0.6]),
      [
        1, 3.142857,
      ]),
    Example(
      "downsample_scales_linear_antialias", counting([1, 1, 4, 4]),
      Resize(
        .linear, coordinate: .halfPixel, shape: [1, 1, 2, 2], scales: [1, 1, 0.6, 0.6], antialias: true),
      [
        2.875, 4.5, 9.375, 11,
      ]),
    Example(
      "downsample_scales_linear_half_pixel_symmetric", counting([1, 1, 1, 4]),
      Resize(
        .linear, coordinate: .halfPixelSymmetric, shape: [1, 1, 1, 2], scales: [1, 1, 1, 0.6]),
      [
        1.666667, 3.333333,
      ]),
    Example(
      "downsample_scales_nearest", counting([1, 1, 2, 4]),
      Resize(
        .nearest, coordinate: .halfPixel, nearest: .roundPreferFloor, shape: [1, 1, 1, 2],
        scales: [
          1, 1, 0.6,
          0.6,
        ]),
      [
        1, 3,
      ]),
    Example(
      "downsample_sizes_cubic_antialias", counting([1, 1, 4, 4]),
      Resize(
        .cubic, coordinate: .halfPixel, shape: [1, 1, 3, 3], scales: [1, 1, 0.75, 0.75], antialias: true),
      [
        1.775009, 3.120007, 4.465005, 7.155002, 8.5, 9.844998, 12.53499, 13.87999, 15.22499,
      ]),
    Example(
      "downsample_sizes_linear_pytorch_half_pixel", counting([1, 1, 4, 4]),
      Resize(
        .linear, coordinate: .pytorchHalfPixel, shape: [1, 1, 3, 1], scales: [1, 1, 0.75, 0.25]),
      [
        1.666667, 7, 12.33333,
      ]),
    Example(
      "downsample_sizes_nearest", counting([1, 1, 2, 4]),
      Resize(
        .nearest, coordinate: .halfPixel, nearest: .roundPreferFloor, shape: [1, 1, 1, 3],
        scales: [
          1, 1, 0.5,
          0.75,
        ]),
      [
        1, 2, 4,
      ]),
    Example(
      "tf_crop_and_resize", counting([1, 1, 4, 4]),
      Resize(
        .linear, coordinate: .cropAndResize, shape: [1, 1, 3, 3], scales: [1, 1, 0.75, 0.75],
        regionBegin: [
          0,
          0, 0.4, 0.6,
        ], regionEnd: [1, 1, 0.6, 0.8]),
      [
        7.6, 7.9, 8.2, 8.8, 9.1, 9.400001, 10, 10.3, 10.6,
      ]),
    Example(
      "tf_crop_and_resize_extrapolation_value", counting([1, 1, 4, 4]),
      Resize(
        .linear, coordinate: .cropAndResize, shape: [1, 1, 3, 3], scales: [1, 1, 0.75, 0.75],
        regionBegin: [
          0,
          0, 0.4, 0.6,
        ], regionEnd: [1, 1, 1.2, 1.7], extrapolation: 10),
      [
        7.6, 10, 10, 12.4, 10, 10, 10, 10, 10,
      ]),
    Example(
      "upsample_scales_linear", counting([1, 1, 2, 2]),
      Resize(
        .linear, coordinate: .halfPixel, shape: [1, 1, 4, 4], scales: [1, 1, 2, 2]),
      [
        1, 1.25, 1.75, 2, 1.5, 1.75, 2.25, 2.5, 2.5, 2.75, 3.25, 3.5, 3, 3.25, 3.75, 4,
      ]),
    Example(
      "upsample_scales_linear_half_pixel_symmetric", counting([1, 1, 2, 2]),
      Resize(
        .linear, coordinate: .halfPixelSymmetric, shape: [1, 1, 4, 5], scales: [1, 1, 2.3, 2.94]),
      [
        1, 1.159864, 1.5, 1.840136, 2, 1.565217, 1.725081, 2.065217, 2.405354, 2.565217, 2.434783, 2.594646,
        2.934783, 3.274919, 3.434783, 3, 3.159864, 3.5, 3.840136, 4,
      ]),
    Example(
      "upsample_sizes_nearest_ceil_half_pixel", counting([1, 1, 4, 4]),
      Resize(
        .nearest, coordinate: .halfPixel, nearest: .ceil, shape: [1, 1, 8, 8], scales: [1, 1, 2, 2]),
      [
        1, 2, 2, 3, 3, 4, 4, 4, 5, 6, 6, 7, 7, 8, 8, 8, 5, 6, 6, 7, 7, 8, 8, 8, 9, 10, 10, 11, 11, 12, 12,
        12, 9, 10, 10, 11, 11, 12, 12, 12, 13, 14, 14, 15, 15, 16, 16, 16, 13, 14, 14, 15, 15, 16, 16, 16,
        13, 14, 14, 15, 15, 16, 16, 16,
      ]),
    Example(
      "upsample_sizes_nearest_floor_align_corners", counting([1, 1, 4, 4]),
      Resize(
        .nearest, coordinate: .alignCorners, nearest: .floor, shape: [1, 1, 8, 8], scales: [1, 1, 2, 2]),
      [
        1, 1, 1, 2, 2, 3, 3, 4, 1, 1, 1, 2, 2, 3, 3, 4, 1, 1, 1, 2, 2, 3, 3, 4, 5, 5, 5, 6, 6, 7, 7, 8, 5,
        5, 5, 6, 6, 7, 7, 8, 9, 9, 9, 10, 10, 11, 11, 12, 9, 9, 9, 10, 10, 11, 11, 12, 13, 13, 13, 14, 14,
        15, 15, 16,
      ]),
    Example(
      "upsample_sizes_nearest_round_prefer_ceil_asymmetric", counting([1, 1, 4, 4]),
      Resize(
        .nearest, coordinate: .asymmetric, nearest: .roundPreferCeil, shape: [1, 1, 8, 8],
        scales: [
          1, 1, 2,
          2,
        ]),
      [
        1, 2, 2, 3, 3, 4, 4, 4, 5, 6, 6, 7, 7, 8, 8, 8, 5, 6, 6, 7, 7, 8, 8, 8, 9, 10, 10, 11, 11, 12, 12,
        12, 9, 10, 10, 11, 11, 12, 12, 12, 13, 14, 14, 15, 15, 16, 16, 16, 13, 14, 14, 15, 15, 16, 16, 16,
        13, 14, 14, 15, 15, 16, 16, 16,
      ]),
    Example(
      "upsample_scales_cubic_asymmetric", counting([1, 1, 4, 4]),
      Resize(
        .cubic, coordinate: .asymmetric, shape: [1, 1, 8, 8], scales: [1, 1, 2, 2]),
      [
        1, 1.40625, 2, 2.5, 3, 3.59375, 4, 4.09375, 2.625, 3.03125, 3.625, 4.125, 4.625, 5.21875, 5.625,
        5.71875, 5, 5.40625, 6, 6.5, 7, 7.59375, 8, 8.09375, 7, 7.40625, 8, 8.5, 9, 9.59375, 10, 10.09375,
        9, 9.40625, 10, 10.5, 11, 11.59375, 12, 12.09375, 11.375, 11.78125, 12.375, 12.875, 13.375,
        13.96875, 14.375, 14.46875, 13, 13.40625, 14, 14.5, 15, 15.59375, 16, 16.09375, 13.375, 13.78125,
        14.375, 14.875, 15.375, 15.96875, 16.375, 16.46875,
      ]),
    Example(
      "upsample_scales_cubic", counting([1, 1, 4, 4]),
      Resize(
        .cubic, coordinate: .halfPixel, shape: [1, 1, 8, 8], scales: [1, 1, 2, 2]),
      [
        0.4726562, 0.7695312, 1.246094, 1.875, 2.28125, 2.910156, 3.386719, 3.683594, 1.660156, 1.957031,
        2.433594, 3.0625, 3.46875, 4.097656, 4.574219, 4.871094, 3.566406, 3.863281, 4.339844, 4.96875,
        5.375, 6.003906, 6.480469, 6.777344, 6.082031, 6.378906, 6.855469, 7.484375, 7.890625, 8.519531,
        8.996094, 9.292969, 7.707031, 8.003906, 8.480469, 9.109375, 9.515625, 10.14453, 10.62109, 10.91797,
        10.22266, 10.51953, 10.99609, 11.625, 12.03125, 12.66016, 13.13672, 13.43359, 12.12891, 12.42578,
        12.90234, 13.53125, 13.9375, 14.56641, 15.04297, 15.33984, 13.31641, 13.61328, 14.08984, 14.71875,
        15.125, 15.75391, 16.23047, 16.52734,
      ]),
  ]

  @Test(arguments: examples) func evaluatesAsOnnxDocuments(_ example: Example) throws {
    #expect(try example.op.infer([example.x.type]) == [TensorType(.float32, example.op.shape)])
    let found = try example.op.evaluate([example.x])[0]
    let worst = zip(found.doubles(), example.y).map { abs($0 - $1) / max(1, abs($1)) }.max() ?? 1
    #expect(found.count == example.y.count)
    #expect(worst < 2e-6)
  }

  @Test(arguments: examples) func lowersToTheKernel(_ example: Example) throws {
    try checkLowered(example.op, [example.x], tolerance: 1e-5)
  }

  @Test(arguments: examples) func isPermuted(_ example: Example) throws {
    try checkPermuted(example.op, [example.x], by: [0, 3, 1, 2])
  }

  @Test(arguments: examples) func hasAGradient(_ example: Example) throws {
    try checkGradient(example.op, [example.x.cast(to: .float64)])
  }

  @Test func nearestMovesElementsOfAnyType() throws {
    let op = Resize(.nearest, coordinate: .asymmetric, nearest: .floor, shape: [4], scales: [2])
    #expect(try op.evaluate([tensor(.int16, [2], [7, 9])])[0] == tensor(.int16, [4], [7, 7, 9, 9]))
    #expect(op.quantization == .sharedScale(inputs: [0]))
    try checkLowered(op, [tensor(.int16, [2], [7, 9])])
  }

  @Test func refusesWhatDoesNotFit() {
    let x = TensorType(.float32, [1, 4])
    let cases: [(Resize, String)] = [
      (
        Resize(.linear, coordinate: .halfPixel, shape: [4], scales: [1, 1]), "expected 2 extents for f32[1,4], found 1"
      ),
      (
        Resize(.linear, coordinate: .halfPixel, shape: [1, 8], scales: [1, 0]),
        "expected scales above 0, found 0.0 along axis 1"
      ),
      (
        Resize(.linear, coordinate: .cropAndResize, shape: [1, 8], scales: [1, 2]),
        "expected a region of 2 axes, found 0 begins and 0 ends"
      ),
      (
        Resize(.linear, coordinate: .halfPixel, shape: [1, 1], scales: [1, 0.01], antialias: true),
        "expected scales that leave an element along each axis, found 0.01 for 4 along axis 1"
      ),
    ]
    for (op, reason) in cases { #expect(throws: OperatorError(reason)) { try op.infer([x]) } }
  }

  @Test func keepsIdentitiesAsAliases() throws {
    let type = TensorType(.float32, [1, 4])
    let request = LoweringRequest(inputs: [type], outputs: [type], constants: [nil])
    guard case .alias = try Resize(.cubic, coordinate: .halfPixel, shape: [1, 4], scales: [1, 1]).lower(request) else {
      Issue.record("an identity should be an alias")
      return
    }
  }
}
