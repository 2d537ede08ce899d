#!/usr/bin/env python3
"""Sends many tasks through one worker and shows what it holds as they go by: descriptors, memory, zombies.

    PEER_PYTHON test/bench/worker_soak.py [TASKS, 100000 unless told]

Every thousandth task ends its processor. Fails if descriptors were added, zombies stayed, or the agent or the zygote grew by more
than 10 MB after the first tenth.
"""

import os
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "test" / "e2e"))

import stack  # noqa: E402
from scaler import Client  # noqa: E402
from scaler.utility.exceptions import ProcessorDiedError  # noqa: E402
from soak import kind_of  # noqa: E402

BATCH = 1000


def work(i):
    return i, bytes(500)


def holdings(manager):
    """{kind: (descriptors, resident MB)} of the worker's processes, and its zombies."""
    held, zombies = {}, 0
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        zombies += fields[0] == "Z" and int(fields[1]) in [manager.pid, *stack.children_of(manager.pid)]
    for pid in stack.children_of(manager.pid):
        kind = kind_of(pid)
        resident = int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())[1]) / 1024
        held[kind] = (len(os.listdir(f"/proc/{pid}/fd")), resident)
    return held, zombies


def main():
    tasks = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    first = None
    with stack.Stack(workers=1, scheduler_options=("--object-retention-seconds", "1")) as cluster:
        client = Client(address=cluster.address)
        try:
            for done in range(BATCH, tasks + 1, BATCH):
                argument = client.send_object(done)
                for future in [client.submit(work, argument) for _ in range(BATCH - 1)]:
                    future.result()
                try:
                    client.submit(os._exit, 3).result()
                    raise AssertionError("a processor that ended gave a result")
                except ProcessorDiedError:
                    pass
                client.submit(work, argument).result()
                if done % max(BATCH, tasks // 10 // BATCH * BATCH) == 0:
                    client.clear()
                    client.submit(work, 0).result()
                    held, zombies = holdings(cluster.manager)
                    first = first or held
                    print(done, " ".join(f"{kind}: {fds} descriptors {mb:.1f} MB" for kind, (fds, mb) in sorted(held.items())),
                          f"zombies: {zombies}", flush=True)
                    for kind, (descriptors, resident) in held.items():
                        if descriptors > first[kind][0] or (kind != "processor" and resident > first[kind][1] + 10):
                            raise AssertionError(f"the {kind} holds more than after the first tenth")
                    if zombies:
                        raise AssertionError("zombies")
        finally:
            client.disconnect()
        print(cluster.stop())


if __name__ == "__main__":
    main()
