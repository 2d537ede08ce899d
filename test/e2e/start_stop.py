#!/usr/bin/env python3
"""Starts and stops whole stacks and looks for what stays behind.

    PEER_PYTHON test/e2e/start_stop.py [--cycles 50]

Each cycle starts store, scheduler and a manager with one worker from one file, runs a task every tenth time, and ends the stack:
by SIGTERM, SIGINT or SIGKILL to the launcher, or by SIGKILL to one of its children in turn. It fails when a process lives on or a
port stays taken. test_start_stop.py runs a handful of these.
"""

import argparse
import os
import signal
import time

from scaler import Client

import stack
import versions
from test_launcher import Launched, is_free, square

WAYS = ("TERM", "INT", "KILL", "child")
CHILDREN = ("store", "scheduler", "wm-one")


def end(launched, way, number):
    """Ends the stack and gives the exit code that the launcher should have."""
    if way == "child":
        os.kill(launched.pid(CHILDREN[number % len(CHILDREN)]), signal.SIGKILL)
        return 128 + signal.SIGKILL
    launched.role.process.send_signal(getattr(signal, f"SIG{way}"))
    return -signal.SIGKILL if way == "KILL" else 0


def cycle(way, number, with_task=False):
    with Launched() as launched:
        launched.wait_ready()
        if with_task:
            with Client(address=launched.address) as client:
                assert versions.map_with(client, square, range(20)) == [i * i for i in range(20)]
        family = stack.children_of(launched.role.pid)
        assert len(family) >= 4, f"only {family} run"  # store, scheduler, manager, worker
        wanted = end(launched, way, number)
        code = launched.role.wait_exit()
        assert code == wanted, f"{way}: exit code {code}, not {wanted}\n{launched.log()}"
        stack.wait_for(lambda: not stack.living(family), f"{way}: still there: {family}")
        for port in launched.ports:
            stack.wait_for(lambda: is_free(port), f"{way}: port {port} is still taken")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cycles", type=int, default=50, help="of each kind")
    cycles = parser.parse_args().cycles
    for way in WAYS:
        began = time.monotonic()
        for number in range(cycles):
            cycle(way, number, with_task=number % 10 == 0)
        print(f"{way:6} {cycles} starts and stops in {time.monotonic() - began:.0f} s, nothing left", flush=True)


if __name__ == "__main__":
    main()
