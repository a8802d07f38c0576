"""Runs `dlc verify` on every case under a folder of suites and judges the counts. Called by scripts/conformance.

A case passes (status 0), mismatches (1), is refused (65) or crashes (any other status, a signal, over time, or output that is
not what the command promises). Mismatches and crashes fail the run, and so do fewer passed cases than the floor file asks.
A mismatch that the file beside this one (conformance.known) explains counts as known and does not fail the run.
"""

import argparse
import collections
import concurrent.futures
import json
import pathlib
import subprocess
import sys
import time

OUTCOMES = ("passed", "known", "mismatched", "refused", "crashed")
Result = collections.namedtuple("Result", "suite name group outcome seconds message")


def verify(case, options):
    """Runs one case in a process of its own; returns outcome and message."""
    rtol, atol = (case / "tolerance").read_text().split()
    command = [options.dlc, "verify", str(case / "model.onnx"), "--data", str(case), "--rtol", rtol, "--atol", atol]
    try:
        run = subprocess.run(
            command + ["--json", "--quiet", "--threads", "1"], capture_output=True, timeout=options.timeout, check=False)
    except subprocess.TimeoutExpired:
        return "crashed", f"over {options.timeout} s"
    lines = run.stderr.decode(errors="replace").strip().splitlines()
    message = " ".join(lines) or f"status {run.returncode}"
    if run.returncode == 65:
        return "refused", message
    if run.returncode not in (0, 1):
        return "crashed", f"signal {-run.returncode}" if run.returncode < 0 else message
    try:
        answer = json.loads(run.stdout)
        agrees = answer["passed"] == (run.returncode == 0) and answer["cases"] > 0
    except (ValueError, KeyError, TypeError):
        agrees = False
    if not agrees:
        return "crashed", f"status {run.returncode} does not go with output {run.stdout[:200]!r}"
    if run.returncode == 1:
        return "mismatched", f"max abs error {answer.get('max_abs_error')}, max rel error {answer.get('max_rel_error')}"
    return "passed", ""


def judge(case, options):
    start = time.monotonic()
    outcome, message = verify(case, options)
    if outcome == "mismatched" and f"{case.parent.name}/{case.name}" in options.known:
        outcome = "known"
    group = (case / "class").read_text().strip()
    return Result(case.parent.name, case.name, group, outcome, time.monotonic() - start, message)


def table(results):
    """Counts by suite and class, as {(suite, class): {outcome: count}}."""
    counts = {}
    for result in results:
        counts.setdefault((result.suite, result.group), collections.Counter())[result.outcome] += 1
    return counts


def read_floors(path):
    floors = {}
    for line in path.read_text().splitlines() if path.exists() else []:
        if line.strip() and not line.startswith("#"):
            suite, group, count = line.split()
            floors[suite, group] = int(count)
    return floors


def read_known(path):
    """Names of cases whose mismatch is explained, one at the start of each line."""
    return {line.split()[0] for line in path.read_text().splitlines() if line.strip() and not line.startswith("#")}


def write_floors(path, counts):
    notes = [line for line in path.read_text().splitlines() if line.startswith("#")] if path.exists() else []
    rows = [f"{suite} {group} {counts[suite, group]['passed']}" for suite, group in sorted(counts)]
    path.write_text("\n".join(notes + rows) + "\n")


def print_table(counts):
    print(f"{'suite':18} {'class':10}" + "".join(f"{outcome:>12}" for outcome in OUTCOMES))
    for suite, group in sorted(counts):
        row = counts[suite, group]
        print(f"{suite:18} {group:10}" + "".join(f"{row[outcome]:12}" for outcome in OUTCOMES))
    total = sum(counts.values(), collections.Counter())
    print(f"{'total':18} {'':10}" + "".join(f"{total[outcome]:12}" for outcome in OUTCOMES))
    return total


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dlc", required=True)
    parser.add_argument("--suites", required=True, type=pathlib.Path)
    parser.add_argument("--floor", required=True, type=pathlib.Path)
    parser.add_argument("--results", required=True, type=pathlib.Path)
    parser.add_argument("--only", default="", help="cases whose SUITE/NAME contains this text; floors are not judged then")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--timeout", type=float, default=60, help="seconds a case")
    parser.add_argument("--set-floor", action="store_true", help="write the passed counts into the floor file")
    options = parser.parse_args()

    options.known = read_known(pathlib.Path(__file__).with_suffix(".known"))
    cases = sorted(path.parent for path in options.suites.glob("*/*/model.onnx"))
    cases = [case for case in cases if options.only in f"{case.parent.name}/{case.name}"]
    if not cases:
        sys.exit("conformance: no case matches")
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        results = list(pool.map(lambda case: judge(case, options), cases))

    with options.results.open("w") as file:
        for row in results:
            message = " ".join(row.message.split())
            print(row.suite, row.name, row.group, row.outcome, f"{row.seconds:.3f}", message, sep="\t", file=file)
    for row in results:
        if row.outcome in ("mismatched", "crashed"):
            print(f"{row.outcome}: {row.suite}/{row.name}: {row.message}", file=sys.stderr)
    counts = table(results)
    total = print_table(counts)

    failed = total["mismatched"] + total["crashed"] > 0
    if options.set_floor and not options.only:
        write_floors(options.floor, counts)
    elif not options.only:
        for (suite, group), least in sorted(read_floors(options.floor).items()):
            passed = counts.get((suite, group), {}).get("passed", 0)
            if passed < least:
                print(f"conformance: {suite} {group}: {passed} passed, the floor is {least}", file=sys.stderr)
                failed = True
    print(f"conformance: {total['passed']} of {len(results)} cases passed; every case is in {options.results}")
    sys.exit(1 if failed else 0)


main()
