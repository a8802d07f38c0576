"""Times dlc's int8 plans beside ONNX Runtime's and OpenVINO's int8 and dlc's f32, in alternating rounds on one core, one thread.

    python3 scripts/compare_int8_speed.py --dlc PROGRAM --qdq DIR --float DIR [NAME...] [--rounds N] [--seconds S] [--core N]
                                          [--source qdq|float] [--statistic median|min] [--json]

DIR/NAME.onnx are the QDQ models that the peers run (ONNX Runtime's static quantization made them) and the float models. dlc
compiles the same QDQ model (--source qdq), or quantizes the float model itself without data (--source float).

Processors with AMX have a matrix unit that a small device has not. Every engine is timed with it denied: the kernel is told to
refuse AMX to the process (and OpenVINO's oneDNN is held to AVX-512 VNNI as well), so that integer kernels compete on the same
instructions; the peers also as they come, "free". Which engines ask for AMX is printed.

Each measurement is a process of its own. A round gives one ratio, a network's figure is the median of its rounds' ratios:
int8 dlc / best peer (below 1, dlc is faster), and f32 dlc / int8 dlc (above 1, int8 pays).
"""

import argparse
import ctypes
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time

from compare_peers import bindings, feeds_of

# dlc's time by the best peer's may be at most this.
BARS = {"mobilenet_v2": 1.2, "resnet50": 1.2, "squeezenet1_1": 1.2, "unet": 1.2,
        "mobilenet_v3_small": 0.9, "efficientnet_b0": 0.9, "shufflenet_v2": 0.9, "bert_mini": 0.9}
# dlc's f32 time by its int8 time must be at least this; 1 where nothing is said.
GAINS = {"resnet50": 2.5}
ARCH_PRCTL, GET_PERMISSION, REQUEST_PERMISSION, TILE_DATA = 158, 0x1022, 0x1023, 18


def deny_amx():
    """A seccomp filter that answers arch_prctl(ARCH_REQ_XCOMP_PERM) with EPERM, for this process and what it starts (x86-64 Linux)."""

    class Instruction(ctypes.Structure):
        _fields_ = [("code", ctypes.c_uint16), ("yes", ctypes.c_uint8), ("no", ctypes.c_uint8), ("value", ctypes.c_uint32)]

    class Program(ctypes.Structure):
        _fields_ = [("count", ctypes.c_uint16), ("instructions", ctypes.POINTER(Instruction))]

    load, equal, answer, allow, refuse = 0x20, 0x15, 0x06, 0x7FFF0000, 0x00050001
    # Offsets in struct seccomp_data: number of the call at 0, low half of its first argument at 16.
    code = [(load, 0, 0, 0), (equal, 0, 3, ARCH_PRCTL), (load, 0, 0, 16), (equal, 0, 1, REQUEST_PERMISSION), (answer, 0, 0, refuse),
            (answer, 0, 0, allow)]
    rows = (Instruction * len(code))(*(Instruction(*row) for row in code))
    libc = ctypes.CDLL(None, use_errno=True)
    program = Program(len(code), rows)
    if libc.prctl(38, 1, 0, 0, 0) or libc.prctl(22, 2, ctypes.byref(program), 0, 0):
        raise OSError(ctypes.get_errno(), "the kernel takes no seccomp filter")


def holds_amx():
    """Whether this process asked for AMX and got it."""
    mask = ctypes.c_uint64()
    answer = ctypes.CDLL(None).syscall(ARCH_PRCTL, GET_PERMISSION, ctypes.byref(mask))
    return answer == 0 and bool(mask.value >> TILE_DATA & 1)


def time_peer(engine, path, seconds):
    """Prints the median and the least time of one run in ms, and whether the engine holds AMX."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads, options.log_severity_level = 1, 1, 4
    if engine == "ort":
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        feeds = feeds_of(session)
        run = lambda: session.run(None, feeds)
    else:
        import openvino

        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        feeds = feeds_of(onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"]))
        config = {"INFERENCE_NUM_THREADS": 1, "NUM_STREAMS": 1, "INFERENCE_PRECISION_HINT": "f32"}
        request = openvino.Core().compile_model(path, "CPU", config).create_infer_request()
        run = lambda: request.infer(feeds)
    for _ in range(3):
        run()
    times, end = [], time.perf_counter() + seconds
    while len(times) < 5 or time.perf_counter() < end:
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    print(json.dumps({"median_ms": statistics.median(times) * 1e3, "min_ms": min(times) * 1e3, "amx": holds_amx()}))


def measure(command, core, denied):
    """The JSON object of one measurement."""
    environment = dict(os.environ, **({"ONEDNN_MAX_CPU_ISA": "AVX512_CORE_VNNI"} if denied else {}))
    run = subprocess.run(["taskset", "-c", str(core), *command], capture_output=True, text=True, check=False, env=environment,
                         preexec_fn=deny_amx if denied else None)
    if run.returncode != 0:
        raise RuntimeError((run.stderr.strip().splitlines() or [f"status {run.returncode}"])[-1][:200])
    return json.loads(run.stdout.strip().splitlines()[-1])


def commands(name, options, folder):
    """Engine -> (command, whether AMX is denied), dlc's plans compiled into `folder`; what cannot be measured is said."""
    found = {}
    qdq, plain = (f"{root}/{name}.onnx" if root else "" for root in (options.qdq, options.float))
    if options.dlc:
        sources = {"dlc f32": (plain, []), "dlc int8": (qdq, []) if options.source == "qdq" else (plain, ["--quantize", "int8"])}
        for engine, (path, extra) in sources.items():
            if not os.path.exists(path):
                continue
            plan = f"{folder}/{engine.replace(' ', '_')}.plan"
            dims = [part for dim in bindings(path) for part in ("--dim", f"{dim}=1")]
            run = subprocess.run([options.dlc, "compile", path, "-o", plan, "--quiet", *dims, *extra], capture_output=True, text=True,
                                 check=False)
            if run.returncode:
                print(f"{name}: {engine}: {(run.stderr.strip().splitlines() or ['failed'])[0]}", file=sys.stderr)
                continue
            bench = [options.dlc, "bench", plan, "--json", "--quiet", "--threads", "1", "--seconds", str(options.seconds)]
            found[engine] = (bench, True)
    if os.path.exists(qdq):
        for engine in ("ort", "openvino"):
            command = [sys.executable, os.path.abspath(__file__), "--peer", engine, qdq, "--seconds", str(options.seconds)]
            found[f"{engine} int8"] = (command, True)
            found[f"{engine} int8 free"] = (command, False)
    return found


def compare(name, options):
    """Medians by engine, and the two ratios with their bars."""
    with tempfile.TemporaryDirectory() as folder:
        engines = commands(name, options, folder)
        rounds, asks = [], {}
        for number in range(options.rounds):
            # The order turns every round, so that no engine always finds the machine warm.
            order = list(engines)
            order = order[number % len(order) :] + order[: number % len(order)] if order else []
            row = {}
            for engine in order:
                command, denied = engines[engine]
                try:
                    result = measure(command, options.core, denied)
                except RuntimeError as error:
                    print(f"{name}: {engine}: {error}", file=sys.stderr)
                    continue
                row[engine] = result[f"{options.statistic}_ms"]
                asks[engine] = result.get("amx", False)
            rounds.append(row)
    result = {"network": name, "amx": sorted(engine for engine, held in asks.items() if held)}
    result["ms"] = {engine: statistics.median(row[engine] for row in rounds if engine in row)
                    for engine in engines if any(engine in row for row in rounds)}

    def ratio(top, *bottoms):
        values = [row[top] / min(row[b] for b in bottoms if b in row) for row in rounds if top in row and any(b in row for b in bottoms)]
        return {"median": statistics.median(values), "low": min(values), "high": max(values)} if values else None

    result["by_best"] = ratio("dlc int8", "ort int8", "openvino int8")
    result["by_best_free"] = ratio("dlc int8", "ort int8 free", "openvino int8 free")
    result["gain"] = ratio("dlc f32", "dlc int8")
    return result


def line(result):
    """One row of the table."""
    show = lambda value, form="{:.4f}": "-" if value is None else form.format(value)
    times = [result["ms"].get(engine) for engine in COLUMNS]
    spread = lambda r: "-" if r is None else f"{r['median']:.3f} [{r['low']:.2f}-{r['high']:.2f}]"
    bar, gain = BARS.get(result["network"]), GAINS.get(result["network"], 1.0)
    by, faster = result["by_best"], result["gain"]
    verdict = "" if by is None or bar is None else f"{'ok' if by['median'] <= bar else 'MISSED'} <={bar}"
    pays = "" if faster is None else f"{'ok' if faster['median'] >= gain else 'MISSED'} >={gain}"
    return (f"{result['network']:20}" + "".join(f"{show(t):>20}" for t in times) + f"{spread(by):>20}{verdict:>14}"
            + f"{spread(result['by_best_free']):>20}{spread(faster):>20}{pays:>12}")


COLUMNS = ("dlc f32", "dlc int8", "ort int8", "openvino int8", "ort int8 free", "openvino int8 free")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="networks (default: all in --qdq)")
    for flag in ("--dlc", "--qdq", "--float"):
        parser.add_argument(flag)
    parser.add_argument("--source", choices=("qdq", "float"), default="qdq")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--core", type=int, default=max(os.sched_getaffinity(0)))
    parser.add_argument("--statistic", choices=("median", "min"), default="median", help="of a measurement; min on a busy machine")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--peer", nargs=2, metavar=("ENGINE", "MODEL"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.peer:
        return time_peer(*options.peer, options.seconds)
    if not options.qdq:
        parser.error("--qdq is needed")
    names = options.names or sorted(file[:-5] for file in os.listdir(options.qdq) if file.endswith(".onnx"))
    if not options.json:
        titles = [*COLUMNS, "int8/best peer", "bar", "int8/best free", "f32/int8", "bar"]
        widths = [20] * len(COLUMNS) + [20, 14, 20, 20, 12]
        print(f"{'ms; AMX denied':20}" + "".join(f"{t:>{w}}" for t, w in zip(titles, widths)))
    results = []
    for name in names:
        results.append(compare(name, options))
        print(json.dumps(results[-1]) if options.json else line(results[-1]), flush=True)
    asking = sorted({engine for result in results for engine in result["amx"]})
    ratios = [result["by_best"]["median"] for result in results if result["by_best"]]
    if not options.json:
        print(f"uses AMX: {', '.join(asking) or 'none'}")
        if ratios:
            mean = math.exp(sum(map(math.log, ratios)) / len(ratios))
            print(f"geometric mean of int8/best peer {mean:.3f} over {len(ratios)} networks, {options.rounds} rounds, core {options.core}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
