#!/usr/bin/env python3
"""How long an operator waits: `scaler --help`, and a whole stack from one file to its first result, ours and the peer's in turns.

    PEER_PYTHON test/bench/start.py [--repetitions 5] [--help-runs 50]

Run it with the Python of an environment that has opengris-scaler installed: that client drives both stacks, and its `scaler`
command starts the peer's stack from the very same file. The clock runs from the start of the launcher to the first result in
the client's hand; the client is imported before.
"""

import argparse
import os
import pathlib
import platform
import signal
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "test" / "e2e"))

import stack  # noqa: E402
from scaler import Client  # noqa: E402
from scaler.about import __version__ as client_version  # noqa: E402

FILE = '''
[object_storage_server]
bind_address = "tcp://127.0.0.1:{storage}"

[scheduler]
bind_address = "tcp://127.0.0.1:{scheduler}"
object_storage_address = "tcp://127.0.0.1:{storage}"
monitor_address = "tcp://127.0.0.1:{monitor}"
policy_content = "allocate=even_load; scaling=no"

[[worker_manager]]
type = "baremetal_native"
scheduler_address = "tcp://127.0.0.1:{scheduler}"
worker_manager_id = "wm-start"
mode = "fixed"
max_task_concurrency = 2
'''


def double(x):
    return 2 * x


def seconds_of(command):
    began = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    return time.perf_counter() - began


def first_result_s(command, folder):
    """From the launcher's start to the first result; leaves nothing running."""
    scheduler, storage, monitor = stack.free_ports(3)
    file = pathlib.Path(folder) / "stack.toml"
    file.write_text(FILE.format(scheduler=scheduler, storage=storage, monitor=monitor))
    environment = {**os.environ, "PYTHONPATH": os.path.dirname(os.path.abspath(__file__)), "VIRTUAL_ENV": sys.prefix}
    began = time.perf_counter()
    launcher = subprocess.Popen([command, str(file)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                stdin=subprocess.DEVNULL, start_new_session=True, env=environment)
    try:
        with Client(address=f"tcp://127.0.0.1:{scheduler}") as client:
            if client.submit(double, 21).result() != 42:
                raise AssertionError("a wrong result")
            return time.perf_counter() - began
    finally:
        family = [launcher.pid, *stack.children_of(launcher.pid)]
        launcher.send_signal(signal.SIGINT)
        try:
            launcher.wait(20)
        except subprocess.TimeoutExpired:
            pass
        for pid in stack.living(family):
            os.kill(pid, signal.SIGKILL)
        launcher.wait()


def line(name, values, unit=1.0):
    shown = sorted(value * unit for value in values)
    return f"{name:34} median {statistics.median(shown):9.2f}   from {shown[0]:9.2f} to {shown[-1]:9.2f}   n {len(shown)}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--help-runs", type=int, default=50)
    options = parser.parse_args()
    theirs = os.path.join(os.path.dirname(sys.executable), "scaler")
    print(f"{platform.machine()}, {os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}; client {client_version.strip()}")
    print(line("scaler --help, ms", [seconds_of([stack.binary(), "--help"]) for _ in range(options.help_runs)], 1e3))
    print(line("the peer's scaler --help, ms", [seconds_of([theirs, "--help"]) for _ in range(3)], 1e3))
    ours_s, theirs_s = [], []
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(options.repetitions):
            ours_s.append(first_result_s(stack.binary(), folder))
            theirs_s.append(first_result_s(theirs, folder))
    print(line("file to first result, ours, s", ours_s))
    print(line("file to first result, peer, s", theirs_s))
    print(f"ratio of medians {statistics.median(theirs_s) / statistics.median(ours_s):.1f}")


if __name__ == "__main__":
    main()
