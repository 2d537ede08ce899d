"""Random kills and pauses of everything behind the scheduler, during maps: soak.py [KILLS] [SEED].

Every victim is chosen by the seed; which moment it hits is up to the machine. What must hold: each map gives its results, no
role that was spared exits, and at the end nothing is left.
"""

import os
import random
import signal
import sys
import threading
import time

from scaler import Client
from scaler.utility.exceptions import ProcessorDiedError

import stack
from test_client import nap, square

TASKS = 3000
KILLS_PER_MAP = 8


def kind_of(pid):
    """What a process of ours is, by the name it gives itself."""
    try:
        with open(f"/proc/{pid}/comm", encoding="utf-8") as name:
            return {"scaler-proc": "processor", "scaler-zygote": "zygote", "scaler-worker": "worker"}.get(name.read().strip())
    except OSError:
        return None


class Soak:
    def __init__(self, cluster, seed):
        self.cluster = cluster
        self.random = random.Random(seed)
        self.done = []

    def attack(self):
        """One kill or pause of a process below the manager. False: there was none to be had just now."""
        wanted = self.random.choice(["processor", "processor", "processor", "zygote", "worker"])
        number = self.random.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGSEGV, signal.SIGTERM, signal.SIGSTOP])
        if wanted == "worker" and number == signal.SIGTERM:
            number = signal.SIGKILL  # SIGTERM sends a worker home for good
        found = sorted(pid for pid in stack.children_of(self.cluster.manager.pid) if kind_of(pid) == wanted)
        if not found:
            return False
        victim = self.random.choice(found)
        try:
            os.kill(victim, number)
            if number == signal.SIGSTOP:
                time.sleep(self.random.uniform(0.01, 0.3))
                os.kill(victim, signal.SIGCONT)
        except ProcessLookupError:
            return False
        self.done.append(f"{signal.Signals(number).name} {wanted}")
        return True

    def run_map(self, kills):
        """A map under fire. A task whose processor was killed says so and is asked for again, as a user would."""
        stop = threading.Event()

        def fire():
            left = kills
            while left and not stop.is_set():
                left -= self.attack()
                stop.wait(self.random.uniform(0.01, 0.1))

        attacker = threading.Thread(target=fire)
        with Client(address=self.cluster.address) as client:
            attacker.start()
            try:
                todo, again = list(range(TASKS)), 0
                while todo:
                    futures = [(number, client.submit(square, number)) for number in todo]
                    todo = []
                    for number, future in futures:
                        try:
                            if future.result(timeout=60) != number * number:
                                raise AssertionError(f"wrong result for {number}")
                        except ProcessorDiedError:
                            todo.append(number)
                            again += 1
            finally:
                stop.set()
                attacker.join()
        return again


def run(kills, seed, workers=2):
    """Gives what was done; raises when a promise is broken."""
    with stack.Stack(workers=workers) as cluster:
        cluster.wait_workers(workers)
        soak = Soak(cluster, seed)
        spared = [cluster.manager.pid, cluster.scheduler.pid, cluster.storage.pid]
        try:
            while len(soak.done) < kills:
                soak.run_map(min(KILLS_PER_MAP, kills - len(soak.done)))
                if stack.living(spared) != spared:
                    raise AssertionError("a role that was spared has ended")
            with Client(address=cluster.address) as client:
                client.submit(nap, 0).result(timeout=60)
            codes = cluster.stop()
            if any(codes.values()):
                raise AssertionError(f"exit codes {codes}")
        except BaseException:
            print(f"seed {seed}, after {soak.done}\n{cluster.logs()[-6000:]}", file=sys.stderr)
            raise
        return soak.done


if __name__ == "__main__":
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    number = int(sys.argv[2]) if len(sys.argv) > 2 else random.SystemRandom().randrange(2**32)
    print(f"seed {number}", flush=True)
    started = time.monotonic()
    done = run(count, number)
    print(f"{len(done)} kills and pauses in {time.monotonic() - started:.0f} s, nothing lost")
