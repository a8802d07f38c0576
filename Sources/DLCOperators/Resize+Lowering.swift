import CDLCKernels
import DLCGraph
import DLCTensor

extension Resize {
  package func lower(_ request: LoweringRequest) throws(OperatorError) -> Lowering {
    let x = request.inputs[0]
    if isIdentity(x.shape) { return .alias }
    if let reason = request.limit { return .undefined(reason) }
    guard x.element == .float32 || (mode == .nearest && coordinate != .cropAndResize) else {
      return .undefined("the resize kernel interpolates f32 only, found \(x)")
    }
    let parameters = dlc_resize_params(
      mode: modeCode, coordinate: coordinateCode, nearest: nearestCode, exclude_outside: excludesOutside ? 1 : 0,
      antialias: antialias ? 1 : 0, cubic_a: cubicCoefficient, extrapolation: extrapolation,
      scales: try eight(scales, fill: 1), roi_begin: try eight(regionBegin), roi_end: try eight(regionEnd, fill: 1))
    let operands = [request.input(0, acceptsPitch: true), request.output(acceptsPitch: true)]
    return .kernels([KernelCall(DLC_KERNEL_resize, parameters, operands: operands)])
  }

  /// Whether every axis keeps its elements.
  private func isIdentity(_ x: Shape) -> Bool {
    guard x == shape, scales.allSatisfy({ $0 == 1 }) else { return false }
    return coordinate != .cropAndResize || (regionBegin.allSatisfy { $0 == 0 } && regionEnd.allSatisfy { $0 == 1 })
  }

  private var modeCode: Int32 {
    let code =
      switch mode {
      case .nearest: DLC_RESIZE_NEAREST
      case .linear: DLC_RESIZE_LINEAR
      case .cubic: DLC_RESIZE_CUBIC
      }
    return Int32(code.rawValue)
  }

  private var coordinateCode: Int32 {
    let code =
      switch coordinate {
      case .halfPixel: DLC_COORD_HALF_PIXEL
      case .pytorchHalfPixel: DLC_COORD_PYTORCH_HALF_PIXEL
      case .alignCorners: DLC_COORD_ALIGN_CORNERS
      case .asymmetric: DLC_COORD_ASYMMETRIC
      case .cropAndResize: DLC_COORD_TF_CROP
      case .halfPixelSymmetric: DLC_COORD_HALF_PIXEL_SYMMETRIC
      }
    return Int32(code.rawValue)
  }

  private var nearestCode: Int32 {
    let code =
      switch nearest {
      case .roundPreferFloor: DLC_NEAREST_ROUND_PREFER_FLOOR
      case .roundPreferCeil: DLC_NEAREST_ROUND_PREFER_CEIL
      case .floor: DLC_NEAREST_FLOOR
      case .ceil: DLC_NEAREST_CEIL
      }
    return Int32(code.rawValue)
  }
}
