"""kill -9 of one process, chosen and timed at random, in runs of many tasks: one_kill.py [RUNS] [TASKS] [FIRST_SEED].

Anything but the scheduler and the storage server may be the victim: a manager with all its workers, a worker, a zygote, a
processor, another client. What must hold: every future of the client that lives ends, with its result or with the word that the
process it ran in died; every process that was spared lives; the cluster serves the next client.
"""

import os
import random
import signal
import subprocess
import sys
import threading
import time

from scaler import Client
from scaler.utility.exceptions import ProcessorDiedError

import stack
from soak import kind_of
from test_client import square

OTHER_CLIENT = """
import sys, time
sys.path.insert(0, sys.argv[2])
from scaler import Client
from scaler.utility.exceptions import ProcessorDiedError
from test_client import square
client = Client(address=sys.argv[1])
while True:
    for future in [client.submit(square, i) for i in range(200)]:
        try:
            future.result()
        except ProcessorDiedError:
            pass
"""


def victims(cluster, managers, kind):
    if kind == "client":
        return [cluster.other.pid]
    if kind == "manager":
        return [manager.pid for manager in managers]
    return [pid for manager in managers for pid in stack.children_of(manager.pid) if kind_of(pid) == kind]


def kill_one(cluster, managers, noise):
    """Gives the kind and process id of the victim."""
    kinds = ["client", "manager", "worker", "zygote", "processor"]
    noise.shuffle(kinds)
    for kind in kinds:
        found = sorted(victims(cluster, managers, kind))
        if found:
            pid = noise.choice(found)
            os.kill(pid, signal.SIGKILL)
            return kind, pid
    raise AssertionError("nobody to kill")


def run(seed, tasks):
    noise = random.Random(seed)
    with stack.Stack(workers=0) as cluster:
        managers = [cluster.add_manager(1, manager_id=f"wm-{number}") for number in range(2)]
        cluster.wait_workers(2)
        here = os.path.dirname(os.path.abspath(__file__))
        cluster.other = subprocess.Popen([sys.executable, "-c", OTHER_CLIENT, cluster.address, here])
        done = []
        killer = threading.Timer(noise.uniform(0.0, tasks / 2000), lambda: done.append(kill_one(cluster, managers, noise)))
        try:
            with Client(address=cluster.address) as client:
                killer.start()
                futures = [client.submit(square, number) for number in range(tasks)]
                died = 0
                for number, future in enumerate(futures):
                    try:
                        if future.result(timeout=60) != number * number:
                            raise AssertionError(f"wrong result for {number}")
                    except ProcessorDiedError:
                        died += 1
                killer.join()
                if died > (1 if done[0][0] == "processor" else 2):
                    raise AssertionError(f"{died} tasks were lost by one kill")
            spared = [cluster.scheduler.pid, cluster.storage.pid, cluster.other.pid, *(manager.pid for manager in managers)]
            spared = [pid for pid in spared if pid != done[0][1]]
            if stack.living(spared) != spared:
                raise AssertionError("a process that was spared has ended")
            with Client(address=cluster.address) as client:
                client.submit(square, 1).result(timeout=60)
        except BaseException:
            print(f"seed {seed}, {done}\n{cluster.logs()[-4000:]}", file=sys.stderr)
            raise
        finally:
            killer.cancel()
            cluster.other.kill()
            cluster.other.wait()
            for manager in managers:
                manager.kill()
    return done[0][0]


if __name__ == "__main__":
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 10_000
    first = int(sys.argv[3]) if len(sys.argv) > 3 else random.SystemRandom().randrange(2**32)
    started = time.monotonic()
    tally = {}
    for seed in range(first, first + runs):
        kind = run(seed, count)
        tally[kind] = tally.get(kind, 0) + 1
    spent = time.monotonic() - started
    print(f"{runs} runs of {count} tasks from seed {first} in {spent:.0f} s, one kill each: {tally}; nothing lost")
