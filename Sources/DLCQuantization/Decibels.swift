import Foundation

/// Ratios of powers on a logarithmic scale.
enum Decibels {
  /// Signal to noise in dB for noise as a share of the signal; infinite for none.
  static func ofNoise(_ share: Double) -> Double { share > 0 ? -10 * log10(share) : .infinity }
}
