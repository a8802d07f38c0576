"""Makes model files that no compiler should accept, with nothing but Python's own library.

    python3 scripts/bad_models.py FOLDER        writes every case; prints name and expected status, one a line

A case is a file (or what stands in its place: a folder, a device, nothing) and the statuses that are right for it: 65 for bad
data, 66 for what cannot be opened, 0 where a model is odd but sound. Called by scripts/bad_input.py.
"""

import os
import pathlib
import struct
import sys

FLOAT, INT64, STRING, DOUBLE = 1, 7, 8, 11
HUGE = (1 << 31, 1 << 40, (1 << 63) - 1, -1, -(1 << 63))


def varint(value):
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def number(field, value):
    return varint(field << 3) + varint(value)


def text(field, value):
    value = value.encode() if isinstance(value, str) else value
    return varint(field << 3 | 2) + varint(len(value)) + value


def tensor(name, dims, element=FLOAT, raw=b"", extra=b""):
    return b"".join(number(1, d) for d in dims) + number(2, element) + text(8, name) + text(9, raw) + extra


def integers(name, values):
    return tensor(name, [len(values)], INT64, b"".join(struct.pack("<q", v) for v in values))


def floats(name, values, dims=None):
    return tensor(name, [len(values)] if dims is None else dims, FLOAT, struct.pack(f"<{len(values)}f", *values))


def attribute(name, value):
    head = text(1, name)
    if isinstance(value, int):
        return head + number(3, value) + number(20, 2)
    if isinstance(value, float):
        return head + varint(2 << 3 | 5) + struct.pack("<f", value) + number(20, 1)
    if isinstance(value, str):
        return head + text(4, value) + number(20, 3)
    if isinstance(value, bytes):
        return head + text(6, value) + number(20, 5)
    return head + b"".join(number(8, v) for v in value) + number(20, 7)


def node(op, inputs, outputs, attributes=None, name=None, domain=""):
    out = b"".join(text(1, v) for v in inputs) + b"".join(text(2, v) for v in outputs)
    out += text(3, f"the_{op}" if name is None else name) + text(4, op)
    out += b"".join(text(5, attribute(k, v)) for k, v in (attributes or {}).items())
    return out + (text(7, domain) if domain else b"")


def port(name, dims, element=FLOAT):
    axes = b"".join(text(1, text(2, d) if isinstance(d, str) else number(1, d)) for d in dims)
    return text(1, name) + text(2, text(1, number(1, element) + text(2, axes)))


def graph(nodes, inputs=(("x", (1, 4, 8, 8)),), outputs=(("y", ()),), weights=()):
    out = b"".join(text(1, n) for n in nodes) + text(2, "g") + b"".join(text(5, w) for w in weights)
    out += b"".join(text(11, port(*i)) for i in inputs)
    # Outputs without a shape: the compiler has to find it.
    return out + b"".join(text(12, port(*o) if o[1] else text(1, o[0])) for o in outputs)


def model(body, opset=17):
    return number(1, 8) + text(2, "bad_models") + text(7, body) + text(8, text(1, "") + number(2, opset))


def simple(op, attributes=None, constants=(), inputs=("x",), outputs=("y",), opset=17, ports=None):
    """One node that reads `inputs` and integer constants c0, c1, ..."""
    weights = [c if isinstance(c, bytes) else integers(f"c{k}", c) for k, c in enumerate(constants)]
    names = list(inputs) + [f"c{k}" for k in range(len(constants))]
    return model(
        graph([node(op, names, outputs, attributes)], weights=weights, inputs=ports or (("x", (1, 4, 8, 8)),)), opset)


def nested(levels):
    """A graph in an If in a graph in an If, `levels` deep."""
    # Built from the inside: each level only adds bytes in front and behind, so this is quadratic in bytes copied, not in levels.
    parts_front, parts_back, length = [], [], 0
    inner = text(1, node("Identity", ["x"], ["y"])) + text(2, "g")
    length = len(inner)
    for _ in range(levels):
        # attribute {name, g: inner, type: GRAPH}, node {input c, output y, op If, attribute}, graph {node}
        behind = number(20, 5)
        front = text(1, "then_branch") + varint(6 << 3 | 2) + varint(length)
        length += len(front) + len(behind)
        before_attribute = text(1, "c") + text(2, "y") + text(4, "If") + varint(5 << 3 | 2) + varint(length)
        length += len(before_attribute)
        before_node = varint(1 << 3 | 2) + varint(length)
        length += len(before_node)
        parts_front.append(before_node + before_attribute + front)
        parts_back.append(behind)
    body = b"".join(reversed(parts_front)) + inner + b"".join(parts_back)
    return model(body + text(11, port("x", (1,))) + text(11, port("c", (), 9)) + text(12, text(1, "y")))


def external(location, offset=None, length=None, dims=(4, 4)):
    def entry(key, value):
        return text(13, text(1, key) + text(2, value))

    extra = entry("location", location) + number(14, 1)
    if offset is not None:
        extra += entry("offset", str(offset))
    if length is not None:
        extra += entry("length", str(length))
    weight = b"".join(number(1, d) for d in dims) + number(2, FLOAT) + text(8, "w") + extra
    return model(graph([node("MatMul", ["x", "w"], ["y"])], inputs=(("x", (1, 4)),), weights=[weight]))


def structure_cases():
    """Graphs that contradict themselves."""
    relu = node("Relu", ["x"], ["y"])
    yield "cycle", model(graph([node("Add", ["x", "b"], ["a"], name="one"), node("Relu", ["a"], ["b"], name="two"),
                                node("Relu", ["b"], ["y"], name="three")]))
    yield "self-loop", model(graph([node("Add", ["x", "y"], ["y"])]))
    yield "undefined-input", model(graph([node("Relu", ["nowhere"], ["y"])]))
    yield "undefined-output", model(graph([relu], outputs=(("z", ()),)))
    yield "duplicate-values", model(graph([relu, node("Tanh", ["x"], ["y"], name="again")]))
    yield "duplicate-inputs", model(graph([relu], inputs=(("x", (1,)), ("x", (2,)))))
    yield "duplicate-weights", model(graph([relu], weights=[integers("w", [1]), integers("w", [2])]))
    yield "output-is-weight-and-node", model(graph([relu], weights=[floats("y", [1.0])]))
    yield "no-outputs", model(graph([relu], outputs=()))
    yield "no-graph", number(1, 8) + text(8, text(1, "") + number(2, 17))
    yield "no-opset", number(1, 8) + text(7, graph([relu]))
    yield "two-opsets", model(graph([relu])) + text(8, text(1, "") + number(2, 9))
    yield "opset-0", model(graph([relu]), 0)
    yield "opset-9999", model(graph([relu]), 9999)
    yield "opset-negative", model(graph([relu]), -1)
    yield "unknown-operator", model(graph([node("NoSuchThing", ["x"], ["y"])]))
    yield "unknown-domain", model(graph([node("Relu", ["x"], ["y"], domain="com.example")]))
    yield "unknown-attribute", simple("Relu", {"colour": 3})
    yield "attribute-type", simple("Softmax", {"axis": "last"})
    yield "no-inputs", simple("Add", inputs=())
    yield "too-many-inputs", simple("Relu", inputs=("x",) * 5)
    yield "too-many-outputs", simple("Relu", outputs=("y", "z"))
    yield "type-mismatch", simple("Add", constants=[[1]])
    yield "string-input", model(graph([relu], inputs=(("x", (1,), STRING),)))
    yield "broadcast", simple("Add", constants=[floats("c0", [1.0] * 7)])
    yield "matmul-extents", simple("MatMul", constants=[floats("c0", [1.0] * 6, (3, 2))])
    yield "weight-short", model(graph([node("Add", ["x", "w"], ["y"])], weights=[tensor("w", [4, 8], FLOAT, b"\0" * 16)]))
    yield "weight-long", model(graph([node("Add", ["x", "w"], ["y"])], weights=[tensor("w", [2], FLOAT, b"\0" * 64)]))
    yield "weight-type-99", model(graph([node("Add", ["x", "w"], ["y"])], weights=[tensor("w", [1], 99, b"\0" * 4)]))
    yield "input-type-99", model(graph([relu], inputs=(("x", (1,), 99),)))
    for dims in ((-1,), (-5, 3), (1 << 31, 1 << 31, 1 << 31), ((1 << 63) - 1,), (1 << 40, 1 << 40), (-(1 << 63),)):
        shown = "x".join(map(str, dims))
        yield f"input-dims-{shown}", model(graph([node("MatMul", ["x", "x"], ["y"])], inputs=(("x", dims),)))
        yield f"weight-dims-{shown}", model(
            graph([node("Add", ["x", "w"], ["y"])], weights=[tensor("w", dims, FLOAT, b"\0" * 16)]))
    yield "rank-64", model(graph([node("Softmax", ["x"], ["y"])], inputs=(("x", (1,) * 64),)))
    yield "open-dimension", model(graph([node("Relu", ["x"], ["y"])], inputs=(("x", (1, "height", "width")),)))
    yield "nested-2500", nested(2500)
    yield "nested-100000", nested(100_000)
    # One million nodes that say nothing: two bytes each.
    yield "million-empty-nodes", model(text(1, b"") * 1_000_000 + text(12, text(1, "y")))
    yield "million-empty-weights", model(text(5, b"") * 1_000_000 + text(1, relu) + text(11, port("x", (1,))) + text(12, text(1, "y")))
    # Each doubles its input: 2^40 elements after forty nodes.
    chain = [node("Concat", [f"v{k}", f"v{k}"], [f"v{k + 1}"], {"axis": 0}, name=f"n{k}") for k in range(60)]
    yield "doubling", model(graph(chain, inputs=(("v0", (1024,)),), outputs=(("v60", ()),)))
    yield "doubling-constants", model(
        graph(chain, inputs=(("x", (1,)),), outputs=(("v60", ()),), weights=[floats("v0", [1.0] * 1024)]))


def absurd_cases():
    """Attribute and constant values that no machine could serve."""
    for e in HUGE:
        for op, key in (("MaxPool", "kernel_shape"), ("MaxPool", "strides"), ("AveragePool", "pads"), ("MaxPool", "dilations")):
            values = {"kernel_shape": (2, 2)}
            values[key] = (e, e, e, e) if key == "pads" else (e, e)
            yield f"{op}-{key}-{e}", simple(op, values)
        kernel = floats("c0", [1.0] * 144, (4, 4, 3, 3))
        for key, value in (("group", e), ("pads", (e, 0, 0, 0)), ("dilations", (e, e)), ("strides", (e, 1)), ("kernel_shape", (e, e))):
            # A stride beyond the image is odd and sound.
            yield f"Conv-{key}-{e}", simple("Conv", {key: value}, [kernel])
            yield f"ConvTranspose-{key}-{e}", simple("ConvTranspose", {key: value}, [kernel])
        for op in ("Softmax", "Flatten", "Concat", "ArgMax", "LpNormalization"):
            yield f"{op}-axis-{e}", simple(op, {"axis": e})
        yield f"Transpose-perm-{e}", simple("Transpose", {"perm": (0, 1, 2, e)})
        yield f"ReduceMean-axes-{e}", simple("ReduceMean", {"axes": (e,)})
        yield f"Reshape-{e}", simple("Reshape", constants=[[e, e, e, e]])
        yield f"Expand-{e}", simple("Expand", constants=[[e, 1, 1, 1, 1]])
        yield f"Tile-{e}", simple("Tile", constants=[[e, e, 1, 1]])
        yield f"Range-{e}", simple("Range", constants=[tensor("c0", [], INT64, bytes(8)), tensor(
            "c1", [], INT64, struct.pack("<q", e)), tensor("c2", [], INT64, struct.pack("<q", 1))], inputs=())
        yield f"ConstantOfShape-{e}", simple("ConstantOfShape", constants=[[e]], inputs=())
        yield f"ConstantOfShape-scaled-{e}", model(graph(
            [node("ConstantOfShape", ["c"], ["big"]), node("Mul", ["big", "s"], ["y"])],
            weights=[integers("c", [e]), floats("s", [2.0])]))
        yield f"Resize-sizes-{e}", simple(
            "Resize", constants=[floats("c0", []), floats("c1", []), integers("c2", [1, 4, e, e])])
        yield f"Pad-{e}", simple("Pad", constants=[[0, 0, 0, e, 0, 0, 0, e]])
        yield f"OneHot-{e}", simple("OneHot", constants=[tensor("c0", [], INT64, struct.pack("<q", e)), integers("c1", [0, 1])])
        yield f"EyeLike-{e}", model(graph(
            [node("ConstantOfShape", ["c"], ["big"]), node("EyeLike", ["big"], ["y"])], weights=[integers("c", [e, e])]))
        yield f"TopK-{e}", simple("TopK", constants=[[e]], outputs=("y", "z"))
        yield f"Gather-axis-{e}", simple("Gather", {"axis": e}, [[0]])
        yield f"Gather-index-{e}", simple("Gather", {"axis": 1}, [[e]])
        yield f"Split-{e}", simple("Split", constants=[[e, e]], outputs=("y", "z"))
        yield f"Split-outputs-{e}", simple("Split", {"num_outputs": e}, opset=18)
        yield f"DepthToSpace-{e}", simple("DepthToSpace", {"blocksize": e})
        yield f"Cast-{e}", simple("Cast", {"to": e})
        yield f"LSTM-hidden-{e}", simple("LSTM", {"hidden_size": e}, [
            floats("c0", [1.0] * 64, (1, 8, 8)), floats("c1", [1.0] * 16, (1, 8, 2))], ports=(("x", (4, 1, 8)),))
        yield f"GridSample-{e}", simple("Upsample", {}, [floats("c0", [1.0, 1.0, float(e), float(e)])], opset=9)
        yield f"Slice-{e}", simple("Slice", constants=[[0], [1], [e]])
        yield f"LRN-{e}", simple("LRN", {"size": e})
        yield f"CumSum-{e}", simple("CumSum", constants=[[e]])


def external_cases():
    """Weights in other files. `weights.bin` (64 bytes) is made by `write`."""
    yield "external-missing", external("not_there.bin"), (65, 66)
    yield "external-up", external("../weights.bin"), (65,)
    yield "external-absolute", external("/etc/passwd"), (65,)
    yield "external-hidden-up", external("a/../../weights.bin"), (65,)
    yield "external-link", external("link.bin"), (65,)
    yield "external-nul", external("weights.bin\0.txt"), (65, 66)
    yield "external-empty", external(""), (65, 66)
    yield "external-folder", external("folder"), (65, 66)
    yield "external-short", external("weights.bin", dims=(4, 400)), (65,)
    yield "external-offset-past", external("weights.bin", offset=1 << 62), (65,)
    yield "external-offset-negative", external("weights.bin", offset=-4), (65,)
    yield "external-offset-text", external("weights.bin", offset="four"), (65,)
    yield "external-length-past", external("weights.bin", offset=16, length=64), (65,)
    yield "external-length-wraps", external("weights.bin", offset=(1 << 64) - 16, length=64), (65,)


# Odd but sound: what the specification or ONNX Runtime lets through, so either answer is right here.
EITHER = ("input-dims--", "too-many-outputs", "duplicate-", "two-opsets", "no-opset", "MaxPool-", "AveragePool-", "Conv-strides-", "ConvTranspose-", "Slice-",
          "weight-long", "doubling", "attribute-", "Gather-", "OneHot-", "rank-", "Conv-pads", "LRN-", "Softmax-axis--1",
          "Concat-axis--1", "ArgMax-axis--1", "LpNormalization-axis--1", "Flatten-axis--1", "ReduceMean-axes--1", "Range-", "Pad-",
          "CumSum--1", "Cast-")


def write(folder):
    """Writes every case below `folder`; returns [(path, statuses that are right)]."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "weights.bin").write_bytes(bytes(64))
    (folder.parent / "weights.bin").write_bytes(bytes(64))
    (folder / "folder").mkdir(exist_ok=True)
    if not (folder / "link.bin").is_symlink():
        (folder / "link.bin").symlink_to("/etc/passwd")
    cases = []
    for name, content in [*structure_cases(), *absurd_cases()]:
        path = folder / f"{name}.onnx"
        path.write_bytes(content)
        cases.append((path, (0, 65) if name.startswith(EITHER) else (65,)))
    for name, content, statuses in external_cases():
        path = folder / f"{name}.onnx"
        path.write_bytes(content)
        cases.append((path, statuses))
    files = {
        "empty.onnx": b"", "one-byte.onnx": b"\x08", "text.onnx": b"this is no model\n" * 100, "zeros.onnx": bytes(4096),
        "ones.onnx": b"\xff" * 4096, "png.onnx": b"\x89PNG\r\n\x1a\n" + bytes(100), "zip.onnx": b"PK\x03\x04" + bytes(100),
        "plan-header.onnx": b"\x10\0\0\0DLCP" + bytes(100),
    }
    for name, content in files.items():
        (folder / name).write_bytes(content)
        cases.append((folder / name, (65,)))
    (folder / "folder.onnx").mkdir(exist_ok=True)
    pipe = folder / "pipe.onnx"
    if not pipe.exists():
        os.mkfifo(pipe)
    cases.append((pipe, (66,)))
    cases += [(folder / "folder.onnx", (65, 66)), (folder / "absent.onnx", (66,)), (pathlib.Path("/dev/null"), (65, 66)),
              (pathlib.Path("/dev/zero"), (65, 66)), (folder / "text.onnx" / "inside.onnx", (66,))]
    if os.geteuid() != 0:
        path = folder / "unreadable.onnx"
        path.unlink(missing_ok=True)
        path.write_bytes(model(graph([node("Relu", ["x"], ["y"])])))
        path.chmod(0)
        cases.append((path, (66,)))
    return cases


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    for case, expected in write(sys.argv[1]):
        print(case.name, *expected)
