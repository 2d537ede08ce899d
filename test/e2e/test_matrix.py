"""Every call of a client in every mixture of ours and the peer's roles, the same tests in each cell.

    SCALER_CELLS="ours beside theirs under" python -m unittest -v test_matrix

    ours      our scheduler, storage and workers
    beside    the same, and a worker of the client's release beside ours
    theirs    our scheduler and storage, workers of the client's release only
    under     our workers under the scheduler and storage of the client's release
    alone     nothing of ours: shows which failures are the release's own (none is skipped there)

The client's release and its transport come from the environment, as for all of these tests; SCALER_SCHEME=ipc or ws puts the
scheduler at a file or behind WebSocket instead of a TCP port. Without SCALER_CELLS only "beside" is
run, and payloads stay small.
"""

import os
import signal
import subprocess
import sys
import time
import traceback
import unittest
from concurrent.futures import CancelledError

from scaler import Client

import peer
import stack
from limited import Limit
from test_client import (TaggedSerializer, add, announce_and_nap, boom, fibonacci, inc, nap_until, square, wait_for_file)
from versions import CLIENT, map_with

CHOSEN = os.environ.get("SCALER_CELLS", "")
CELLS = CHOSEN.split() or ["beside"]
PAYLOAD_BYTES = (300 if CHOSEN else 3) << 20
SCHEME = os.environ.get("SCALER_SCHEME", "tcp")
BY_CAPABILITY = ("--policy-content", "allocate=capability; scaling=no")
PEER_BY_CAPABILITY = BY_CAPABILITY if CLIENT >= (2, 0) else ("--allocate-policy", "capability")
PEER_SPEAKS_YMQ = os.environ.get("SCALER_NETWORK_BACKEND", "ymq" if CLIENT >= (2, 6) else "") == "ymq"
OFFERED = ("--per-worker-capabilities", "gpu")
PATIENCE_S = "6"  # after which the peer's scheduler gives a silent worker up


def tell_parent_and_nap(started, finish):
    """Says which worker runs it, as the process id of the worker."""
    with open(started + ".tmp", "w", encoding="utf-8") as file:
        file.write(str(os.getppid()))
    os.rename(started + ".tmp", started)
    return nap_until(finish)


class Place:
    """Where a cluster's scheduler listens."""

    def __init__(self):
        self.folder = stack.temporary_folder()
        port = stack.free_ports(1)[0]
        self.address = {"tcp": f"tcp://127.0.0.1:{port}", "ws": f"ws://127.0.0.1:{port}/",
                        "ipc": f"ipc://{self.folder.name}/scheduler"}[SCHEME]


def reverse(payload):
    return payload[::-1]


class OurServers:
    """Our scheduler and storage, with as many workers of each kind as the cell says."""

    def __init__(self, ours, theirs):
        self.place = Place()
        self.address = self.place.address
        self.stack = stack.Stack(
            workers=0, scheduler_options=(*BY_CAPABILITY, "--client-timeout-seconds", "6"), manager_options=OFFERED,
            address=self.address)
        self.peers = []
        if ours:
            self.stack.add_manager(ours)
        if theirs:
            self.peers.append(peer.manager(self.address, theirs, options=OFFERED))
        self.stack.wait_workers(ours + theirs)

    def wait_shut_down(self):
        assert self.stack.scheduler.wait_exit() == 0
        if self.stack.manager:
            assert self.stack.manager.wait_exit() == 0

    def logs(self):
        return self.stack.logs()

    def kill(self):
        for role in self.peers:
            role.kill()
        for role in self.stack.roles():
            role.kill()
        self.place.folder.cleanup()


class TheirServers:
    """The peer's scheduler and storage, with as many workers of each kind as the cell says."""

    def __init__(self, ours, theirs):
        self.place = Place()
        self.address = self.place.address
        storage_port, monitor_port = stack.free_ports(2)
        storage_address = f"tcp://127.0.0.1:{storage_port}"
        self.peers = [peer.storage(storage_address)]
        self.scheduler = peer.scheduler(
            self.address, storage_address, f"tcp://127.0.0.1:{monitor_port}",
            *PEER_BY_CAPABILITY, "--client-timeout-seconds", PATIENCE_S, "--worker-timeout-seconds", PATIENCE_S)
        self.peers.append(self.scheduler)
        self.manager = None
        if ours:
            self.manager = stack.Role(
                "worker_manager", "baremetal_native", self.address, "--worker-manager-id", "wm-ours", "--mode", "fixed",
                "--max-task-concurrency", str(ours), *OFFERED)
        if theirs:
            self.peers.append(peer.manager(self.address, theirs, options=OFFERED))

    def wait_shut_down(self):
        if self.manager:
            assert self.manager.wait_exit() == 0

    def logs(self):
        return "\n".join(self.manager.lines if self.manager else [])

    def kill(self):
        if self.manager:
            self.manager.kill()
        for role in self.peers:
            role.kill()
        self.place.folder.cleanup()


CLUSTERS = {
    "ours": lambda: OurServers(ours=2, theirs=0),
    "beside": lambda: OurServers(ours=1, theirs=1),
    "theirs": lambda: OurServers(ours=0, theirs=2),
    "under": lambda: TheirServers(ours=2, theirs=0),
    "alone": lambda: TheirServers(ours=0, theirs=2),
}


class Cell(Limit):
    """What each cell must do. One cluster for all of a class; each test has its own client."""

    LIMIT_S = 90
    name = ""

    @classmethod
    def setUpClass(cls):
        cls.cluster = CLUSTERS[cls.name]()
        with Client(address=cls.cluster.address) as client:
            client.submit(square, 1).result()  # somebody works

    @classmethod
    def tearDownClass(cls):
        cls.cluster.kill()

    def setUp(self):
        super().setUp()
        folder = stack.temporary_folder()
        self.addCleanup(folder.cleanup)
        self.start, self.finish = (os.path.join(folder.name, name) for name in ("start", "finish"))
        self.client = Client(address=self.cluster.address)

    def tearDown(self):
        with open(self.finish, "w", encoding="utf-8"):
            pass  # whoever still naps wakes up
        self.client.disconnect()

    def last_words(self):
        return self.cluster.logs()


class Calls(Cell):
    def test_submit_and_submit_verbose(self):
        self.assertEqual(self.client.submit(add, 3, 4).result(), 7)
        self.assertEqual(self.client.submit_verbose(add, (1,), {"y": 2}).result(), 3)

    def test_map(self):
        self.assertEqual(map_with(self.client, square, range(200)), [i * i for i in range(200)])

    @unittest.skipIf(CLIENT < (2, 0), "this client has no starmap")
    def test_starmap(self):
        self.assertEqual(self.client.starmap(add, [(1, 2), (3, 4)]), [3, 7])

    def test_graph(self):
        graph = {"a": 2, "b": 3, "c": (inc, "a"), "d": (add, "c", "b"), "e": (add, "d", "c")}
        self.assertEqual(self.client.get(graph, keys=["e", "d", "a"]), {"e": 9, "d": 6, "a": 2})

    def test_graph_that_takes_the_same_input_twice(self):
        if self.name == "under":
            self.skipTest("it ends the peer's scheduler")
        self.assertEqual(self.client.get({"a": 2, "b": (inc, "a"), "c": (add, "b", "b")}, keys=["c"]), {"c": 6})

    def test_send_object(self):
        reference = self.client.send_object(list(range(1000)), name="numbers")
        self.assertEqual(self.client.submit(add, reference, reference).result(), list(range(1000)) * 2)

    def test_nested_clients(self):
        self.assertEqual(self.client.submit(fibonacci, self.client, 4).result(), 3)

    def test_exceptions(self):
        try:
            self.client.submit(boom, 1).result()
            self.fail("no exception")
        except ValueError as error:
            self.assertIn("boom", [frame.name for frame in traceback.extract_tb(error.__traceback__)])

    def test_capabilities(self):
        offered = self.client.submit_verbose(square, (3,), {}, capabilities={"gpu": 1})
        self.assertEqual(offered.result(), 9)
        asked_for_in_vain = self.client.submit_verbose(square, (3,), {}, capabilities={"tpu": 1})
        self.assertEqual(self.client.submit_verbose(square, (4,), {}, capabilities={"gpu": 1}).result(), 16)
        self.assertFalse(asked_for_in_vain.done())
        self.assertTrue(asked_for_in_vain.cancel())

    def test_custom_serializer(self):
        with Client(address=self.cluster.address, serializer=TaggedSerializer()) as client:
            self.assertEqual(map_with(client, square, [1, 2, 3]), [1, 4, 9])

    def test_clear(self):
        self.assertEqual(self.client.submit(square, 3).result(), 9)
        self.client.clear()
        self.assertEqual(self.client.submit(square, 4).result(), 16)

    def test_disconnect(self):
        other = Client(address=self.cluster.address)
        future = other.submit(announce_and_nap, self.start, self.finish)
        wait_for_file(self.start)
        other.disconnect()
        with self.assertRaises(CancelledError):
            future.result()
        self.assertEqual(self.client.submit(square, 5).result(), 25)

    def test_large_payloads(self):
        payload = os.urandom(1 << 20) * (PAYLOAD_BYTES >> 20)
        self.assertEqual(self.client.submit(reverse, payload).result(), payload[::-1])


class Cancels(Cell):
    def test_running_and_queued_tasks(self):
        running = self.client.submit(announce_and_nap, self.start, self.finish)
        wait_for_file(self.start)
        blocking = [self.client.submit(nap_until, self.finish) for _ in range(2)]  # one is behind the running one
        queued = self.client.submit(square, 2)
        self.assertTrue(queued.cancel())
        self.assertTrue(running.cancel())
        for future in (running, queued):
            with self.assertRaises(CancelledError):
                future.result()
        with open(self.finish, "w", encoding="utf-8"):
            pass
        self.assertEqual([future.result() for future in blocking], [self.finish] * 2)

    def test_graph(self):
        if self.name == "under":
            self.skipTest("the peer's scheduler never ends a cancelled graph with levels that did not start")
        graph = {"s": self.start, "f": self.finish, "a": (announce_and_nap, "s", "f"), "b": (len, "a"), "c": (inc, "b")}
        futures = self.client.get(graph, keys=["a", "c"], block=False)
        wait_for_file(self.start)
        self.assertTrue(futures["c"].cancel())
        with self.assertRaises(CancelledError):
            futures["c"].result()
        self.assertEqual(self.client.submit(square, 3).result(), 9)


class Kills(Cell):
    """In order of their names: the last one ends the cluster."""

    def test_1_client_killed(self):
        if self.name == "under" and PEER_SPEAKS_YMQ:
            self.skipTest("it ends the peer's scheduler, with the peer's own workers too")
        program = (
            "import sys; sys.path.insert(0, sys.argv[2])\n"
            "from scaler import Client\n"
            "from test_client import announce_and_nap, square\n"
            "client = Client(address=sys.argv[1])\n"
            "futures = [client.submit(announce_and_nap, sys.argv[3], sys.argv[4])]\n"
            "futures += [client.submit(square, i) for i in range(100)]\n"
            "futures[0].result()\n"
        )
        other = subprocess.Popen(
            [sys.executable, "-c", program, self.cluster.address, os.path.dirname(os.path.abspath(__file__)), self.start, self.finish])
        try:
            wait_for_file(self.start)
        finally:
            other.kill()
            other.wait()
        self.assertEqual(map_with(self.client, square, range(50)), [i * i for i in range(50)])
        with open(self.finish, "w", encoding="utf-8"):
            pass
        self.assertEqual(map_with(self.client, square, range(50)), [i * i for i in range(50)])

    def test_2_worker_killed(self):
        futures = [self.client.submit(tell_parent_and_nap, self.start + str(i), self.finish) for i in range(2)]
        # The peer's scheduler loses tasks that it asks back while it has not noticed yet that their worker is gone.
        others = [self.client.submit(square, i) for i in range(0 if self.name == "under" else 100)]
        for i in range(2):
            wait_for_file(self.start + str(i))
        with open(self.start + "0", encoding="utf-8") as file:
            os.kill(int(file.read()), signal.SIGKILL)
        with open(self.finish, "w", encoding="utf-8"):
            pass
        self.assertEqual([future.result() for future in futures], [self.finish] * 2)
        self.assertEqual([future.result() for future in others], [i * i for i in range(len(others))])

    def test_3_shutdown(self):
        self.client.shutdown()
        self.cluster.wait_shut_down()

    def tearDown(self):
        if self._testMethodName != "test_3_shutdown":
            super().tearDown()


for cell in CELLS:
    for part in (Calls, Cancels, Kills):
        made = type(f"{part.__name__}_{cell}", (part, unittest.TestCase), {"name": cell, "__module__": __name__})
        globals()[made.__name__] = made
del made  # or it would be found twice


if __name__ == "__main__":
    started = time.monotonic()
    unittest.main(verbosity=2)
