"""Compares dlc with ONNX Runtime on quantized models: python3 scripts/compare_qdq.py --dlc PATH MODEL...

Both run on the same random inputs. ONNX Runtime runs twice: without graph optimization, which is what the model says, and with
its defaults, which fuse quantized operators in its own way. The table gives, for each, the share of output elements that lie
within one quantization step of dlc's, and the largest difference in steps. An output's step is the scale of the quantization
that makes it, where one does; else the 255th part of its range. ONNX Runtime's two levels differ from each other as well, so a
model agrees when its share reaches --share with either; status 1 when one does not.

--local judges each quantization by itself: every quantized value is cut out of the model and ONNX Runtime's own integers are
given to what reads it, so that a tie broken in another way early on is not amplified by what follows. Then no integer may lie
more than a step away. What still differs by a step is ties: f32 sums in another order, and pools whose exact mean is a half.
"""

import argparse
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import onnx
import onnxruntime
from onnx import numpy_helper

KINDS = {"tensor(float)": np.float32, "tensor(double)": np.float64, "tensor(float16)": np.float16}
# Operators that pass their first input's values on.
MOVING = {"Reshape", "Transpose", "Flatten", "Squeeze", "Unsqueeze", "Identity", "Slice", "DepthToSpace"}


def feeds_of(session, seed):
    """Random inputs: extent 1 for what is symbolic, integers small enough to be indices."""
    generator = np.random.default_rng(seed)
    feeds = {}
    for info in session.get_inputs():
        shape = [extent if isinstance(extent, int) and extent > 0 else 1 for extent in info.shape]
        if info.type in KINDS:
            feeds[info.name] = generator.standard_normal(shape).astype(KINDS[info.type])
        elif info.type == "tensor(bool)":
            feeds[info.name] = np.ones(shape, bool)
        else:
            feeds[info.name] = generator.integers(0, 100, shape).astype(np.dtype(info.type[len("tensor(") : -1]))
    return feeds


def session_of(path, optimized):
    options = onnxruntime.SessionOptions()
    options.log_severity_level, options.intra_op_num_threads = 4, 1
    levels = onnxruntime.GraphOptimizationLevel
    options.graph_optimization_level = levels.ORT_ENABLE_ALL if optimized else levels.ORT_DISABLE_ALL
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def steps_of(model):
    """The scale behind each output that is quantized, by name; None for integers, whose step is 1."""
    values = {tensor.name: tensor for tensor in model.graph.initializer}
    makers = {name: node for node in model.graph.node for name in node.output}
    steps = {}
    for output in model.graph.output:
        node = makers.get(output.name)
        while node is not None and node.op_type in MOVING:
            node = makers.get(node.input[0])
        if node is not None and node.op_type == "DequantizeLinear" and node.input[1] in values:
            steps[output.name] = float(np.max(numpy_helper.to_array(values[node.input[1]])))
    return steps


def dlc_outputs(options, path, feeds, outputs):
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        command = [options.dlc, "run", str(path), "--output", str(folder / "out"), "--quiet"]
        for k, (name, tensor) in enumerate(feeds.items()):
            np.save(folder / f"{k}.npy", tensor)
            command += ["--input", f"{name}={folder / f'{k}.npy'}"]
        run = subprocess.run(command, capture_output=True, text=True, timeout=options.timeout, check=False)
        if run.returncode:
            raise RuntimeError(run.stderr.strip().splitlines()[-1] if run.stderr.strip() else f"status {run.returncode}")
        files = {path.stem: np.load(path) for path in (folder / "out").glob("*.npy")}
    if len(outputs) == 1:
        return [next(iter(files.values()))]
    return [files[name if "/" not in name else name.replace("/", "_")] for name in outputs]


def judge(own, other, steps):
    """Share of elements within a step, and the largest difference in steps, over all outputs."""
    within, count, largest = 0, 0, 0.0
    for a, b, step in zip(own, other, steps):
        if a.shape != b.shape or a.dtype != b.dtype:
            raise RuntimeError(f"dlc gives {a.dtype}{list(a.shape)}, ONNX Runtime {b.dtype}{list(b.shape)}")
        a, b = a.astype(np.float64), b.astype(np.float64)
        step = step or max(float(np.ptp(b)) / 255, 1e-30)
        distance = np.where(a == b, 0, np.abs(a - b)) / step
        # A step is exact only as far as f32 holds the numbers it separates.
        within += int(np.sum(distance <= 1 + 1e-4))
        count += distance.size
        largest = max(largest, float(distance.max(initial=0)))
    return within / max(count, 1), largest


def local_form(path):
    """The model with its quantized values as outputs; with them as inputs, too, for their readers; their names."""
    whole, parts = onnx.load(path), onnx.load(path)
    makers = {name: node for node in whole.graph.node for name in node.output}
    types = {tensor.name: tensor.data_type for tensor in whole.graph.initializer}
    cut = {}
    for node in whole.graph.node:
        name = node.input[0] if node.op_type == "DequantizeLinear" else ""
        if name in makers and name not in cut:
            zero = makers[name].input[-1]
            cut[name] = types.get(zero, onnx.TensorProto.UINT8)
    del parts.graph.output[:]
    for node in parts.graph.node:
        for k, name in enumerate(node.input):
            if name in cut:
                node.input[k] = "given " + name
    whole.graph.output.extend(onnx.helper.make_tensor_value_info(name, cut[name], None) for name in cut)
    return whole, parts, cut


def compare_locally(options, path):
    """Over all quantized values: share of integers that differ, largest difference, and the value that differs most often."""
    whole, parts, cut = local_form(path)
    if not cut:
        raise RuntimeError("has no values that are quantized")
    with tempfile.TemporaryDirectory() as folder:
        whole_path, parts_path = pathlib.Path(folder) / "whole.onnx", pathlib.Path(folder) / "parts.onnx"
        onnx.save(whole, whole_path)
        session = session_of(whole_path, False)
        feeds = feeds_of(session, 0)
        expected = dict(zip([output.name for output in session.get_outputs()], session.run(None, feeds)))
        for k, (name, kind) in enumerate(cut.items()):
            shape = list(expected[name].shape)
            parts.graph.input.append(onnx.helper.make_tensor_value_info("given " + name, kind, shape))
            parts.graph.node.append(onnx.helper.make_node("Identity", [name], [f"cut{k}"]))
            parts.graph.output.append(onnx.helper.make_tensor_value_info(f"cut{k}", kind, shape))
            feeds["given " + name] = expected[name]
        onnx.save(parts, parts_path)
        outputs = [output.name for output in parts.graph.output]
        found = dlc_outputs(options, parts_path, feeds, outputs)
    different, count, largest, worst = 0, 0, 0, (0.0, "")
    for name, own in zip(cut, found):
        distance = np.abs(own.astype(np.int64) - expected[name].astype(np.int64))
        different, count = different + int(np.sum(distance > 0)), count + distance.size
        largest, worst = max(largest, int(distance.max(initial=0))), max(worst, (float(np.mean(distance > 0)), name))
    return different / max(count, 1), largest, worst


def main_locally(options):
    missed = 0
    print(f"{'model':<28}{'integers that differ':>22}{'steps':>8}  most of all")
    for path in options.models:
        try:
            share, largest, (worst, name) = compare_locally(options, path)
        except (RuntimeError, OSError, subprocess.TimeoutExpired) as error:
            missed += 1
            print(f"{path.stem:<28}  {str(error)[:160]}", flush=True)
            continue
        missed += largest > 1
        print(f"{path.stem:<28}{share * 100:>21.4f}%{largest:>8}  {worst:.3%} {name}", flush=True)
    print(f"{len(options.models) - missed} of {len(options.models)} within a step in every quantized value")
    return 1 if missed else 0


def compare(options, path):
    model = onnx.load(path, load_external_data=False)
    known = steps_of(model)
    plain, usual = session_of(path, False), session_of(path, True)
    names = [output.name for output in plain.get_outputs()]
    steps = [known.get(output.name, 1.0 if "int" in output.type else None) for output in plain.get_outputs()]
    shares = []
    for seed in range(options.samples):
        feeds = feeds_of(plain, seed)
        own = dlc_outputs(options, path, feeds, names)
        row = judge(own, plain.run(None, feeds), steps) + judge(own, usual.run(None, feeds), steps)
        shares.append(row + judge(usual.run(None, feeds), plain.run(None, feeds), steps))
    rows = np.array(shares)
    return rows[:, 0::2].mean(axis=0), rows[:, 1::2].max(axis=0)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dlc", required=True)
    parser.add_argument("--samples", type=int, default=1)
    parser.add_argument("--share", type=float, default=0.999)
    parser.add_argument("--timeout", type=float, default=600)
    parser.add_argument("--local", action="store_true", help="judge each quantized value by itself")
    parser.add_argument("models", nargs="+", type=pathlib.Path)
    options = parser.parse_args()
    if options.local:
        return main_locally(options)
    missed = 0
    print(f"{'model':<28}{'as written':>22}{'optimized':>22}{'its two levels':>22}")
    print(f"{'':<28}" + f"{'within':>12}{'steps':>10}" * 3)
    for path in options.models:
        try:
            shares, largest = compare(options, path)
        except (RuntimeError, OSError, subprocess.TimeoutExpired) as error:
            missed += 1
            print(f"{path.stem:<28}  {str(error)[:160]}", flush=True)
            continue
        missed += max(shares[0], shares[1]) < options.share
        cells = "".join(f"{share * 100:>11.4f}%{steps:>10.2f}" for share, steps in zip(shares, largest))
        print(f"{path.stem:<28}{cells}", flush=True)
    print(f"{len(options.models) - missed} of {len(options.models)} within a step on {options.share:.1%} of outputs")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
