/// Scales that bf16 holds, in half the bytes of a plan.
package enum ShortScale {
  /// Steps of f32 by which a product of scales may miss the bf16 number that one of them was chosen for.
  private static let rounding: UInt32 = 3

  /// The bf16 number that a positive scale is but for rounding; nil when there is none.
  package static func nearest(_ scale: Float) -> Float? {
    let bits = scale.bitPattern &+ rounding
    return bits & 0xFFFF <= 2 * rounding ? Float(bitPattern: bits & 0xFFFF_0000) : nil
  }

  /// The least bf16 number that a positive scale does not pass but for rounding.
  package static func above(_ scale: Float) -> Float {
    nearest(scale) ?? Float(bitPattern: (scale.bitPattern & 0xFFFF_0000) &+ 0x1_0000)
  }
}
