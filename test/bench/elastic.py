#!/usr/bin/env python3
"""From no worker to eight by dynamic scaling: our stack and the peer's, with the same client, in turns.

    PEER_PYTHON test/bench/elastic.py [--repetitions 3]

A manager that may run 8 workers is connected; a client submits a task that does nothing, then 800 that sleep 0.2 seconds. Measured
from the first submit: the first result, and the connection of the eighth worker, as the monitor feed tells it. Policy and options
are the defaults.
"""

import argparse
import os
import pathlib
import platform
import statistics
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "test" / "e2e"))

import peer  # noqa: E402
import stack  # noqa: E402
from monitor import Feed, field  # noqa: E402
from scaler import Client  # noqa: E402
from scaler.about import __version__ as client_version  # noqa: E402

WORKERS = 8
TASKS = 800


def noop():
    return None


def nap(i):
    time.sleep(0.2)
    return i


class Ours:
    name = "scaler"

    def __init__(self):
        self._stack = stack.Stack(workers=0)
        self.address, self.monitor = self._stack.address, self._stack.monitor_address
        self._manager = stack.Role("worker_manager", "baremetal_native", self.address, "-wmi", "wm", "--mode", "dynamic",
                                   "--max-task-concurrency", str(WORKERS))
        self._stack.scheduler.wait_for_line(r"WorkerManagerID\(wm\) connected")

    def stop(self):
        self._manager.kill()
        self._stack.__exit__()


class Peers:
    name = "opengris-scaler"

    def __init__(self):
        ports = stack.free_ports(3)
        self.address, storage, self.monitor = (f"tcp://127.0.0.1:{port}" for port in ports)
        self._roles = [peer.storage(storage), peer.scheduler(self.address, storage, self.monitor)]
        self._roles.append(peer.dynamic_manager(self.address, "wm", peer.RELEASE, heartbeat_s=2, workers_max=WORKERS))
        with Feed(self.monitor) as feed:
            while not self._has_manager(feed.next_of("StateScheduler")):
                pass

    @staticmethod
    def _has_manager(status):
        return bool(field(field(status, "scaling_manager"), "worker_manager_details"))

    def stop(self):
        for role in reversed(self._roles):
            role.kill()


def measure(stack_class):
    cluster = stack_class()
    times = {}
    try:
        with Feed(cluster.monitor, limit_ms=120_000) as feed, Client(address=cluster.address) as client:
            feed.next_of("StateScheduler")  # subscribed
            begin = time.perf_counter()

            def watch():
                connected = 0
                while connected < WORKERS:
                    event = feed.next_of("StateWorker")
                    connected += 1 if event.state.name.lower() == "connected" else -1
                times["eighth worker connected"] = time.perf_counter() - begin

            watcher = threading.Thread(target=watch)
            watcher.start()
            first = client.submit(noop)
            first.add_done_callback(lambda _: times.setdefault("first result", time.perf_counter() - begin))
            for i in range(TASKS):
                client.submit(nap, i)
            first.result()
            watcher.join()
            client.clear()
    finally:
        cluster.stop()
    return times


def main():
    parser = argparse.ArgumentParser(description="Measure dynamic scaling from nothing to eight workers.")
    parser.add_argument("--repetitions", type=int, default=3)
    options = parser.parse_args()
    runs = {Ours.name: [], Peers.name: []}
    for _ in range(options.repetitions):
        for stack_class in (Ours, Peers):
            runs[stack_class.name].append(measure(stack_class))
    print(f"client and peer {client_version}, {options.repetitions} repetitions, {os.cpu_count()} CPUs, {platform.machine()}")
    print(f"{'seconds after the first submit':32} {'scaler':>26} {'opengris-scaler':>26}   ratio")
    for metric in ("first result", "eighth worker connected"):
        ours, peers = ([run[metric] for run in runs[name]] for name in (Ours.name, Peers.name))
        ratio = statistics.median(peers) / statistics.median(ours)
        print(f"{metric:32} {spread(ours):>26} {spread(peers):>26}   {ratio:.1f} x")


def spread(values):
    return f"{statistics.median(values):.2f} ({min(values):.2f} .. {max(values):.2f})"


if __name__ == "__main__":
    main()
