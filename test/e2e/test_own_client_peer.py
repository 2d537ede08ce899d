"""Our own client against the peer's storage, scheduler and workers."""

import os
import signal
import unittest

from versions import OURS

if not OURS:
    raise unittest.SkipTest("these tests are for our own client")

from concurrent.futures import CancelledError, wait

from scaler import Client
from scaler.utility.exceptions import ProcessorDiedError

import peer
import programs
import stack
from limited import Limited
from test_client import add, announce_and_nap, boom, exit_hard, fibonacci, inc, square, wait_for_file


class PeerStack(Limited):
    @classmethod
    def setUpClass(cls):
        if peer.environment(peer.RELEASE) is None:
            raise unittest.SkipTest("the peer is not installed here")
        addresses = [f"tcp://127.0.0.1:{port}" for port in stack.free_ports(3)]
        cls.address, storage, monitor = addresses
        cls.roles = [peer.storage(storage), peer.scheduler(cls.address, storage, monitor)]
        cls.roles.append(peer.manager(cls.address, 1))

    @classmethod
    def tearDownClass(cls):
        for role in reversed(cls.roles):
            role.kill()

    def setUp(self):
        super().setUp()
        self.client = Client(address=self.address)

    def tearDown(self):
        self.client.disconnect()

    def test_tasks_maps_and_objects(self):
        self.assertEqual(self.client.submit(square, 7).result(), 49)
        self.assertEqual(self.client.map(square, range(300)), [i * i for i in range(300)])
        self.assertEqual(self.client.starmap(add, [(1, 2), ("a", "b")]), [3, "ab"])
        reference = self.client.send_object([1, 2, 3], name="numbers")
        self.assertEqual(self.client.submit(len, reference).result(), 3)
        payload = os.urandom(5_000_000)
        self.assertEqual(self.client.submit(lambda x: x[::-1], payload).result(), payload[::-1])
        self.client.clear()
        self.assertEqual(self.client.submit(square, 8).result(), 64)
        done, _ = wait([self.client.submit(square, i) for i in range(50)], timeout=60)
        self.assertEqual(len(done), 50)

    def test_every_program_of_the_checklist(self):
        for name, program in {**programs.runnable(), "19 ten thousand": programs.one_thousand}.items():
            with self.subTest(name):
                signal.alarm(self.LIMIT_S)
                program(self.address)

    def test_failures(self):
        with self.assertRaisesRegex(ValueError, "boom 3"):
            self.client.submit(boom, 3).result()
        with self.assertRaises(ProcessorDiedError):
            self.client.submit(exit_hard, 3).result()
        with self.assertRaises(ValueError):
            self.client.map(boom, range(5))
        self.assertEqual(self.client.submit(square, 2).result(), 4)

    def test_graphs(self):
        graph = {"a": 2, "b": 3, "c": (inc, "a"), "d": (add, "c", "b"), "e": (add, "d", "c"), "bad": (boom, "a"), "f": (inc, "bad")}
        self.assertEqual(self.client.get(graph, ["e", "d", "a"]), {"e": 9, "d": 6, "a": 2})
        with self.assertRaises(ValueError):
            self.client.get(graph, ["f"])

    def test_cancels(self):
        with stack.temporary_folder() as folder:
            start, finish = os.path.join(folder, "start"), os.path.join(folder, "finish")
            running = self.client.submit(announce_and_nap, start, finish)
            queued = self.client.submit(square, 1)
            wait_for_file(start)
            self.assertTrue(queued.cancel())
            self.assertTrue(running.cancel())
            os.unlink(start)
            graph = {"s": start, "f": finish, "a": (announce_and_nap, "s", "f"), "b": (len, "a")}
            futures = self.client.get(graph, ["a", "b"], block=False)
            wait_for_file(start)
            self.assertTrue(futures["b"].cancel())  # the peer's scheduler confirms the running node only
            for future in futures.values():
                with self.assertRaises(CancelledError):
                    future.result(30)

    def test_nested_clients(self):
        self.assertEqual(self.client.submit(fibonacci, self.client, 4).result(), 3)


class WithoutWorkers(Limited):
    def test_a_task_that_nobody_can_run_is_cancelled_and_a_scheduler_that_dies_is_a_time_out(self):
        if peer.environment(peer.RELEASE) is None:
            raise unittest.SkipTest("the peer is not installed here")
        address, storage, monitor = (f"tcp://127.0.0.1:{port}" for port in stack.free_ports(3))
        self.start(peer.storage(storage))
        scheduler = self.start(peer.scheduler(address, storage, monitor))
        client = Client(address=address, timeout_seconds=3, heartbeat_interval_seconds=1)
        programs.cancelled_at_once(client)
        programs.timed_out(client, scheduler.kill)


if __name__ == "__main__":
    unittest.main(verbosity=2)
