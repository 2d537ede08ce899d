#!/usr/bin/env python3
"""What an idle stack of ours costs: store, scheduler and fixed workers, over a while in which nobody asks for anything.

    python3 test/bench/idle.py [--seconds 60] [--workers 4]

CPU is the kernel's own account of the time on a processor (schedstat), which does not depend on what else the machine does; wake-ups
are voluntary context switches.
"""

import argparse
import pathlib
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "test" / "e2e"))

import stack  # noqa: E402


def account(pid):
    """Seconds on a processor and voluntary switches, of all threads."""
    seconds, switches = 0.0, 0
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        seconds += int((task / "schedstat").read_text().split()[0]) / 1e9
        for line in (task / "status").read_text().splitlines():
            if line.startswith("voluntary_ctxt_switches"):
                switches += int(line.split()[1])
    return seconds, switches


def role_of(pid):
    return (pathlib.Path(f"/proc/{pid}/comm").read_text().strip(), pid)


def main():
    parser = argparse.ArgumentParser(description="Measure what an idle stack costs.")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--workers", type=int, default=4)
    options = parser.parse_args()
    with stack.Stack(workers=options.workers) as cluster:
        cluster.wait_workers(options.workers)
        cluster.manager.wait_for_line("start Processor", count=options.workers)
        time.sleep(3)  # what a start leaves behind
        pids = {"store": [cluster.storage.pid], "scheduler": [cluster.scheduler.pid], "manager": [cluster.manager.pid],
                "workers": stack.children_of(cluster.manager.pid)}
        before = {pid: account(pid) for group in pids.values() for pid in group}
        time.sleep(options.seconds)
        total = 0.0
        for name, group in pids.items():
            after = {pid: account(pid) for pid in group}
            seconds = sum(after[pid][0] - before[pid][0] for pid in group)
            switches = sum(after[pid][1] - before[pid][1] for pid in group)
            total += seconds
            print(f"{name:10} {len(group):3} processes {seconds / options.seconds:8.4%} of a core "
                  f"{switches / options.seconds:7.1f} wake-ups/s")
            for pid in group if name == "workers" else ():
                used = after[pid][0] - before[pid][0]
                if used > 0.0005:
                    print(f"           {role_of(pid)} {used / options.seconds:.4%}")
        print(f"{'all':10} {'':13} {total / options.seconds:8.4%} of a core over {options.seconds:.0f} s")


if __name__ == "__main__":
    main()
