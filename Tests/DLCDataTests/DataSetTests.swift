import DLCTensor
import Foundation
import Testing

@testable import DLCData

/// Every form of data that is not pictures.
@Suite struct DataSetTests {
  @Test(arguments: [false, true]) func anArchiveIsReadRowByRow(_ deflated: Bool) throws {
    try withFolder { folder in
      let path = folder + "/data"
      let labels = Tensor([3, 1, 2] as [Int64], shape: [3])
      try put(npz([("x", ramp([3, 4])), ("label", labels)], deflated: deflated), path)
      let data = try DataSet.open(path, inputs: [input("x", [1, 4])])
      #expect(data.count == 3 && data.hasLabels)
      for _ in 0..<2 {
        let samples = try all(data.samples())
        #expect(samples.map(\.label) == [3, 1, 2])
        #expect(samples.map { $0.inputs["x"] } == [ramp([1, 4]), ramp([1, 4], from: 4), ramp([1, 4], from: 8)])
        #expect(samples.map(\.origin) == [path + ":0", path + ":1", path + ":2"])
      }
      #expect(try all(data.samples(limit: 2)).count == 2)
      let shuffled = try all(data.samples(shuffleSeed: 5))
      #expect(try all(data.samples(shuffleSeed: 5)).map(\.origin) == shuffled.map(\.origin))
      #expect(Set(shuffled.map(\.label)) == [1, 2, 3])
      for sample in shuffled {
        let index = sample.label.flatMap { [3, 1, 2].firstIndex(of: $0) } ?? -1
        #expect(sample.inputs["x"] == ramp([1, 4], from: 4 * index))
      }
    }
  }

  @Test func anArchiveOfExactShapesIsOneRun() throws {
    try withFolder { folder in
      let path = folder + "/state.npz"
      try put(npz([("x", ramp([1, 5])), ("state", ramp([2, 1, 3])), ("y", ramp([7]))]), path)
      let data = try DataSet.open(path, inputs: [input("x", [1, 5]), input("state", [2, 1, 3])], outputs: ["y"])
      let samples = try all(data.samples())
      #expect(samples.count == 1 && samples[0].inputs["state"] == ramp([2, 1, 3]))
      #expect(samples[0].expected == ["y": ramp([7])])
    }
  }

  @Test func batchesAreFilledAndTheLastIsFlagged() throws {
    try withFolder { folder in
      for k in 0..<5 { try put(NumpyFormat.encode(ramp([2, 2], from: 10 * k)), folder + "/\(k).npy") }
      let data = try DataSet.open(folder, inputs: [input("x", [2, 2, 2])])
      let batches = data.batches()
      var found: [Batch] = []
      while let batch = try batches.next() { found.append(batch) }
      #expect(found.map(\.samples.count) == [2, 2, 1] && found.map(\.isPartial) == [false, false, true])
      #expect(found.map(\.index) == [0, 1, 2])
      #expect(found[1].inputs["x"]?.doubles() == [20, 21, 22, 23, 30, 31, 32, 33])
      #expect(found[2].inputs["x"]?.doubles() == [40, 41, 42, 43, 40, 41, 42, 43])
    }
  }

  @Test func foldersOfArraysAreSortedByNumberAndLabelledByTable() throws {
    try withFolder { folder in
      for k in [1, 2, 10] { try put(NumpyFormat.encode(ramp([1], from: k)), folder + "/f\(k).npy") }
      let inputs = [input("x", [1, 1])]
      #expect(
        try all(DataSet.open(folder, inputs: inputs).samples()).compactMap { $0.inputs["x"]?.doubles()[0] } == [
          1, 2, 10,
        ])
      try put(Data("file,label\nf10.npy,cat\n\"f2.npy\",dog\n".utf8), folder + "/labels.csv")
      let data = try DataSet.open(folder, inputs: inputs)
      #expect(data.classNames == ["cat", "dog"])
      #expect(try all(data.samples()).map(\.label) == [0, 1])
      let table = try DataSet.open(folder + "/labels.csv", inputs: inputs)
      #expect(try all(table.samples()).map { $0.inputs["x"]?.doubles()[0] } == [10, 2])
    }
  }

  @Test func foldersOfArchivesAreJoined() throws {
    try withFolder { folder in
      try put(npz([("x", ramp([3, 2]))]), folder + "/a.npz")
      try put(npz([("x", ramp([2, 2], from: 6))], deflated: true), folder + "/b.npz")
      let data = try DataSet.open(folder, inputs: [input("x", [1, 2])])
      #expect(data.count == 5)
      #expect(try all(data.samples()).compactMap { $0.inputs["x"]?.doubles()[0] } == [0, 2, 4, 6, 8])
      #expect(
        try Set(all(data.samples(shuffleSeed: 1)).compactMap { $0.inputs["x"]?.doubles()[0] }) == [0, 2, 4, 6, 8])
    }
  }

  @Test(arguments: [false, true]) func idxPairs(_ isPacked: Bool) throws {
    try withFolder { folder in
      let suffix = isPacked ? ".gz" : ""
      func write(_ data: Data, _ name: String) throws {
        try put(isPacked ? packed(data, windowBits: 31) : data, folder + "/" + name + suffix)
      }
      try write(idx([3, 2, 2], Array(0..<12)), "t10k-images-idx3-ubyte")
      try write(idx([3], [7, 8, 9]), "t10k-labels-idx1-ubyte")
      for path in [folder, folder + "/t10k-images-idx3-ubyte" + suffix] {
        let data = try DataSet.open(path, inputs: [input("x", [1, 1, 2, 2])])
        let samples = try all(data.samples())
        #expect(samples.map(\.label) == [7, 8, 9])
        #expect(samples[2].inputs["x"]?.doubles() == [8, 9, 10, 11])
        #expect(try all(data.samples(shuffleSeed: 3)).count == 3)
      }
      let unit = try DataSet.open(
        folder, inputs: [input("x", [1, 1, 2, 2])], preprocessing: Preprocessing(preset: "unit"))
      #expect(unit.takesPixels)
      #expect(try all(unit.samples())[0].inputs["x"]?.doubles().last == Double(Float(3 / 255.0)))
    }
  }

  @Test func tables() throws {
    try withFolder { folder in
      let path = folder + "/data.csv"
      try put(Data("\u{FEFF}b,label,a[1],a[0]\r\n1.5,2,4,3\r\n\r\n-1,0,6,5\r\n".utf8), path)
      let data = try DataSet.open(path, inputs: [input("a", [1, 2]), input("b", [1, 1])])
      let samples = try all(data.samples())
      #expect(samples.map(\.label) == [2, 0])
      #expect(samples[0].inputs == ["a": ramp([1, 2], from: 3), "b": Tensor([1.5 as Float], shape: [1, 1])])
      try put(Data("height,width,target\n1,2,0.5\n3,4,-7\n".utf8), path)
      let none = try DataSet.open(path, inputs: [input("x", [1, 2])], preprocessing: Preprocessing(preset: "unit"))
      #expect(!none.takesPixels)
      let regression = try all(DataSet.open(path, inputs: [input("x", [1, 2])]).samples())
      #expect(regression.map(\.target) == [[0.5], [-7]] && regression[1].inputs["x"] == ramp([1, 2], from: 3))
    }
  }

  @Test func numbersAreConvertedWhereNothingIsLost() throws {
    let wanted = input("x", [1, 2], .int32)
    let whole = Tensor([1, 2] as [Double], shape: [2])
    #expect(try wanted.fit(whole, rows: 1, origin: "f") == Tensor([1, 2] as [Int32], shape: [1, 2]))
    #expect(throws: DataError.self) {
      try wanted.fit(Tensor([1.5, 2] as [Double], shape: [2]), rows: 1, origin: "f")
    }
    #expect(throws: DataError.malformed(path: "f", reason: "has the shape [3] for input 'x', which takes [1,2]")) {
      try wanted.fit(ramp([3]), rows: 1, origin: "f")
    }
  }

  /// The order and the content do not depend on how many threads read ahead.
  @Test(arguments: [1, 2, 7]) func threadsKeepTheOrder(_ workers: Int) throws {
    try withFolder { folder in
      for k in 0..<40 { try put(NumpyFormat.encode(ramp([1], from: k)), folder + "/\(k).npy") }
      let data = try DataSet.open(folder, inputs: [input("x", [1, 1])])
      let stream = data.samples(workers: workers, depth: 3)
      #expect(try all(stream).compactMap { $0.inputs["x"]?.doubles()[0] } == (0..<40).map(Double.init))
      // A stream that is dropped half-way ends its threads.
      let dropped = data.samples(workers: workers)
      #expect(try dropped.next() != nil)
    }
  }
}
