#!/usr/bin/env python3
"""The same loads on two running stacks, ours and the peer's, each with its own scheduler, worker managers and policy. Prints JSON for
scaling_report.py; runs with the Python of an environment that test/run makes (client-2.0.9), for about six minutes.

  build/client-2.0.9/bin/python test/bench/scaling_live.py | python3 test/bench/scaling_report.py --measured docs

The client is the peer's for both. Workers are counted as the scheduler's monitor tells them, once a second.
"""

import contextlib
import json
import os
import pathlib
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

import zmq
from scaler import Client

import peer
import stack
from monitor import Feed, field

TAIL_S = 12  # watched after the last result
HEARTBEAT = ("--heartbeat-interval-seconds", "2")


def work(file, seconds):
    """Says when it began; each run leaves a byte."""
    began = time.time()
    descriptor = os.open(file, os.O_WRONLY | os.O_APPEND)
    os.write(descriptor, b"x")
    os.close(descriptor)
    time.sleep(seconds)
    return began


# name: (policy engine, policy content, {manager: (most workers, capabilities)}, [(at, how many, seconds, needs)])
LOADS = {
    "burst and pulses": (
        "simple", "allocate=even_load; scaling=vanilla", {"wm": (8, "")},
        [(0, 120, 1.0, {}), *((26 + 4 * n, 4, 0.2, {}) for n in range(5))],
    ),
    "capability": (
        "simple", "allocate=capability; scaling=capability", {"cpu": (4, ""), "gpu": (4, "gpu")},
        [(0, 30, 1.0, {}), (8, 30, 1.0, {"gpu": 1})],
    ),
    "waterfall": (
        "waterfall_v1", "1,cheap,2\n2,dear,6", {"cheap": (2, ""), "dear": (6, "")},
        [(0, 60, 1.0, {}), (30, 6, 0.2, {})],
    ),
}


class Ours:
    @staticmethod
    def start(held, load, addresses):
        engine, content, managers, _ = LOADS[load]
        address, storage, monitor = addresses
        quiet = ("--logging-paths", "/dev/null")
        store = stack.Role("object_storage_server", storage)
        held.callback(store.kill)
        store.wait_for_line("started")
        role = stack.Role("scheduler", address, "-osa", storage, "-ma", monitor, "--policy-engine-type", engine,
                          "--policy-content", content)
        held.callback(role.kill)
        role.wait_for_line("monitor address")
        for name, (most, capabilities) in managers.items():
            options = ("--per-worker-capabilities", capabilities) if capabilities else ()
            held.callback(stack.Role("worker_manager", "baremetal_native", address, "-wmi", name, "--mode", "dynamic", "-mtc",
                                     str(most), *HEARTBEAT, *options, *quiet).kill)


class Peers:
    @staticmethod
    def start(held, load, addresses):
        engine, content, managers, _ = LOADS[load]
        address, storage, monitor = addresses
        held.callback(peer.storage(storage).kill)
        held.callback(peer.scheduler(address, storage, monitor, "--policy-engine-type", engine, "--policy-content", content).kill)
        for name, (most, capabilities) in managers.items():
            options = ("--per-worker-capabilities", capabilities) if capabilities else ()
            held.callback(peer.PeerRole("scaler_worker_manager", "baremetal_native", address, "--worker-manager-id", name, "--mode",
                                        "dynamic", "--max-task-concurrency", most, *HEARTBEAT, *options, *peer.QUIET).kill)


class Watch(threading.Thread):
    """Samples of (second, open tasks, workers), and every worker's name."""

    def __init__(self, monitor, open_tasks):
        super().__init__(daemon=True)
        self._monitor, self._open_tasks = monitor, open_tasks
        self.began, self.over = time.time(), False
        self.samples, self.names = [(0.0, 0, 0)], set()

    def run(self):
        with Feed(self._monitor) as feed:
            while not self.over:
                try:
                    status = feed.next_of("StateScheduler")
                except zmq.Again:
                    continue
                workers = [bytes(field(one, "worker_id")) for one in field(status, "worker_manager").workers]
                self.names.update(workers)
                self.samples.append((round(time.time() - self.began, 2), self._open_tasks(), len(workers)))


def offer(client, load, file, futures, began):
    for at, count, seconds, needs in LOADS[load][3]:
        time.sleep(max(0.0, began + at - time.time()))
        for _ in range(count):
            futures.append((time.time(), client.submit_verbose(work, (file, seconds), {}, capabilities=needs)))


def run(kind, load):
    addresses = [f"tcp://127.0.0.1:{port}" for port in stack.free_ports(3)]
    futures = []
    with contextlib.ExitStack() as held, tempfile.NamedTemporaryFile() as runs:
        kind.start(held, load, addresses)
        client = held.enter_context(contextlib.closing(Closing(addresses[0]))).client
        watch = Watch(addresses[2], lambda: sum(not future.done() for _, future in futures))
        watch.start()
        time.sleep(3)  # managers say what they have
        watch.began = time.time()
        watch.samples = [(0.0, 0, 0)]
        offer(client, load, runs.name, futures, watch.began)
        waited, failed, last_done = 0.0, 0, 0.0
        for submitted, future in futures:
            try:
                waited += future.result(120) - submitted
                last_done = time.time() - watch.began
            except Exception as error:
                print(f"{load}: {type(error).__name__}: {error}", file=sys.stderr)
                failed += 1
        time.sleep(TAIL_S)
        watch.over = True
        count = os.path.getsize(runs.name)
    found = report(watch, waited, last_done, max(0, count - len(futures)))
    return {**found, "failed": failed}


class Closing:
    def __init__(self, address):
        self.client = Client(address=address)

    def close(self):
        with contextlib.suppress(Exception):
            self.client.disconnect()


def report(watch, waited, last_done, again):
    samples = watch.samples
    spans = zip(samples, samples[1:])
    return {"samples": samples, "peak": max(sample[2] for sample in samples), "starts": len(watch.names), "busy_stopped": again,
            "worker_seconds": sum(one[2] * (two[0] - one[0]) for one, two in spans), "waited": waited, "last_done": last_done}


def main():
    wanted = sys.argv[1:] or list(LOADS)
    scenarios = []
    for load in wanted:
        engine, content, _, steps = LOADS[load]
        policy = content.rsplit("=", 1)[1] if engine == "simple" else engine
        scenario = {"name": load, "policy": policy, "tasks": sum(step[1] for step in steps)}
        for side, kind in (("ours", Ours), ("peer", Peers)):
            scenario[side] = run(kind, load)
            print(f"{load}, {side}: last result after {scenario[side]['last_done']:.1f} s", file=sys.stderr, flush=True)
        scenarios.append(scenario)
    json.dump(scenarios, sys.stdout)


if __name__ == "__main__":
    main()
