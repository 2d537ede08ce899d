"""Our own client with workers of ours, of other releases, and of both: small objects travel with tasks and results where both
ends know how, and nobody can tell by the answers."""

import os
import pickle
import signal
import unittest

from scaler import Client

import peer
import stack
from limited import Limited
from test_client import EndToEnd, add, announce_and_nap, boom, fibonacci, inc, square, wait_for_file
from versions import OURS

# Workers of any release import this module for its functions, so it must not skip itself as a whole.
only_ours = unittest.skipUnless(OURS, "these tests are for our own client")
COPY_MAX = 16 * 1024
PICKLE_OVERHEAD = len(pickle.dumps(b"x" * 300, protocol=4)) - 300


def blob(size):
    return b"r" * size


def length(data):
    return len(data)


def pid_and(value):
    return os.getpid(), value


def die_once(value, path):
    """Kills its own worker, processor and all, the first time."""
    if not os.path.exists(path):
        with open(path, "w"):
            pass
        os.kill(os.getppid(), signal.SIGKILL)
        os.kill(os.getpid(), signal.SIGKILL)
    return value + 1


def chain(count, first=0):
    return {"n0": first, **{f"n{i}": (inc, f"n{i - 1}") for i in range(1, count + 1)}}


def exercise(test, client):
    """What involves every way in which an object may come."""
    test.assertEqual(client.map(square, range(200)), [i * i for i in range(200)])
    test.assertEqual(client.submit(square, 7).result(), 49)
    for size in range(COPY_MAX - PICKLE_OVERHEAD - 20, COPY_MAX - PICKLE_OVERHEAD + 20, 3):
        test.assertEqual(client.submit(blob, size).result(), b"r" * size)
        test.assertEqual(client.submit(length, b"a" * size).result(), size)
    with test.assertRaises(ValueError):
        client.submit(boom, 1).result()
    reference = client.send_object(41)
    test.assertEqual(client.submit(inc, reference).result(), 42)
    test.assertEqual(client.get(chain(30), ["n30", "n7"]), {"n30": 30, "n7": 7})
    diamond = {"a": 1, "b": (inc, "a"), "c": (inc, "b"), "d": (add, "b", "c"), "e": (add, "d", "d")}
    test.assertEqual(client.get(diamond, ["e", "b"]), {"e": 10, "b": 2})
    large = {"a": COPY_MAX, "b": (blob, "a"), "c": (length, "b")}
    test.assertEqual(client.get(large, ["c"]), {"c": COPY_MAX})


@only_ours
class OnOurs(EndToEnd):
    def test_every_way_in_which_an_object_may_come(self):
        exercise(self, self.client)

    def test_a_client_inside_a_task(self):
        self.assertEqual(self.client.submit(fibonacci, self.client, 5).result(), 5)

    def test_results_stay_after_clear_and_release(self):
        kept = self.client.submit(square, 3)
        self.assertEqual(kept.result(), 9)
        self.client.clear()
        self.assertEqual(kept.result(), 9)
        self.assertEqual(self.client.submit(square, 4).result(), 16)

    def test_a_large_graph_of_small_results(self):
        width = 50
        graph = {f"0.{i}": i for i in range(width)}
        for layer in range(1, 21):
            for i in range(width):
                graph[f"{layer}.{i}"] = (add, f"{layer - 1}.{i}", f"{layer - 1}.{(i + 1) % width}")
        keys = [f"20.{i}" for i in range(width)]
        values = self.client.get(graph, keys)
        expected = list(range(width))
        for _ in range(20):
            expected = [expected[i] + expected[(i + 1) % width] for i in range(width)]
        self.assertEqual([values[key] for key in keys], expected)

    def test_a_worker_that_dies_with_its_copies(self):
        with stack.temporary_folder() as folder, stack.Stack(workers=2) as cluster:
            cluster.wait_workers(2)
            client = Client(address=cluster.address)
            path = os.path.join(str(folder), "died")
            graph = {"path": path, **chain(3), "m": (die_once, "n3", "path"), "z": (inc, "m")}
            self.assertEqual(client.get(graph, ["z"]), {"z": 5})
            self.assertTrue(os.path.exists(path))
            client.disconnect()

    def test_a_cancel_of_what_carries_copies(self):
        with stack.temporary_folder() as folder:
            path = os.path.join(str(folder), "runs")
            running = self.client.submit(announce_and_nap, path, os.path.join(str(folder), "never"))
            wait_for_file(path)
            running.cancel()
            self.assertTrue(running.cancelled())
            self.assertEqual(self.client.submit(inc, 1).result(), 2)


@only_ours
class NoWorkersYet(EndToEnd):
    workers = 0

    def test_tasks_that_wait_keep_what_they_carry(self):
        futures = [self.client.submit(length, bytes(12_000)) for _ in range(300)]
        futures += [self.client.submit(square, i) for i in range(300)]
        self.stack.add_manager(2, manager_id="wm-late")
        self.assertEqual([future.result() for future in futures], [12_000] * 300 + [i * i for i in range(300)])


@only_ours
class Mixtures(Limited):
    def add(self, address, release):
        self.start(peer.manager(address, 1, manager_id=f"wm-{release}", release=release))

    def run_with(self, releases, ours):
        missing = [release for release in releases if peer.environment(release) is None]
        if missing:
            self.skipTest(f"no environment with {', '.join(missing)} (packaging/client-environment makes one)")
        with stack.Stack(workers=ours) as cluster:
            for release in releases:
                self.add(cluster.address, release)
            cluster.wait_workers(ours + len(releases))
            client = Client(address=cluster.address)
            exercise(self, client)
            answers = client.map(pid_and, range(100 * (ours + len(releases))))
            self.assertEqual([value for _, value in answers], list(range(len(answers))))
            self.assertEqual(len({pid for pid, _ in answers}), ours + len(releases))
            client.disconnect()

    def test_workers_of_2_0_9_only(self):
        self.run_with(["2.0.9"], 0)

    def test_workers_of_2_2_0_only(self):
        self.run_with(["2.2.0"], 0)

    def test_workers_of_2_6_0_only(self):
        self.run_with(["2.6.0"], 0)

    def test_ours_beside_2_0_9(self):
        self.run_with(["2.0.9"], 1)

    def test_ours_beside_2_6_0(self):
        self.run_with(["2.6.0"], 1)


if __name__ == "__main__":
    unittest.main()
