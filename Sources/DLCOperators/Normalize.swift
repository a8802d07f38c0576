import DLCGraph
import DLCTensor

/// Layer normalization (or root-mean-square, without the mean) over the axes from `axis` on: x, scale?, bias? -> y.
/// Scale and bias have the shape of those axes.
package struct LayerNormalization: Sendable, Hashable {
  package enum Kind: String, Sendable, Hashable { case layer, rootMeanSquare }

  package var kind: Kind
  package var axis: Int
  package var epsilon: Float
  package var hasScale: Bool
  package var hasBias: Bool

  package init(_ kind: Kind = .layer, axis: Int, epsilon: Float, hasScale: Bool, hasBias: Bool) {
    self.kind = kind
    self.axis = axis
    self.epsilon = epsilon
    self.hasScale = hasScale
    self.hasBias = hasBias
  }
}

/// Instance normalization: mean and variance over the spatial axes of each sample and channel: x, scale `[C]`, bias `[C]` -> y.
package struct InstanceNormalization: Sendable, Hashable {
  package var epsilon: Float
  package var channels: ChannelPlacement
  /// Applied to the result; nil: none.
  package var function: Function?

  package init(epsilon: Float, channels: ChannelPlacement = .first, function: Function? = nil) {
    self.epsilon = epsilon
    self.channels = channels
    self.function = function
  }
}

/// Batch normalization in inference: y = scale (x - mean) / sqrt(variance + epsilon) + bias.
/// x, scale, bias, mean, variance (each `[C]`) -> y.
package struct BatchNormalization: Sendable, Hashable {
  package var epsilon: Float
  package var channels: ChannelPlacement

  package init(epsilon: Float, channels: ChannelPlacement = .first) {
    self.epsilon = epsilon
    self.channels = channels
  }
}

/// Local response normalization across channels: y = x / (bias + alpha/size * sum of squares)^beta.
package struct LocalResponseNormalization: Sendable, Hashable {
  package var size: Int
  package var alpha: Float
  package var beta: Float
  package var bias: Float
  package var channels: ChannelPlacement

  package init(size: Int, alpha: Float, beta: Float, bias: Float, channels: ChannelPlacement = .first) {
    self.size = size
    self.alpha = alpha
    self.beta = beta
    self.bias = bias
    self.channels = channels
  }
}
