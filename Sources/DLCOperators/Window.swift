/// A window that slides over the spatial axes, outermost first; all arrays have one entry per spatial axis (1 to 3).
package struct Window: Sendable, Hashable {
  package var kernel: [Int]
  package var strides: [Int]
  package var dilations: [Int]
  package var padBegin: [Int]
  package var padEnd: [Int]

  package init(kernel: [Int], strides: [Int], dilations: [Int], padBegin: [Int], padEnd: [Int]) {
    self.kernel = kernel
    self.strides = strides
    self.dilations = dilations
    self.padBegin = padBegin
    self.padEnd = padEnd
  }

  /// Number of spatial axes.
  package var rank: Int { kernel.count }
}
