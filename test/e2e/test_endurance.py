"""What outlives what: servers that are killed and come back, processes that are stopped, connections that say nothing, and one
kill at a random moment of a run."""

import os
import resource
import signal
import socket
import time
import unittest

from scaler import Client

import one_kill
import stack
from test_client import nap, square
from test_hostile import resident_mb
from versions import map_with


class Endurance(unittest.TestCase):
    def setUp(self):
        signal.signal(signal.SIGALRM, signal.default_int_handler)
        signal.alarm(240)

    def tearDown(self):
        signal.alarm(0)

    def works(self, cluster):
        with Client(address=cluster.address) as client:
            self.assertEqual(map_with(client, square, range(50)), [i * i for i in range(50)])

    def test_a_storage_server_that_is_killed_and_started_again_ends_nobody(self):
        with stack.Stack(workers=2) as cluster:
            cluster.wait_workers(2)
            self.works(cluster)
            cluster.storage.kill()
            cluster.storage = stack.Role("object_storage_server", cluster.storage_address)
            cluster.storage.wait_for_line("started")
            cluster.scheduler.wait_for_line("object storage server is back")
            self.works(cluster)
            self.assertEqual(cluster.stop(), {"manager": 0, "scheduler": 0, "storage": 0})

    def test_a_scheduler_that_is_killed_and_started_again_gets_its_workers_back(self):
        with stack.Stack(workers=2) as cluster:
            cluster.wait_workers(2)
            self.works(cluster)
            arguments = cluster.scheduler.arguments[1:]
            cluster.scheduler.kill()
            cluster.scheduler = stack.Role(*arguments)
            cluster.wait_workers(2)
            self.works(cluster)
            self.assertEqual(cluster.stop(), {"manager": 0, "scheduler": 0, "storage": 0})

    def test_a_stack_stops_in_order_though_its_servers_were_killed(self):
        with stack.Stack(workers=2) as cluster:
            cluster.wait_workers(2)
            cluster.scheduler.kill()
            cluster.storage.kill()
            family = stack.children_of(cluster.manager.pid)
            cluster.manager.stop()
            self.assertEqual(stack.living(family), [])

    def test_a_worker_that_is_stopped_for_longer_than_its_time_out_loses_no_task(self):
        with stack.Stack(workers=2, scheduler_options=["--worker-timeout-seconds", "2"]) as cluster:
            cluster.wait_workers(2)
            with Client(address=cluster.address) as client:
                futures = [client.submit(nap, 0.01) for _ in range(200)]
                futures[0].result(timeout=60)
                agents = [pid for pid in stack.children_of(cluster.manager.pid) if "worker" in stack.command_of(pid)[1:2]]
                os.kill(agents[0], signal.SIGSTOP)
                try:
                    cluster.scheduler.wait_for_line("timed out")
                    for future in futures:
                        self.assertIsNone(future.result(timeout=60))
                finally:
                    os.kill(agents[0], signal.SIGCONT)
            cluster.wait_workers(3)  # it introduces itself again
            self.works(cluster)

    def test_ten_thousand_silent_connections_cost_little_and_nobody_else(self):
        wanted = 10_000
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if hard < wanted + 500:
            self.skipTest(f"only {hard} descriptors")
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted + 500), hard))
        silent = []
        try:
            with stack.Stack(workers=1) as cluster:
                cluster.wait_workers(1)
                host, port = cluster.address.removeprefix("tcp://").rsplit(":", 1)
                before = resident_mb(cluster.scheduler.pid)
                for _ in range(wanted):
                    silent.append(socket.create_connection((host, int(port))))
                started = time.monotonic()
                self.works(cluster)
                self.assertLess(time.monotonic() - started, 20)
                self.assertLess(resident_mb(cluster.scheduler.pid) - before, 60)
        finally:
            for connection in silent:
                connection.close()
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    def test_ten_runs_survive_the_kill_of_any_one_process(self):
        for seed in range(10):
            with self.subTest(seed=seed):
                one_kill.run(seed, tasks=1000)


if __name__ == "__main__":
    unittest.main(verbosity=2)
