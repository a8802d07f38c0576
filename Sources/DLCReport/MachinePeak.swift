import CDLCKernels
import CDLCPlatform

/// What the processor reaches at best, measured.
enum MachinePeak {
  /// GFLOP/s of one thread on a f32 matrix product whose operands stay in cache: the best of several short rounds.
  static func measure() -> Double {
    let (m, k, n) = (48, 256, 64)
    guard let row = dlc_kernel_row(UInt16(DLC_KERNEL_matmul.rawValue)) else { return 0 }
    let memory = UnsafeMutablePointer<Float>.allocate(capacity: m * k + k * n + m * n + 64)
    defer { memory.deallocate() }
    memory.initialize(repeating: 0.5, count: m * k + k * n + m * n + 64)
    var operands = [dlc_tensor](repeating: dlc_tensor(), count: 5)
    operands[0] = tensor(memory, [m, k])
    operands[1] = tensor(memory + m * k, [1, n / 16, k, 16])
    operands[4] = tensor(memory + m * k + k * n, [m, n])
    var parameters = dlc_matmul_params()
    parameters.n = Int32(n)
    var scratch: UnsafeMutableRawPointer?
    defer { scratch?.deallocate() }
    var best = 0.0
    operands.withUnsafeBufferPointer { operands in
      withUnsafePointer(to: &parameters) { parameters in
        var call = dlc_call(
          operands: operands.baseAddress, params: parameters, scratch: nil, operand_count: 5,
          params_bytes: UInt32(MemoryLayout<dlc_matmul_params>.size))
        guard row.pointee.check(&call) == 0 else { return }
        if let bytes = row.pointee.scratch?(&call), bytes > 0 {
          scratch = .allocate(byteCount: bytes, alignment: 64)
          call.scratch = scratch
        }
        let repeats = 200
        for _ in 0..<20 {
          let start = dlc_clock_ns()
          for _ in 0..<repeats { _ = row.pointee.run(&call, 0, 1) }
          best = max(best, Double(2 * m * k * n * repeats) / Double(dlc_clock_ns() - start))
        }
      }
    }
    return best
  }

  private static func tensor(_ data: UnsafeMutablePointer<Float>, _ dims: [Int]) -> dlc_tensor {
    var tensor = dlc_tensor()
    tensor.data = UnsafeMutableRawPointer(data)
    tensor.type = UInt8(DLC_F32.rawValue)
    tensor.rank = UInt8(dims.count)
    tensor.pitch = Int32(dims.last ?? 1)
    withUnsafeMutableBytes(of: &tensor.dims) { bytes in
      for (axis, extent) in dims.enumerated() {
        bytes.storeBytes(of: Int32(extent), toByteOffset: 4 * axis, as: Int32.self)
      }
    }
    return tensor
  }
}
