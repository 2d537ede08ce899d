"""What the running client's futures tell waiters: waiters.py [theirs]. A trace, on our stack or on that of the client's release.

One future has ended when `as_completed` and `wait` are called, the other one has not. What a waiter is told is printed in order;
the standard library expects each future once, and those that had ended before not at all.
"""

import concurrent.futures
import os
import sys
import time
from concurrent.futures import _base

from scaler import Client

import stack
from test_client import announce_and_nap, square, wait_for_file
from test_matrix import OurServers, TheirServers


def trace_waiters(told):
    for kind in (_base._AsCompletedWaiter, _base._AllCompletedWaiter):
        original = kind.add_result

        def add_result(self, future, original=original, kind=kind):
            told.append(f"{kind.__name__.strip('_')}: {names.get(id(future))}, {future._state}")
            original(self, future)

        kind.add_result = add_result


def two_futures(client, folder):
    start, finish = os.path.join(folder, "start"), os.path.join(folder, "finish")
    ended = client.submit(square, 3)
    while not ended.done():
        time.sleep(0.01)
    running = client.submit(announce_and_nap, start, finish)
    wait_for_file(start)
    names.update({id(ended): "ended before", id(running): "runs"})
    return [ended, running], finish


def attempt(name, call, futures, finish):
    del told[:]
    try:
        outcome = call(futures, finish)
    except Exception as error:
        outcome = f"raised {type(error).__name__}"
    with open(finish, "w", encoding="utf-8"):
        pass
    print(f"{name}: {outcome}; waiters were told {told}")


def as_completed(futures, finish):
    found = []
    for future in concurrent.futures.as_completed(futures, timeout=30):
        found.append(names[id(future)])
        with open(finish, "w", encoding="utf-8"):
            pass
    return found


def wait(futures, _finish):
    done, pending = concurrent.futures.wait(futures, timeout=2)
    return f"{len(done)} done, {len(pending)} not"


if __name__ == "__main__":
    names, told = {}, []
    trace_waiters(told)
    cluster = None
    try:
        if sys.argv[1:] == ["theirs"]:
            cluster = TheirServers(ours=0, theirs=1)
        else:
            cluster = OurServers(ours=1, theirs=0)
        with Client(address=cluster.address) as client:
            for name, call in (("as_completed", as_completed), ("wait", wait)):
                with stack.temporary_folder() as folder:
                    futures, finish = two_futures(client, folder)
                    attempt(name, call, futures, finish)
                    futures[1].result()
    finally:
        if cluster:
            cluster.kill()
