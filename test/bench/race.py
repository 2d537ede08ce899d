#!/usr/bin/env python3
"""Races our stack against the peer's with the same unchanged client, in one run, alternating.

    PEER_PYTHON test/bench/race.py [--repetitions 3] [--tasks 10000] [--workers 2] [--json FILE] [--floor PROGRAM]

Run it with the Python of an environment that has opengris-scaler installed: that client drives both stacks, and the peer's own
store, scheduler and workers are started from the same environment. For each metric it prints both medians with their spread
and the ratio. CPU is what the processes of a role used during the metric, read from /proc, so it hardly depends on what else
the machine does. Ratios are the claim; absolute numbers depend on the machine.

    --floor PROGRAM      a third stack in the same turns: ours, with PROGRAM (request_floor, of this folder) as its object storage

shows what the machine charges for the storage's system calls alone.
"""

import argparse
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "test" / "e2e"))

import peer  # noqa: E402
import stack  # noqa: E402
from scaler import Client  # noqa: E402
from scaler.about import __version__ as client_version  # noqa: E402

TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def noop(i):
    return i


def warm(i):
    return i


def cpu_seconds(pids):
    """CPU of the processes and of the children they have waited for."""
    total = 0
    for pid in pids:
        try:
            fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        total += sum(int(value) for value in fields[11:15])
    return total / TICKS_PER_S


def resident_mb(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return 0.0


class OurStack:
    name = "scaler"

    def __init__(self, workers, storage="own"):
        self._stack = stack.Stack(workers=workers, storage=storage)
        self._stack.wait_workers(workers)
        self.address = self._stack.address

    def pids(self):
        return {
            "scheduler": [self._stack.scheduler.pid],
            "store": [self._stack.storage.pid],
            "workers": stack.children_of(self._stack.manager.pid),
        }

    def stop(self):
        self._stack.stop()


class FloorStack(OurStack):
    """Ours, with a storage that does nothing but the system calls."""

    name = "floor"
    program = None

    def __init__(self, workers):
        super().__init__(workers, storage=self.program)

    def stop(self):
        for role in self._stack.roles():
            role.kill()


class PeerStack:
    """The peer's stack by its own commands, from the environment of the running Python."""

    name = "opengris-scaler"

    def __init__(self, workers):
        ports = stack.free_ports(3)
        self.address, storage_address, monitor_address = (f"tcp://127.0.0.1:{port}" for port in ports)
        self._storage = peer.storage(storage_address)
        self._scheduler = peer.scheduler(self.address, storage_address, monitor_address)
        self._manager = peer.manager(self.address, workers)

    def pids(self):
        return {"scheduler": self._scheduler.pids, "store": self._storage.pids, "workers": self._manager.pids}

    def stop(self):
        for role in (self._manager, self._scheduler, self._storage):
            role.kill()


def measure(stack_class, options):
    """One stack from start to stop; {metric: value}."""
    cluster = stack_class(options.workers)
    figures = {}
    try:
        client = Client(address=cluster.address)
        client.map(warm, range(200))
        pids = cluster.pids()
        before = {role: cpu_seconds(p) for role, p in pids.items()}
        begin = time.perf_counter()
        assert client.map(noop, range(options.tasks)) == list(range(options.tasks))
        figures["map tasks/s"] = options.tasks / (time.perf_counter() - begin)
        for role, p in pids.items():
            figures[f"{role} CPU us/task"] = (cpu_seconds(p) - before[role]) / options.tasks * 1e6
        trips = []
        for i in range(options.round_trips):
            begin = time.perf_counter()
            client.submit(noop, i).result()
            trips.append((time.perf_counter() - begin) * 1e6)
        figures["submit + result us (median)"] = statistics.median(trips)
        client.disconnect()
        figures["scheduler resident MB after"] = max(resident_mb(p) for p in pids["scheduler"])
        figures["store resident MB after"] = max(resident_mb(p) for p in pids["store"])
    finally:
        cluster.stop()
    return figures


def idle_scheduler_mb():
    with stack.Stack(workers=0) as cluster:
        return resident_mb(cluster.scheduler.pid)


def spread(values):
    return f"{statistics.median(values):10.1f} ({min(values):.1f} .. {max(values):.1f})"


def main():
    parser = argparse.ArgumentParser(description="Race our stack against the peer's with the same client.")
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--tasks", type=int, default=10_000)
    parser.add_argument("--round-trips", type=int, default=300)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--json", type=pathlib.Path)
    parser.add_argument("--floor", help="a storage server that does nothing but the system calls")
    options = parser.parse_args()

    stacks = [OurStack, PeerStack]
    if options.floor:
        FloorStack.program = options.floor
        stacks.insert(1, FloorStack)
    runs = {stack_class.name: [] for stack_class in stacks}
    for _ in range(options.repetitions):
        for stack_class in stacks:
            runs[stack_class.name].append(measure(stack_class, options))

    ours, peers = runs[OurStack.name], runs[PeerStack.name]
    print(f"client opengris-scaler {client_version}, {options.workers} workers, {options.tasks} tasks, "
          f"{options.repetitions} repetitions, {os.cpu_count()} CPUs, {platform.machine()}")
    print(f"{'metric':30} {'scaler':>32} {'opengris-scaler':>32}   ratio")
    for metric in ours[0]:
        mine = [run[metric] for run in ours]
        theirs = [run[metric] for run in peers]
        faster_is_more = metric.endswith("/s")
        a, b = statistics.median(mine), statistics.median(theirs)
        ratio = (a / b if faster_is_more else b / a) if min(a, b) > 0 else float("inf")
        print(f"{metric:30} {spread(mine):>32} {spread(theirs):>32}   {ratio:.1f} x")
    if options.floor:
        print(f"{'store CPU us/task, floor':30} {spread([run['store CPU us/task'] for run in runs[FloorStack.name]]):>32}")
    print(f"{'idle scheduler resident MB':30} {idle_scheduler_mb():10.1f}")
    print(f"{'program size MB, stripped':30} {stripped_size_mb():10.1f}")
    if options.json:
        options.json.write_text(json.dumps({"client": client_version, "runs": runs}, indent=1))


def stripped_size_mb():
    with stack.temporary_folder() as folder:
        target = pathlib.Path(folder) / "scaler"
        subprocess.run(["strip", "-o", target, stack.binary()], check=True)
        return target.stat().st_size / 1e6


if __name__ == "__main__":
    main()
