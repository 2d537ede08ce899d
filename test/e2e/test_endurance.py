"""What outlives what: servers that are killed and come back, processes that are stopped, connections that say nothing."""

import os
import pathlib
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import time
import unittest

from scaler import Client

import stack
from limited import Limited
from monitor import Feed
from soak import kind_of
from test_client import announce_and_nap, nap, square, wait_for_file
from test_hostile import resident_mb
from versions import map_with


CLIENT_WITH_A_TASK = """
import os, sys; sys.path.insert(0, sys.argv[2])
from scaler import Client
from test_client import announce_and_nap, square
client = Client(address=sys.argv[1])
client.submit(announce_and_nap, sys.argv[3], sys.argv[4])
sys.stdin.readline()
print(client.submit(square, 12).result(), flush=True)
os._exit(0)  # its first future was forgotten with it
"""


def let_seconds_pass(cluster, seconds):
    """Reports of the scheduler, one a second."""
    with Feed(cluster.monitor_address) as feed:
        for _ in range(seconds):
            feed.next_of("StateScheduler")


class stopped:
    """A process that does not run inside the block."""

    def __init__(self, pid):
        self._pid = pid

    def __enter__(self):
        os.kill(self._pid, signal.SIGSTOP)

    def __exit__(self, *_):
        os.kill(self._pid, signal.SIGCONT)


class Endurance(Limited):
    LIMIT_S = 240

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

    def test_a_client_that_is_stopped_for_longer_than_its_time_out_costs_only_itself(self):
        with stack.Stack(workers=1, scheduler_options=["--client-timeout-seconds", "2"]) as cluster, \
                stack.temporary_folder() as folder:
            cluster.wait_workers(1)
            start, finish = (os.path.join(folder, name) for name in ("start", "finish"))
            here = os.path.dirname(os.path.abspath(__file__))
            other = subprocess.Popen([sys.executable, "-c", CLIENT_WITH_A_TASK, cluster.address, here, start, finish],
                                     stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            try:
                wait_for_file(start)
                with stopped(other.pid):
                    cluster.scheduler.wait_for_line("timed out")
                    open(finish, "w", encoding="utf-8").close()
                    self.works(cluster)
                self.assertEqual(other.communicate("go on\n", timeout=60)[0], "144\n")  # it is served again
            finally:
                other.kill()
                other.communicate()
            self.works(cluster)

    def test_a_processor_that_is_stopped_for_longer_than_its_workers_time_out_goes_on_afterwards(self):
        # Workers say something every 2 seconds; the time-out leaves a busy machine time for it.
        options = ["--worker-timeout-seconds", "5", "--client-timeout-seconds", "5"]
        with stack.Stack(workers=1, scheduler_options=options) as cluster, stack.temporary_folder() as folder:
            cluster.wait_workers(1)
            start, finish = (os.path.join(folder, name) for name in ("start", "finish"))
            with Client(address=cluster.address, heartbeat_interval_seconds=1) as client:
                future = client.submit(announce_and_nap, start, finish)
                queued = client.submit(square, 3)
                wait_for_file(start)
                processor = max((pid for pid in stack.children_of(cluster.manager.pid) if kind_of(pid) == "processor"),
                                key=lambda pid: os.stat(f"/proc/{pid}").st_ctime)
                with stopped(processor):
                    let_seconds_pass(cluster, 7)
                open(finish, "w", encoding="utf-8").close()
                self.assertEqual((future.result(timeout=60), queued.result(timeout=60)), (finish, 9))
            self.assertFalse([line for line in cluster.scheduler.lines if "timed out" in line])

    def test_a_storage_server_that_is_stopped_for_longer_than_any_time_out_loses_nothing(self):
        options = ["--worker-timeout-seconds", "3", "--client-timeout-seconds", "3"]
        with stack.Stack(workers=2, scheduler_options=options) as cluster:
            cluster.wait_workers(2)
            with Client(address=cluster.address, heartbeat_interval_seconds=1) as client:
                futures = [client.submit(nap, 0.01) for _ in range(100)]
                futures[0].result(timeout=60)
                with stopped(cluster.storage.pid):
                    let_seconds_pass(cluster, 5)
                for future in futures:
                    self.assertIsNone(future.result(timeout=60))
            self.assertFalse([line for line in cluster.scheduler.lines if "timed out" in line])
            self.works(cluster)

    def test_a_manager_that_is_stopped_for_longer_than_its_time_out_is_taken_back(self):
        with stack.Stack(workers=0, scheduler_options=["--policy-content", "allocate=even_load; scaling=vanilla"]) as cluster:
            manager = stack.Role("worker_manager", "baremetal_native", cluster.address, "--worker-manager-id", "wm-stopped",
                                 "--mode", "dynamic", "--max-task-concurrency", "1")
            self.addCleanup(manager.kill)
            cluster.scheduler.wait_for_line(r"wm-stopped\) connected")
            with Client(address=cluster.address) as client:
                self.assertEqual(client.submit(square, 2).result(timeout=60), 4)
                with stopped(manager.pid):
                    cluster.scheduler.wait_for_line(r"wm-stopped\) timed out", limit_s=30)
                    self.assertEqual(client.submit(square, 3).result(timeout=60), 9)  # its worker works on
                cluster.scheduler.wait_for_line(r"wm-stopped\) connected", count=2)
                self.assertEqual(client.submit(square, 4).result(timeout=60), 16)
            self.assertEqual(manager.stop(), 0)

    @unittest.skipUnless(shutil.which("cc"), "no compiler for the clock's shim")
    def test_steps_of_the_wall_clock_end_nobody(self):
        with stack.temporary_folder() as folder:
            shim, offset = (os.path.join(folder, name) for name in ("clock_shim.so", "offset"))
            source = pathlib.Path(__file__).parent / "clock_shim.c"
            subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", shim, str(source)], check=True)
            step = {"LD_PRELOAD": shim, "CLOCK_SHIM_FILE": offset, "TZ": "UTC"}
            os.environ.update(step)
            try:
                cluster = stack.Stack(workers=2, scheduler_options=["--worker-timeout-seconds", "3"])
            finally:
                for name in step:
                    os.environ.pop(name)
            with cluster:
                cluster.wait_workers(2)
                with Client(address=cluster.address) as client:
                    futures = [client.submit(nap, 0.02) for _ in range(200)]
                    for seconds in ("86400", "-86400", "0"):
                        pathlib.Path(offset).write_text(seconds, encoding="utf-8")
                        let_seconds_pass(cluster, 2)
                    pathlib.Path(offset).write_text("-864000", encoding="utf-8")
                    for future in futures:
                        self.assertIsNone(future.result(timeout=60))
                self.works(cluster)
                self.assertEqual(cluster.stop(), {"manager": 0, "scheduler": 0, "storage": 0})
                logs = cluster.logs()
                self.assertNotIn("timed out", logs)
                days = set(re.findall(r"\](\d{4}-\d\d-\d\d)", logs))
                self.assertGreater(len(days), 1, "the shim did not move the clock")

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


if __name__ == "__main__":
    unittest.main(verbosity=2)
