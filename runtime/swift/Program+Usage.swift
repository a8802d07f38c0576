import CDLCKernels
import CDLCPlan

/// What a plan calls for, told to whoever builds a runtime for it alone.
extension Program {
  /// The kernel id of a step; `index` is in range.
  package func kernelID(ofStep index: Int) -> UInt16 { entry(ofStep: index).kernel }

  /// The parameter struct of a step, as many bytes as its kernel's row says.
  package func parameters(ofStep index: Int) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: steps[index].parameters, count: Int(steps[index].parameterBytes))
  }

  /// Operand `index` of a step, its place aside; both are in range.
  package func operand(_ index: Int, ofStep step: Int) -> dlc_tensor { operands[steps[step].firstOperand + index] }

  /// Bit t is set when an operand has element type t, other than one that every build reads.
  package var typeSet: UInt32 {
    var set: UInt32 = 0
    for k in 0..<stepCount {
      for index in 0..<Int(steps[k].operandCount) {
        let type = operand(index, ofStep: k).type
        guard type < 32, type != UInt8(DLC_ABSENT.rawValue),
          !Program.isAlwaysRead(type, operand: index, kernel: kernelID(ofStep: k))
        else { continue }
        set |= 1 << UInt32(type)
      }
    }
    return set
  }

  /// Whether a kernel reads an operand of this type in every build: biases in i16 and scales in bf16 of integer contractions,
  /// which are no reason to keep arithmetic of these types.
  static func isAlwaysRead(_ type: UInt8, operand: Int, kernel: UInt16) -> Bool {
    switch dlc_kernel_id(UInt32(kernel)) {
    case DLC_KERNEL_qmatmul, DLC_KERNEL_qconv, DLC_KERNEL_qdwconv, DLC_KERNEL_qconv_transpose:
      operand == 2 && type == UInt8(DLC_I16.rawValue) || operand == 3 && type == UInt8(DLC_BF16.rawValue)
    default: false
    }
  }

  /// Whether a step writes floating-point numbers.
  package func writesFloats(step index: Int) -> Bool {
    writes(DLC_F32, step: index) || writes(DLC_F64, step: index) || writes(DLC_F16, step: index)
      || writes(DLC_BF16, step: index)
  }

  /// Whether a step writes float64.
  package func writesDoubles(step index: Int) -> Bool { writes(DLC_F64, step: index) }

  private func writes(_ type: dlc_type, step index: Int) -> Bool {
    writtenOperands(ofStep: index).contains {
      UInt32(operands[steps[index].firstOperand + $0].type) == type.rawValue
    }
  }

  /// The plan's bytes.
  package var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: data, count: byteCount) }

  private func entry(ofStep index: Int) -> dlc_plan_step {
    var step = dlc_plan_step()
    dlc_plan_read_step(data, UInt32(index), &step)
    return step
  }
}
