"""Lays ONNX's own backend tests out as folders that `dlc verify` takes.

    python3 scripts/onnx_node_suite.py OUT       (packages onnx, ml_dtypes, pillow)

Writes OUT/SUITE/CASE/ with model.onnx, test_data_set_N/{input,output}_M.pb, `tolerance` ("rtol atol") and `class`, for the
generated node tests and for the model tests that the onnx package carries (simple, pytorch-converted, pytorch-operator,
light). Classes: core, control, sequence, string, exotic (types of at most 8 float or 4 integer bits, complex), ml, preview.
"""

import pathlib
import shutil
import sys
import warnings

import numpy as np
import onnx
import onnx.backend.test
from onnx import numpy_helper
from onnx.backend.test.case.node import collect_testcases

DATA = pathlib.Path(onnx.backend.test.__file__).parent / "data"
# The tolerances of onnx.backend.test.loader for models that name none.
MODEL_TOLERANCE = (1e-3, 1e-7)
EXOTIC_PREFIXES = ("FLOAT8", "FLOAT4", "INT4", "UINT4", "INT2", "UINT2", "COMPLEX")


def value_kind(info):
    """The element type's name of a tensor, or the kind of any other value."""
    kind = info.type.WhichOneof("value")
    return onnx.TensorProto.DataType.Name(info.type.tensor_type.elem_type) if kind == "tensor_type" else kind


def class_of(model):
    domains = {node.domain for node in model.graph.node}
    kinds = {value_kind(info) for info in [*model.graph.input, *model.graph.output]}
    if "ai.onnx.ml" in domains:
        return "ml"
    if any("preview" in domain for domain in domains):
        return "preview"
    if kinds & {"sequence_type", "optional_type", "map_type"}:
        return "sequence"
    if "STRING" in kinds:
        return "string"
    if any(kind.startswith(EXOTIC_PREFIXES) for kind in kinds if kind):
        return "exotic"
    if any(node.op_type in {"If", "Loop", "Scan"} for node in model.graph.node):
        return "control"
    return "core"


def message_bytes(value, info):
    """The protobuf message that a test data file holds for one value."""
    if value is None:
        return onnx.OptionalProto().SerializeToString()
    if isinstance(value, onnx.TensorProto):
        return value.SerializeToString()
    if isinstance(value, list) or info.type.HasField("sequence_type"):
        return numpy_helper.from_list([np.asarray(item) for item in value]).SerializeToString()
    return numpy_helper.from_array(np.asarray(value)).SerializeToString()


def describe(folder, model, tolerance):
    (folder / "tolerance").write_text("%g %g\n" % tolerance)
    (folder / "class").write_text(class_of(model) + "\n")


def write_node_tests(out):
    cases = collect_testcases(None)
    for case in cases:
        folder = out / case.name
        graph = case.model.graph
        for number, (inputs, outputs) in enumerate(case.data_sets):
            data = folder / f"test_data_set_{number}"
            data.mkdir(parents=True)
            for kind, values, infos in (("input", inputs, graph.input), ("output", outputs, graph.output)):
                for position, value in enumerate(values):
                    (data / f"{kind}_{position}.pb").write_bytes(message_bytes(value, infos[position]))
        onnx.save(case.model, folder / "model.onnx")
        describe(folder, case.model, (case.rtol, case.atol))
    return len(cases)


def copy_model_tests(source, out):
    cases = sorted(path.parent for path in source.glob("*/model.onnx"))
    for case in cases:
        shutil.copytree(case, out / case.name)
        describe(out / case.name, onnx.load(case / "model.onnx"), MODEL_TOLERANCE)
    return len(cases)


def ramp(info):
    """The input that the answers of the light models belong to: k / n for the k-th of n elements."""
    shape = [dim.dim_value if dim.HasField("dim_value") else 1 for dim in info.type.tensor_type.shape.dim]
    count = int(np.prod(shape))
    return (np.arange(count).reshape(shape) / count).astype(np.float32)


def write_light_tests(source, out):
    models = sorted(source.glob("*.onnx"))
    for path in models:
        folder = out / path.stem
        data = folder / "test_data_set_0"
        data.mkdir(parents=True)
        shutil.copy(path, folder / "model.onnx")
        model = onnx.load(path)
        constants = {tensor.name for tensor in model.graph.initializer}
        inputs = [info for info in model.graph.input if info.name not in constants]
        for position, info in enumerate(inputs):
            (data / f"input_{position}.pb").write_bytes(numpy_helper.from_array(ramp(info)).SerializeToString())
        for position in range(len(model.graph.output)):
            shutil.copy(source / f"{path.stem}_output_{position}.pb", data / f"output_{position}.pb")
        describe(folder, model, MODEL_TOLERANCE)
    return len(models)


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: python3 scripts/onnx_node_suite.py OUT")
    warnings.filterwarnings("ignore")
    out = pathlib.Path(sys.argv[1])
    if out.exists():
        shutil.rmtree(out)
    counts = {"node": write_node_tests(out / "node")}
    for suite in ("simple", "pytorch-converted", "pytorch-operator"):
        counts[suite] = copy_model_tests(DATA / suite, out / suite)
    counts["light"] = write_light_tests(DATA / "light", out / "light")
    (out / "complete").write_text(onnx.__version__ + "\n")
    print(", ".join(f"{suite} {count}" for suite, count in counts.items()), "cases in", out)


main()
