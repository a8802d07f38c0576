import DLCTensor
import Testing

@testable import DLCOnnx

@Suite struct OnnxSparseTensorTests {
  private func message(
    values: [Float], indices: [Int], indexDims: [Int], dims: [Int], indexType: Int = 7
  ) throws -> Result<Tensor, OnnxError> {
    let bytes = Samples.model { graph in
      graph.message(15) { sparse in
        sparse.message(1) { tensor in
          tensor.int(1, values.count)
          tensor.int(2, 1)
          tensor.text(8, "s")
          tensor.packed(4, values)
        }
        sparse.message(2) { tensor in
          tensor.ints(1, indexDims)
          tensor.int(2, indexType)
          tensor.packed(indexType == 7 ? 7 : 5, indices)
        }
        sparse.ints(3, dims)
      }
    }
    let model = try OnnxModel(file: MappedFile(copying: bytes, name: "m.onnx"))
    return Result { () throws(OnnxError) in try model.graph.sparseInitializers[0].tensor() }
  }

  @Test func writesZerosOut() throws {
    let expected = Tensor([0, 5, 0, 0, 0, 6] as [Float], shape: [2, 3])
    #expect(try message(values: [5, 6], indices: [1, 5], indexDims: [2], dims: [2, 3]).get() == expected)
    #expect(try message(values: [5, 6], indices: [0, 1, 1, 2], indexDims: [2, 2], dims: [2, 3]).get() == expected)
    #expect(try message(values: [], indices: [], indexDims: [0], dims: [2]).get().floats() == [0, 0])
  }

  @Test(
    arguments: [
      ([5], [6], [1], [2, 3], "indices inside [2,3], found 6"),
      ([5], [-1], [1], [2, 3], "indices inside [2,3], found -1"),
      ([5], [0, 3], [1, 2], [2, 3], "indices inside [2,3], found 3"),
      ([5, 6], [1, 1], [2], [2, 3], "indices that rise, found 1 after 1"),
      ([5, 6], [2, 1], [2], [2, 3], "found 1 after 2"),
      ([5], [1, 1, 1], [1, 3], [2, 3], "expected int64 indices [1] or [1,2], found i64[1,3]"),
      ([5], [1], [1], [1 << 20, 1 << 20], "a sparse tensor of 4398046511104 bytes"),
      ([5], [1], [1], [-2, 3], "found [-2, 3]"),
      ([5], [0], [1], [0], "indices inside [0], found 0"),
    ] as [([Float], [Int], [Int], [Int], String)])
  func refuses(values: [Float], indices: [Int], indexDims: [Int], dims: [Int], reason: String) throws {
    switch try message(values: values, indices: indices, indexDims: indexDims, dims: dims) {
    case .success(let tensor): Issue.record("read \(tensor)")
    case .failure(let error): #expect(error.description.contains(reason))
    }
  }

  @Test func refusesIndicesOfAnotherType() throws {
    guard case .failure(let error) = try message(values: [5], indices: [1], indexDims: [1], dims: [2], indexType: 6)
    else {
      Issue.record("int32 indices were read")
      return
    }
    #expect(error.description.contains("found i32[1]"))
  }
}
