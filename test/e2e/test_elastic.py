"""Workers that come and go with the load: our dynamic manager under our and the peer's schedulers, and the peer's managers
under ours."""

import os
import signal
import subprocess
import time
import unittest

from scaler import Client

import peer
import stack
from test_client import square
from limited import Limited
from test_interop import need
from versions import CLIENT, map_with

ANY_WORKER = r"WorkerID\(.*\) "


def nap(seconds):
    time.sleep(seconds)
    return os.getpid()


def dynamic_manager(address, manager_id="wm-dynamic", workers_max=8, options=()):
    return stack.Role("worker_manager", "baremetal_native", address, "--worker-manager-id", manager_id, "--mode", "dynamic",
                      "--max-task-concurrency", str(workers_max), *options)


def workers_of(manager):
    """Process ids of a manager's workers, not of what these have started."""
    return [pid for pid in stack.children_of(manager.pid) if stack.command_of(pid)[1:2] == ["worker"]]


class OverHttp(Limited):
    """The older way: the scheduler asks a worker adapter over HTTP."""

    def test_an_adapter_starts_workers_when_the_scheduler_posts(self):
        scheduler, web = stack.free_ports(2)
        address = f"tcp://127.0.0.1:{scheduler}"
        adapter = self.start(stack.Role("worker_adapter_native", address, "--adapter-web-host", "127.0.0.1",
                                        "--adapter-web-port", str(web), "--max-workers", "2"))
        adapter.wait_for_line("worker adapter listens")
        role = self.start(stack.Role("scheduler", address, "--adapter-webhook-urls", f"http://127.0.0.1:{web}"))
        role.wait_for_line("monitor address")
        with Client(address=address) as client:
            self.assertEqual(map_with(client, square, range(60)), [i * i for i in range(60)])
        role.wait_for_line(ANY_WORKER + "disconnected", count=2)
        adapter.wait_for_line(": quit$", count=2)
        self.assertEqual(adapter.stop(), 0)
        self.assertEqual(role.stop(), 0)


    @need("1.12.28")
    def test_the_peers_adapter_starts_workers_when_our_scheduler_posts(self):
        scheduler, web = stack.free_ports(2)
        address = f"tcp://127.0.0.1:{scheduler}"
        self.start(peer.adapter(address, web, workers_max=2))
        role = self.start(stack.Role("scheduler", address, "--adapter-webhook-urls", f"http://127.0.0.1:{web}"))
        role.wait_for_line("monitor address")
        with Client(address=address) as client:
            self.assertEqual(map_with(client, square, range(60)), [i * i for i in range(60)])
        role.wait_for_line(ANY_WORKER + "connected", count=2)
        role.wait_for_line(ANY_WORKER + "disconnected", count=2)
        self.assertEqual(role.stop(), 0)

    @unittest.skipUnless(CLIENT < (2, 0), "only the scheduler of 1.12 posts")
    def test_our_adapter_serves_the_peers_scheduler(self):
        for options in (("--max-workers", "2"), ("--max-workers", "-1")):
            with self.subTest(options):
                scheduler, storage, monitor, web = stack.free_ports(4)
                address, storage_address = f"tcp://127.0.0.1:{scheduler}", f"tcp://127.0.0.1:{storage}"
                adapter = self.start(stack.Role("worker_adapter_native", address, "--adapter-web-host", "127.0.0.1",
                                                "--adapter-web-port", str(web), *options))
                adapter.wait_for_line("worker adapter listens")
                self.start(peer.storage(storage_address))
                self.start(peer.scheduler(address, storage_address, f"tcp://127.0.0.1:{monitor}", "--scaling-controller-strategy",
                                          "VANILLA", "--adapter-webhook-urls", f"http://127.0.0.1:{web}"))
                with Client(address=address) as client:
                    self.assertEqual(map_with(client, square, range(60)), [i * i for i in range(60)])
                adapter.wait_for_line("received signal SIGTERM, quitting")  # a worker: it is idle
                self.assertEqual(adapter.stop(), 0)


class Elastic(Limited):
    def setUp(self):
        super().setUp()
        self.cluster = stack.Stack(workers=0)
        self.addCleanup(self.cluster.__exit__)

    def start_manager(self, **options):
        manager = self.start(dynamic_manager(self.cluster.address, **options))
        manager.wait_for_line("connected to scheduler")
        return manager

    def wait(self, what, count=1, limit_s=stack.LIMIT_S):
        return self.cluster.scheduler.wait_for_line(what, count=count, limit_s=limit_s)

    def test_workers_come_with_the_tasks_and_go_with_them(self):
        manager = self.start_manager(workers_max=4)
        with Client(address=self.cluster.address) as client:
            self.assertEqual(map_with(client, square, range(60)), [i * i for i in range(60)])
        self.wait(ANY_WORKER + "connected", count=4)
        self.wait(ANY_WORKER + "disconnected", count=4)
        manager.wait_for_line(": quit$", count=4)
        self.assertEqual(manager.stop(), 0)

    def test_no_more_workers_come_than_the_manager_may_run(self):
        manager = self.start_manager(workers_max=2)
        with Client(address=self.cluster.address) as client:
            map_with(client, nap, [0.01] * 100)
            self.assertEqual(len(workers_of(manager)), 2)
        self.assertEqual(manager.stop(), 0)

    def test_a_busy_worker_is_not_stopped_however_long_it_takes(self):
        manager = self.start_manager(workers_max=3)
        with Client(address=self.cluster.address) as client:
            long_one = client.submit(nap, 9)
            self.wait(ANY_WORKER + "connected")
            short_ones = [client.submit(nap, 0.01) for _ in range(25)]
            for future in short_ones:
                future.result()
            self.wait("idle ones stop")
            self.assertGreater(long_one.result(), 0)
        self.assertFalse([line for line in self.cluster.scheduler.lines if "lost its worker" in line])
        self.assertEqual(manager.stop(), 0)

    def test_a_worker_that_is_killed_is_replaced(self):
        manager = self.start_manager(workers_max=1)
        with Client(address=self.cluster.address) as client:
            future = client.submit(nap, 1)
            manager.wait_for_line("start Processor")
            os.kill(workers_of(manager)[0], signal.SIGKILL)
            manager.wait_for_line(r"ended by signal 9 \(Killed\), another starts")
            self.assertGreater(future.result(), 0)
        self.assertEqual(manager.stop(), 0)

    def test_a_manager_that_is_killed_takes_its_workers_along_and_its_successor_goes_on(self):
        manager = self.start_manager(workers_max=1)
        with Client(address=self.cluster.address) as client:
            future = client.submit(nap, 1)
            manager.wait_for_line("start Processor")
            left = stack.children_of(manager.pid)
            manager.kill()
            self.start_manager(workers_max=1)  # under the same id
            self.assertGreater(future.result(), 0)
        self.assertEqual(stack.living(left), [])

    def test_a_scheduler_that_comes_back_is_served_by_the_same_workers(self):
        manager = self.start_manager(workers_max=1)
        with Client(address=self.cluster.address) as client:
            self.assertEqual(client.submit(square, 3).result(), 9)
        before = workers_of(manager)
        self.assertEqual(len(before), 1)
        self.cluster.scheduler.kill()
        manager.wait_for_line("lost scheduler")
        self.cluster.scheduler = stack.Role(*self.cluster.scheduler.arguments[1:])
        self.wait(ANY_WORKER + "connected")
        self.wait(r"WorkerManagerID\(wm-dynamic\) connected")
        with Client(address=self.cluster.address) as client:
            self.assertEqual(client.submit(square, 4).result(), 16)
        self.assertEqual(workers_of(manager), before)
        self.assertEqual(manager.stop(), 0)

    def test_a_manager_without_a_scheduler_waits_and_says_so(self):
        port = stack.free_ports(1)[0]
        manager = self.start(dynamic_manager(f"tcp://127.0.0.1:{port}"))
        manager.wait_for_line(f"cannot reach scheduler tcp://127.0.0.1:{port}")
        self.assertEqual(manager.stop(), 0)

    def test_a_terminated_manager_ends_busy_workers_too(self):
        manager = self.start_manager(workers_max=2)
        with Client(address=self.cluster.address) as client:
            client.submit(nap, 60)
            manager.wait_for_line("start Processor")
            everything = stack.children_of(manager.pid)
            self.assertEqual(manager.stop(), 0)
            self.assertEqual(stack.living(everything), [])


class WithThePeer(Limited):
    @need("2.0.9", "2.2.0", "2.6.0")
    def test_the_peers_managers_under_our_scheduler(self):
        for release in ("2.0.9", "2.2.0", "2.6.0"):
            with self.subTest(release), stack.Stack(workers=0) as cluster:
                manager = self.start(peer.dynamic_manager(cluster.address, "wm-peer", release))
                cluster.scheduler.wait_for_line("WorkerManagerID.*connected")
                with Client(address=cluster.address) as client:
                    self.assertEqual(map_with(client, square, range(30)), [i * i for i in range(30)])
                cluster.scheduler.wait_for_line("idle ones? stop")
                cluster.scheduler.wait_for_line(ANY_WORKER + "disconnected")
                self.assertIsNone(manager.process.poll())
                manager.kill()

    @unittest.skipIf(CLIENT < (2, 0), "the schedulers of 1.12 know no managers")
    def test_our_manager_under_the_peers_scheduler(self):
        scheduler_port, storage_port, monitor_port = stack.free_ports(3)
        address = f"tcp://127.0.0.1:{scheduler_port}"
        storage_address = f"tcp://127.0.0.1:{storage_port}"
        self.start(peer.storage(storage_address))
        self.start(peer.scheduler(address, storage_address, f"tcp://127.0.0.1:{monitor_port}"))
        manager = self.start(dynamic_manager(address, workers_max=2, options=("--heartbeat-interval-seconds", "1")))
        manager.wait_for_line("connected to scheduler")
        with Client(address=address) as client:
            self.assertEqual(map_with(client, square, range(60)), [i * i for i in range(60)])
            self.assertLessEqual(len(workers_of(manager)), 2)
        manager.wait_for_line("received signal SIGTERM, quitting")  # a worker: it is idle
        self.assertEqual(manager.stop(), 0)


class EarlySignals(unittest.TestCase):
    """A signal that comes before a role could hear it waits for the role. It is sent before the program even starts."""

    def run_signalled(self, number, *words):
        def send():
            signal.pthread_sigmask(signal.SIG_BLOCK, {number})
            os.kill(os.getpid(), number)

        return subprocess.run([stack.binary(), *words], preexec_fn=send, capture_output=True, timeout=20).returncode

    def test_a_role_that_is_stopped_before_it_began_ends_in_order(self):
        port, other = stack.free_ports(2)
        address = f"tcp://127.0.0.1:{port}"
        for number in (signal.SIGTERM, signal.SIGINT):
            for words in (
                ("scheduler", address, "--monitor-address", f"tcp://127.0.0.1:{other}"),
                ("object_storage_server", address),
                ("worker_manager", "baremetal_native", address, "-wmi", "wm", "--mode", "dynamic"),
                ("worker_manager", "baremetal_native", address, "-wmi", "wm", "--mode", "fixed", "-n", "2"),
            ):
                with self.subTest(words=words, signal=number):
                    self.assertEqual(self.run_signalled(number, *words), 0)

    def test_any_other_command_ends_by_the_signal(self):
        self.assertEqual(self.run_signalled(signal.SIGTERM, "version"), -signal.SIGTERM)


if __name__ == "__main__":
    unittest.main()
