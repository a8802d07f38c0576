import DLCGraph
import DLCTensor

/// How an update meets what stands at its place.
package enum ScatterReduction: String, Sendable, Hashable { case replace, add, multiply, maximum, minimum }

/// y = data, then y[indices[i,j,k],j,k] <- updates[i,j,k] for axis 0, and so on: data, indices, updates -> y.
package struct ScatterElements: Sendable, Hashable {
  package var axis: Int
  package var reduction: ScatterReduction

  package init(axis: Int, reduction: ScatterReduction) {
    self.axis = axis
    self.reduction = reduction
  }
}

/// y = data, then y[indices[..., :]] <- updates[...]: data, indices `[..., k]`, updates -> y.
package struct ScatterND: Sendable, Hashable {
  package var reduction: ScatterReduction

  package init(reduction: ScatterReduction) { self.reduction = reduction }
}
