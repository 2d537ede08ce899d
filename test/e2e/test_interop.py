"""Ours and the peer's roles mixed in one cluster, and the peer's monitor feed read from our scheduler."""

import signal
import unittest

import zmq
from scaler import Client
from scaler.io.utility import deserialize
from scaler.protocol.python.common import TaskState
from scaler.protocol.python.message import StateScheduler, StateTask

import peer
import stack
from test_client import add, boom, inc, square
from versions import map_with


class Limited(unittest.TestCase):
    def setUp(self):
        signal.signal(signal.SIGALRM, signal.default_int_handler)
        signal.alarm(120)

    def tearDown(self):
        signal.alarm(0)

    def exercise(self, address):
        """What every mixture must do."""
        with Client(address=address) as client:
            self.assertEqual(map_with(client, square, range(200)), [i * i for i in range(200)])
            graph = {"a": 2, "b": 3, "c": (inc, "a"), "d": (add, "c", "b")}
            self.assertEqual(client.get(graph, keys=["d"]), {"d": 6})
            with self.assertRaises(ValueError):
                client.submit(boom, 1).result()
            payload = bytes(range(256)) * 40_000
            self.assertEqual(client.submit(lambda x: x[::-1], payload).result(), payload[::-1])


class Mixtures(Limited):
    def test_the_peers_workers_under_our_scheduler_and_store(self):
        with stack.Stack(workers=0) as cluster:
            workers = peer.manager(cluster.address, 2)
            try:
                cluster.wait_workers(2)
                self.exercise(cluster.address)
            finally:
                workers.kill()

    def test_the_peers_and_our_workers_side_by_side(self):
        with stack.Stack(workers=1) as cluster:
            workers = peer.manager(cluster.address, 1)
            try:
                cluster.wait_workers(2)
                self.exercise(cluster.address)
            finally:
                workers.kill()

    def test_our_workers_under_the_peers_scheduler_and_store(self):
        scheduler_port, storage_port, monitor_port = stack.free_ports(3)
        address = f"tcp://127.0.0.1:{scheduler_port}"
        storage_address = f"tcp://127.0.0.1:{storage_port}"
        roles = [peer.storage(storage_address)]
        ours = None
        try:
            roles.append(peer.scheduler(address, storage_address, f"tcp://127.0.0.1:{monitor_port}"))
            ours = stack.Role("worker_manager", "baremetal_native", address, "--worker-manager-id", "wm-ours", "--mode", "fixed",
                              "--max-task-concurrency", "2")
            self.exercise(address)
            self.assertEqual(ours.stop(), 0)
        finally:
            if ours:
                ours.kill()
            for role in roles:
                role.kill()


class Monitor(Limited):
    def test_the_peers_reader_understands_our_status_and_events(self):
        with stack.Stack(workers=1) as cluster:
            cluster.wait_workers(1)
            socket = zmq.Context.instance().socket(zmq.SUB)
            socket.connect(cluster.monitor_address)
            socket.setsockopt(zmq.SUBSCRIBE, b"")
            socket.setsockopt(zmq.RCVTIMEO, 20_000)
            try:
                first = self.next_of(socket, StateScheduler)
                with Client(address=cluster.address) as client:
                    map_with(client, square, range(10))
                    finished = []
                    while len(finished) < 10:
                        state = self.next_of(socket, StateTask)
                        if state.state == TaskState.Success:
                            finished.append(state)
                self.assertEqual(len({state.task_id for state in finished}), 10)
                self.assertEqual({state.function_name for state in finished}, {b"square"})
                self.assertEqual({len(state.metadata) for state in finished}, {16})
                status = self.next_of(socket, StateScheduler)
                self.assertEqual(len(status.worker_manager.workers), 1)
                self.assertGreater(status.scheduler.rss, 0)
                self.assertEqual(first.worker_manager.workers[0].worker_id, status.worker_manager.workers[0].worker_id)
            finally:
                socket.close(linger=0)

    def next_of(self, socket, kind):
        while True:
            message = deserialize(socket.recv())
            if isinstance(message, kind):
                return message
            self.assertIsNotNone(message)


if __name__ == "__main__":
    unittest.main(verbosity=2)
