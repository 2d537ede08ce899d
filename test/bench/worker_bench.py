#!/usr/bin/env python3
"""Measures one worker of ours and one of the peer's under our scheduler and store, in turns, with the same unchanged client.

    PEER_PYTHON test/bench/worker_bench.py [--repetitions 3] [--tasks 10000] [--json FILE]

Run it with the Python of an environment that has opengris-scaler installed. CPU is what the kernel counts for the worker's
processes (agent, zygote, processors; of the peer: agent and processors), so it hardly depends on what else the machine does. A
crash is timed inside the tasks: one notes the moment before it kills its process, the next one in the queue the moment it starts.
Memory is PSS, in which a page that n processes share counts 1/n for each.
"""

import argparse
import json
import os
import pathlib
import platform
import signal
import statistics
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "test" / "e2e"))

import peer  # noqa: E402
import stack  # noqa: E402
from scaler import Client  # noqa: E402
from scaler.about import __version__ as client_version  # noqa: E402

PAYLOAD_BYTES = 100_000_000


def noop(i):
    return i


def hold(path):
    while not os.path.exists(path):
        time.sleep(0.002)


def die_noting(path):
    with open(path, "w", encoding="utf-8") as file:
        file.write(repr(time.monotonic()))
    os.kill(os.getpid(), signal.SIGKILL)


def moment(_):
    return time.monotonic()


def announce_and_spin(path):
    with open(path, "w", encoding="utf-8"):
        pass
    while True:
        pass


def large(size):
    return b"x" * size


def fibonacci(client, n):
    if n < 2:
        return n
    left = client.submit(fibonacci, client, n - 1)
    right = client.submit(fibonacci, client, n - 2)
    return left.result() + right.result()


def cpu_seconds(pids):
    """CPU of all threads of the processes, to the nanosecond."""
    total = 0
    for pid in pids:
        for thread in pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat"):
            total += int(thread.read_text().split()[0])
    return total / 1e9


def pss_mb(pids):
    total = 0
    for pid in pids:
        try:
            lines = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total / 1024


class Ours:
    name = "scaler"

    def __init__(self, cluster, workers=1):
        self._manager = cluster.add_manager(workers)
        cluster.wait_workers(workers)

    def pids(self):
        return stack.children_of(self._manager.pid)

    def stop(self):
        self._manager.stop()


class Peers:
    name = "opengris-scaler"

    def __init__(self, cluster, workers=1):
        self._role = peer.manager(cluster.address, workers)
        cluster.wait_workers(workers)

    def pids(self):
        return stack.children_of(self._role.pids[0])

    def stop(self):
        self._role.kill()


def wait_told(future, limit_s=60):
    """Until the client has been told of the result; it downloads the bytes when somebody asks for them."""
    with future._condition:
        future._wait_result_ready(limit_s)


def wait_for_file(path):
    while not os.path.exists(path):
        time.sleep(0.001)


def queued_cpu(client, worker, folder, tasks):
    """All tasks wait in the worker's queue before the first one starts."""
    gate = os.path.join(folder, f"gate{time.monotonic_ns()}")
    held = client.submit(hold, gate)
    futures = [client.submit(noop, i) for i in range(min(tasks, 900))]
    pids = worker.pids()
    before = cpu_seconds(pids)
    with open(gate, "w", encoding="utf-8"):
        pass
    held.result()
    for future in futures:
        wait_told(future)
    spent = (cpu_seconds(pids) - before) / len(futures)
    return spent * 1e6


def mapped_cpu(client, worker, tasks):
    pids = worker.pids()
    before = cpu_seconds(pids)
    client.map(noop, range(tasks))
    return (cpu_seconds(pids) - before) / tasks * 1e6


def crash_ms(client, folder):
    note = os.path.join(folder, f"crash{time.monotonic_ns()}")
    doomed = client.submit(die_noting, note)
    following = client.submit(moment, 0)
    doomed.exception()
    return (following.result() - float(pathlib.Path(note).read_text())) * 1e3


def cancel_ms(client, folder):
    start = os.path.join(folder, f"spin{time.monotonic_ns()}")
    future = client.submit(announce_and_spin, start)
    wait_for_file(start)
    began = time.perf_counter()
    if not future.cancel():
        raise AssertionError("the task was not cancelled")
    return (time.perf_counter() - began) * 1e3


def result_gb_s(client):
    """From the call to the moment the client hears that the result is stored; what it downloads later is not in it."""
    reference = client.send_object(PAYLOAD_BYTES)
    client.submit(large, reference).result()
    small = client.send_object(1)
    trips = []
    for _ in range(5):
        began = time.perf_counter()
        wait_told(client.submit(large, small))
        trips.append(time.perf_counter() - began)
    began = time.perf_counter()
    wait_told(client.submit(large, reference))
    spent = time.perf_counter() - began - statistics.median(trips)
    return PAYLOAD_BYTES / spent / 1e9


def fibonacci_s(client):
    began = time.perf_counter()
    if client.submit(fibonacci, client, 5).result() != 5:
        raise AssertionError("fibonacci(5) is 5")
    return time.perf_counter() - began


def measure(kind, options):
    figures = {}
    with stack.Stack(workers=0) as cluster, stack.temporary_folder() as folder:
        worker = kind(cluster)
        client = Client(address=cluster.address)
        try:
            client.map(noop, range(100))
            figures["idle worker, PSS MB"] = pss_mb(worker.pids())
            figures["CPU us/task, queued tasks"] = queued_cpu(client, worker, folder, options.tasks)
            figures["CPU us/task, client.map"] = mapped_cpu(client, worker, options.tasks)
            figures["crash to next task's start, ms"] = statistics.median(crash_ms(client, folder) for _ in range(5))
            figures["forced cancel confirmed, ms"] = statistics.median(cancel_ms(client, folder) for _ in range(3))
            figures["100 MB result into the store, GB/s"] = max(result_gb_s(client) for _ in range(3))
            figures["nested fibonacci(5), first time, s"] = fibonacci_s(client)
            figures["nested fibonacci(5), s"] = statistics.median(fibonacci_s(client) for _ in range(3))
        finally:
            client.disconnect()
            worker.stop()
    return figures


def further_worker_mb(kind, workers=5):
    sums = []
    for count in (1, workers):
        with stack.Stack(workers=0) as cluster:
            worker = kind(cluster, count)
            try:
                with Client(address=cluster.address) as client:
                    client.map(noop, range(50 * count))
                sums.append(pss_mb(worker.pids()))
            finally:
                worker.stop()
    return (sums[1] - sums[0]) / (workers - 1)


def spread(values):
    return f"{statistics.median(values):10.3f} ({min(values):.3f} .. {max(values):.3f})"


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--tasks", type=int, default=3000)
    parser.add_argument("--only-ours", action="store_true")
    parser.add_argument("--json", type=pathlib.Path)
    options = parser.parse_args()
    kinds = (Ours,) if options.only_ours else (Ours, Peers)

    runs = {kind.name: [] for kind in kinds}
    for _ in range(options.repetitions):
        for kind in kinds:
            figures = measure(kind, options)
            figures["each further worker, PSS MB"] = further_worker_mb(kind)
            runs[kind.name].append(figures)

    print(f"client opengris-scaler {client_version}, 1 worker, {options.repetitions} repetitions, "
          f"{os.cpu_count()} CPUs, {platform.machine()}")
    print(f"{'metric':36} " + " ".join(f"{kind.name:>34}" for kind in kinds) + "   ratio")
    for metric in runs[Ours.name][0]:
        columns = [[run[metric] for run in runs[kind.name]] for kind in kinds]
        middle = [statistics.median(column) for column in columns]
        ratio = ""
        if len(middle) == 2 and min(middle) > 0:
            ratio = f"{middle[0] / middle[1] if metric.endswith('/s') else middle[1] / middle[0]:.1f} x"
        print(f"{metric:36} " + " ".join(f"{spread(column):>34}" for column in columns) + f"   {ratio}", flush=True)
    if options.json:
        options.json.write_text(json.dumps({"client": client_version, "runs": runs}, indent=1))


if __name__ == "__main__":
    main()
