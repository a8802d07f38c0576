"""Times dlc beside ONNX Runtime in alternating rounds. Called by scripts/compare-peers.

Each measurement is a process of its own, pinned to the same cores. A shared machine changes its pace, so a round gives one
ratio (ONNX Runtime's median time by dlc's: above 1, dlc is faster) and a model's figure is the median of its rounds' ratios.
"""

import argparse
import json
import math
import os
import statistics
import subprocess
import sys
import time


def bindings(path):
    """NAME=1 for every symbolic dimension of the inputs, as both engines are to see it."""
    import onnx

    model = onnx.load(path, load_external_data=False)
    constants = {tensor.name for tensor in model.graph.initializer}
    dims = [dim for info in model.graph.input if info.name not in constants for dim in info.type.tensor_type.shape.dim]
    return sorted({dim.dim_param for dim in dims if dim.dim_param})


def feeds_of(session):
    """Random inputs with extent 1 for what is symbolic; integers stay small enough to be indices."""
    import numpy as np

    generator = np.random.default_rng(1)
    kinds = {"tensor(float)": np.float32, "tensor(double)": np.float64, "tensor(float16)": np.float16}
    feeds = {}
    for info in session.get_inputs():
        shape = [extent if isinstance(extent, int) and extent > 0 else 1 for extent in info.shape]
        if info.type in kinds:
            feeds[info.name] = generator.standard_normal(shape).astype(kinds[info.type])
        elif info.type == "tensor(bool)":
            feeds[info.name] = np.ones(shape, bool)
        else:
            dtype = np.dtype(info.type[len("tensor(") : -1])
            feeds[info.name] = generator.integers(0, 2, shape).astype(dtype)
    return feeds


def time_onnxruntime(path, threads, seconds):
    """Prints the median time of one run in ms; run in a process of its own."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads, options.log_severity_level = threads, 1, 4
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    feeds = feeds_of(session)
    for _ in range(3):
        session.run(None, feeds)
    times = []
    end = time.perf_counter() + seconds
    while len(times) < 5 or time.perf_counter() < end:
        start = time.perf_counter()
        session.run(None, feeds)
        times.append(time.perf_counter() - start)
    print(json.dumps({"median_ms": statistics.median(times) * 1e3, "runs": len(times)}))


def measure(command, cores):
    pin = ["taskset", "-c", ",".join(map(str, cores))]
    run = subprocess.run(pin + command, capture_output=True, text=True, check=False)
    if run.returncode != 0:
        raise RuntimeError((run.stderr.strip().splitlines() or [f"status {run.returncode}"])[-1])
    return json.loads(run.stdout)["median_ms"]


def compare(path, options, cores):
    own = [options.dlc, "bench", path, "--json", "--quiet", "--threads", str(options.threads)]
    own += ["--seconds", str(options.seconds)]
    for name in bindings(path):
        own += ["--dim", f"{name}=1"]
    peer = [sys.executable, os.path.abspath(__file__), "--onnxruntime", path]
    peer += ["--threads", str(options.threads), "--seconds", str(options.seconds)]
    rounds = []
    for number in range(options.rounds):
        # The order changes every round, so that neither engine always finds the machine warm.
        if number % 2:
            peer_ms, own_ms = measure(peer, cores), measure(own, cores)
        else:
            own_ms, peer_ms = measure(own, cores), measure(peer, cores)
        rounds.append((own_ms, peer_ms))
    return {
        "model": os.path.basename(path),
        "dlc_ms": statistics.median(own_ms for own_ms, _ in rounds),
        "onnxruntime_ms": statistics.median(peer_ms for _, peer_ms in rounds),
        "ratio": statistics.median(peer_ms / own_ms for own_ms, peer_ms in rounds),
        "ratios": sorted(round(peer_ms / own_ms, 4) for own_ms, peer_ms in rounds),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*")
    parser.add_argument("--dlc")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=1.0, help="of each measurement")
    parser.add_argument("--core", type=int, help="first core to pin to (default: the last ones)")
    parser.add_argument("--json", action="store_true", help="one object for each model")
    parser.add_argument("--onnxruntime", metavar="MODEL", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.onnxruntime:
        return time_onnxruntime(options.onnxruntime, options.threads, options.seconds)
    if not options.models or not options.dlc or options.rounds < 1:
        parser.error("models, --dlc and at least one round are needed")

    available = sorted(os.sched_getaffinity(0))
    first = options.core if options.core is not None else available[-min(options.threads, len(available))]
    cores = [core for core in available if core >= first][: options.threads]
    ratios, failures = [], 0
    if not options.json:
        print(f"{'model':32}{'dlc ms':>12}{'ORT ms':>12}{'ORT/dlc':>10}   of {options.rounds} rounds, cores {cores}")
    for path in options.models:
        try:
            row = compare(path, options, cores)
        except (RuntimeError, ValueError, KeyError) as error:
            failures += 1
            print(f"{os.path.basename(path)}: {error}", file=sys.stderr)
            continue
        ratios.append(row["ratio"])
        if options.json:
            print(json.dumps(row), flush=True)
        else:
            spread = f"{row['ratios'][0]:.2f} to {row['ratios'][-1]:.2f}"
            print(f"{row['model']:32}{row['dlc_ms']:12.4f}{row['onnxruntime_ms']:12.4f}{row['ratio']:10.3f}   {spread}", flush=True)
    if ratios and not options.json:
        mean = math.exp(sum(map(math.log, ratios)) / len(ratios))
        print(f"geometric mean {mean:.3f} over {len(ratios)} models, faster on {sum(r > 1 for r in ratios)}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
