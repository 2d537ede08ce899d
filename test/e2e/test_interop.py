"""Ours and the peer's roles mixed in one cluster, of one release or of several, and the peer's monitors on our scheduler."""

import unittest

from scaler import Client

import peer
import stack
from limited import Limited
from monitor import Feed, counts, field
from test_client import add, boom, inc, square
from versions import CLIENT, map_with


def need(*releases):
    """Skips a test when the environment of another release was not made."""
    missing = [release for release in releases if peer.environment(release) is None]
    return unittest.skipIf(missing, f"no environment with {', '.join(missing)} (packaging/client-environment makes one)")


class Mixed(Limited):
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


class Mixtures(Mixed):
    def test_the_peers_workers_under_our_scheduler_and_store(self):
        with stack.Stack(workers=0) as cluster:
            self.start(peer.manager(cluster.address, 2))
            cluster.wait_workers(2)
            self.exercise(cluster.address)

    def test_the_peers_and_our_workers_side_by_side(self):
        with stack.Stack(workers=1) as cluster:
            self.start(peer.manager(cluster.address, 1))
            cluster.wait_workers(2)
            self.exercise(cluster.address)

    @need("2.0.9", "2.2.0", "2.6.0")
    def test_workers_of_three_releases_and_ours_side_by_side(self):
        with stack.Stack(workers=1) as cluster:
            for release in ("2.0.9", "2.2.0", "2.6.0"):  # the last one speaks YMQ
                self.start(peer.manager(cluster.address, 1, manager_id=f"wm-{release}", release=release))
            cluster.wait_workers(4)
            self.exercise(cluster.address)

    def test_our_workers_under_the_peers_scheduler_and_store(self):
        # Whichever transport its scheduler speaks, ours finds it, in the environment or by trying.
        scheduler_port, storage_port, monitor_port = stack.free_ports(3)
        address = f"tcp://127.0.0.1:{scheduler_port}"
        storage_address = f"tcp://127.0.0.1:{storage_port}"
        self.start(peer.storage(storage_address))
        self.start(peer.scheduler(address, storage_address, f"tcp://127.0.0.1:{monitor_port}"))
        for backend in ("tcp_zmq", "ymq"):
            with self.subTest(first=backend):
                ours = self.start(
                    stack.Role("worker_manager", "baremetal_native", address, "--worker-manager-id", "wm-ours", "--mode", "fixed",
                               "--max-task-concurrency", "2", env={"SCALER_NETWORK_BACKEND": backend})
                )
                self.exercise(address)
                self.assertEqual(ours.stop(), 0)


class Managers(Limited):
    @need("2.0.9", "2.2.0", "2.6.0")
    def test_dynamic_managers_of_three_releases_stay_and_are_echoed(self):
        with stack.Stack(workers=0) as cluster, Feed(cluster.monitor_address) as feed:
            managers = [
                self.start(peer.dynamic_manager(cluster.address, f"wm-{release}", release))
                for release in ("2.0.9", "2.2.0", "2.6.0")
            ]
            for release in ("2.0.9", "2.2.0", "2.6.0"):
                cluster.scheduler.wait_for_line(rf"wm-{release}\) connected")
            while True:
                status = feed.next_of("StateScheduler")
                received = counts(status.binder.received).get("WorkerManagerHeartbeat", 0)
                self.assertEqual(counts(status.binder.sent).get("WorkerManagerHeartbeatEcho", 0), received)
                if received >= 5 * len(managers):
                    break
            self.assertEqual([manager.process.poll() for manager in managers], [None] * 3)
            self.assertFalse([line for line in cluster.scheduler.lines if "timed out" in line])


class Monitor(Limited):
    def test_the_peers_reader_understands_our_status_and_events(self):
        with stack.Stack(workers=1) as cluster, Feed(cluster.monitor_address) as feed:
            cluster.wait_workers(1)
            first = feed.next_of("StateScheduler")
            with Client(address=cluster.address) as client:
                map_with(client, square, range(10))
                finished = []
                while len(finished) < 10:
                    event = feed.next_of("StateTask")
                    if event.state.name.lower() == "success":
                        finished.append(event)
            self.assertEqual(len({field(event, "task_id") for event in finished}), 10)
            self.assertEqual({field(event, "function_name") for event in finished}, {b"square"})
            self.assertEqual({len(event.metadata) for event in finished}, {16})
            status = feed.next_of("StateScheduler")
            self.assertEqual(len(field(status, "worker_manager").workers), 1)
            self.assertGreater(status.scheduler.rss, 0)
            self.assertEqual(self.worker_of(first), self.worker_of(status))

    def worker_of(self, status):
        return field(field(status, "worker_manager").workers[0], "worker_id")

    def test_the_peers_terminal_monitor_shows_our_scheduler(self):
        with stack.Stack(workers=1) as cluster:
            cluster.wait_workers(1)
            screen = peer.Screen(cluster.monitor_address)
            try:
                screen.wait_for("task_manager", "num_of_objs", "WorkerHeartbeat", "FIX|")
            finally:
                screen.close()


if __name__ == "__main__":
    unittest.main(verbosity=2)
