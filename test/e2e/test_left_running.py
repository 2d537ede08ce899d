"""What tasks started and left running goes when their processor ends, or their worker, whatever ended it; who made a session of its own
stays."""

import os
import pathlib
import signal
import sys
import tempfile
import time

from scaler import Client

import stack
from limited import Limited
from soak import kind_of


# ---- tasks: each writes the process ids of what it started into a file, and most of them wait for ever ----


def announce(path, pids):
    with open(path + ".new", "w", encoding="utf-8") as file:
        file.write(" ".join(map(str, pids)))
    os.rename(path + ".new", path)


def starts(path, *command):
    """As subprocess.run, but that it tells the pid."""
    import subprocess

    process = subprocess.Popen(command)
    announce(path, [process.pid])
    process.wait()


def starts_and_dies(path, *command):
    import subprocess

    announce(path, [subprocess.Popen(command).pid])
    os._exit(7)


def starts_and_returns(path, *command):
    import subprocess

    announce(path, [subprocess.Popen(command).pid])


def starts_a_session(path, *command):
    import subprocess

    announce(path, [subprocess.Popen(command, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).pid])


def starts_a_pipeline(path):
    import subprocess

    process = subprocess.Popen(["sh", "-c", "sleep 1000 & echo $!; sleep 1000 | cat"], stdout=subprocess.PIPE)
    announce(path, [process.pid, int(process.stdout.readline())])
    process.wait()


def starts_a_pool(path):
    import concurrent.futures
    import multiprocessing
    import time

    with concurrent.futures.ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        waiting = [pool.submit(time.sleep, 1000) for _ in range(2)]
        while not all(future.running() for future in waiting):
            time.sleep(0.01)
        announce(path, [process.pid for process in multiprocessing.active_children()])


def shares_memory(path):
    import signal
    from multiprocessing import resource_tracker, shared_memory

    memory = shared_memory.SharedMemory(create=True, size=4096)
    announce(path + ".name", [memory.name])
    announce(path, [resource_tracker._resource_tracker._pid])
    signal.pause()


SLEEP = ("sleep", "1000")
DEAF = ("sh", "-c", "trap '' TERM; while :; do sleep 0.1; done")


class LeftRunning(Limited):
    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = os.path.join(folder.name, "pids")

    def start_cluster(self, *options):
        self.cluster = stack.Stack(workers=1, manager_options=options)
        self.addCleanup(self.cluster.__exit__)
        self.cluster.wait_workers(1)
        self.client = Client(address=self.cluster.address)
        self.addCleanup(self.client.disconnect)

    def submit(self, function, *arguments):
        """The future, and the processes that the task told of. They run."""
        if os.path.exists(self.path):
            os.remove(self.path)
        future = self.client.submit(function, self.path, *arguments)
        stack.wait_for(lambda: os.path.exists(self.path), "no task tells of what it started")
        with open(self.path, encoding="utf-8") as file:
            pids = [int(word) for word in file.read().split()]
        self.addCleanup(lambda: [os.kill(pid, signal.SIGKILL) for pid in stack.living(pids)])
        return future, pids

    def gone(self, pids, limit_s=10):
        deadline = time.monotonic() + limit_s
        while left := stack.living(pids):
            if time.monotonic() > deadline:
                self.fail(f"still there: {[(pid, stack.command_of(pid)[:3]) for pid in left]}\n{self.cluster.logs()[-2000:]}")
            time.sleep(0.02)

    def of_kind(self, kind):
        return next(pid for pid in stack.children_of(self.cluster.manager.pid) if kind_of(pid) == kind)

    def stop(self):
        self.client.disconnect()
        self.assertEqual(set(self.cluster.stop().values()), {0})

    def test_a_cancelled_task_takes_along_what_it_started(self):
        self.start_cluster()
        for function, arguments in ((starts, SLEEP), (starts_a_pipeline, ()), (starts_a_pool, ()), (starts, DEAF)):
            with self.subTest(function.__name__, arguments=arguments):
                future, pids = self.submit(function, *arguments)
                self.assertTrue(stack.living(pids))
                future.cancel()
                self.gone(pids)
        self.cluster.manager.wait_for_line("does not end in time, send SIGKILL")  # the deaf one
        self.assertEqual(self.client.submit(pow, 2, 3).result(), 8)
        self.stop()

    def test_what_is_left_of_a_cancelled_task_removes_the_memory_that_it_shared(self):
        self.start_cluster()
        future, pids = self.submit(shares_memory)
        name = pathlib.Path(self.path + ".name").read_text()
        self.assertTrue(os.path.exists("/dev/shm/" + name))
        future.cancel()
        self.gone(pids)
        self.assertFalse(os.path.exists("/dev/shm/" + name))
        self.stop()

    def test_a_crash_and_a_time_out_leave_nothing(self):
        self.start_cluster("--task-timeout-seconds", "5")  # time enough for a task to start something
        for function in (starts_and_dies, starts):
            with self.subTest(function.__name__):
                future, pids = self.submit(function, *SLEEP)
                self.assertIsNotNone(future.exception())
                self.gone(pids)
        self.stop()

    def test_what_a_task_leaves_lives_as_long_as_its_processor(self):
        self.start_cluster()
        future, pids = self.submit(starts_and_returns, *SLEEP)
        future.result()
        self.assertEqual(self.client.submit(pow, 2, 3).result(), 8)
        self.assertEqual(stack.living(pids), pids)
        os.kill(self.of_kind("processor"), signal.SIGKILL)  # while it is idle
        self.gone(pids)
        self.stop()

    def test_a_worker_that_ends_leaves_nothing_but_other_sessions(self):
        self.start_cluster()
        own_session, own_session_pids = self.submit(starts_a_session, *SLEEP)
        own_group, own_group_pids = self.submit(starts_and_returns, "timeout", "1000", *SLEEP)
        plain, plain_pids = self.submit(starts_and_returns, *SLEEP)
        for future in (own_session, own_group, plain):
            future.result()
        self.client.disconnect()
        self.assertEqual(self.cluster.manager.stop(), 0)
        self.assertEqual(stack.living(own_group_pids + plain_pids), [])
        self.assertEqual(stack.living(own_session_pids), own_session_pids)

    def test_a_killed_worker_leaves_nothing(self):
        for options in ((), ("--python", sys.executable)):
            with self.subTest(options=options):
                self.start_cluster(*options)
                _, pids = self.submit(starts, "timeout", "1000", *SLEEP)
                family = stack.children_of(self.of_kind("worker"))
                os.kill(self.of_kind("worker"), signal.SIGKILL)
                self.gone(family + pids)
                self.cluster.manager.stop()

    def test_another_interpreter_does_the_same(self):
        self.start_cluster("--python", sys.executable)
        future, pids = self.submit(starts, *SLEEP)
        future.cancel()
        self.gone(pids)
        self.stop()
