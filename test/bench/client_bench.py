#!/usr/bin/env python3
"""Our package, opengris-scaler's and the standard library's processes: the same programs, in one run, in turns.

    test/bench/client_bench.py --ours PYTHON --peer PYTHON [--repetitions 3] [--workers 2] [--only MEASURE ...] [--json FILE]

Each PYTHON is of an environment that has the package. A measurement is a process of its own with a cluster of its own; the
table has medians, with the least and the most. Ratios are the claim; absolute numbers depend on the machine.
"""

import argparse
import contextlib
import json
import os
import pathlib
import platform
import re
import signal
import statistics
import subprocess
import sys
import time

CHILD = pathlib.Path(__file__).with_name("client_measures.py")
LIMIT_S = 120

# name: (unit, whether more is better, contenders that have it)
EVERYONE = ("scaler", "peer", "pool")
CLIENTS = ("scaler", "peer")
MEASURES = {
    "map": ("tasks/s", True, EVERYONE),
    "submit": ("tasks/s", True, EVERYONE),
    "round trip": ("us", False, EVERYONE),
    "big results": ("GB/s", True, EVERYONE),
    "big arguments": ("GB/s", True, EVERYONE),
    "chain": ("tasks/s", True, CLIENTS),
    "graph 10k": ("tasks/s", True, CLIENTS),
    "graph 100k": ("tasks/s", True, CLIENTS),
    "future": ("bytes", False, CLIENTS),
    "first result": ("s", False, EVERYONE),
}


def run(python, kind, measure, workers):
    """One value; None when it failed or did not end in time."""
    environment = {k: v for k, v in os.environ.items() if k not in ("VIRTUAL_ENV", "PYTHONPATH")}
    began = time.monotonic()
    command = [python, str(CHILD), kind, measure, str(workers)]
    child = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    )
    try:
        said, trouble = child.communicate(timeout=LIMIT_S)
        trouble = trouble.decode().strip()[-2000:]
    except subprocess.TimeoutExpired as error:  # it may have answered, and be unable to stop
        said, trouble = error.stdout or b"", f"not done in {LIMIT_S} s"
    finally:  # what it leaves behind would slow the next one down
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
    answers = re.findall("^answer: (.*)$", said.decode(), re.MULTILINE)
    if not answers:
        print(f"{python} {kind} {measure}: {trouble}", file=sys.stderr)
        return None
    value = json.loads(answers[-1])
    return value - began if measure == "first result" else value


def spread(values):
    if not values:
        return "failed"
    return f"{statistics.median(values):,.4g} ({min(values):,.4g} .. {max(values):,.4g})"


def ratio(ours, others, more_is_better):
    if not ours or not others:
        return ""
    a, b = statistics.median(ours), statistics.median(others)
    return f"{(a / b if more_is_better else b / a):.1f} x" if min(a, b) > 0 else ""


def main():
    parser = argparse.ArgumentParser(description="Compare clients.")
    parser.add_argument("--ours", required=True)
    parser.add_argument("--peer")
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--only", nargs="*", default=list(MEASURES), choices=list(MEASURES))
    parser.add_argument("--json", type=pathlib.Path)
    options = parser.parse_args()
    pythons = {"scaler": options.ours, "peer": options.peer, "pool": options.ours}

    values = {measure: {name: [] for name in MEASURES[measure][2] if pythons[name]} for measure in options.only}
    for _ in range(options.repetitions):
        for measure, contenders in values.items():
            for name, found in contenders.items():
                kind = "pool" if name == "pool" else "scaler"
                value = run(pythons[name], kind, measure, options.workers)
                if value is not None:
                    found.append(value)

    print(f"{options.workers} workers, {options.repetitions} repetitions, {os.cpu_count()} CPUs, {platform.machine()}")
    print("| measure | unit | scaler | opengris-scaler | times | process pool | times |\n|---|---|---|---|---|---|---|")
    for measure, contenders in values.items():
        unit, more, _ = MEASURES[measure]
        ours, peer, pool = (contenders.get(name, []) for name in EVERYONE)
        peer_text = spread(peer) if "peer" in contenders else ""
        pool_text = spread(pool) if "pool" in contenders else ""
        print(f"| {measure} | {unit} | {spread(ours)} | {peer_text} | {ratio(ours, peer, more)} | {pool_text} | "
              f"{ratio(ours, pool, more)} |")
    if options.json:
        options.json.write_text(json.dumps(values, indent=1))


if __name__ == "__main__":
    main()
