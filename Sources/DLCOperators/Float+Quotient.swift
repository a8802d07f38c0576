extension Float {
  /// `(a * b) / c`, each operation rounded, as ONNX Runtime takes quotients of scales; where the product leaves f32's normal
  /// range, rounded once.
  init(_ a: Float, times b: Float, over c: Float) {
    let product = a * b
    self = product.isNormal ? product / c : Float(Double(a) * Double(b) / Double(c))
  }
}
