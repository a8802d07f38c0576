import DLCGraph
import DLCTensor

/// Matrix product with numpy batch broadcasting: a `[..., M, K]`, b `[..., K, N]`, bias? `[N]`, residual? -> y `[..., M, N]`.
///
/// `transposeA` and `transposeB` swap the last two axes of that input first. Both inputs have rank 2 or more.
package struct MatMul: Sendable, Hashable {
  package var transposeA: Bool
  package var transposeB: Bool
  package var epilogue: Epilogue

  package init(transposeA: Bool = false, transposeB: Bool = false, epilogue: Epilogue = .none) {
    self.transposeA = transposeA
    self.transposeB = transposeB
    self.epilogue = epilogue
  }
}
