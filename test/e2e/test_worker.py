"""The life of a worker: preload, environments, suspension, signals, what comes back after something went away, and what stays
behind after many tasks."""

import importlib.util
import operator
import os
import pathlib
import platform
import re
import signal
import subprocess
import sys
import threading
import time
import unittest

from scaler import Client
from scaler.utility.exceptions import ProcessorDiedError

import stack
from soak import kind_of
from test_client import EndToEnd, announce_and_nap, fibonacci, map_with, square, wait_for_file, where


def down(client, depth):
    """A task that waits for a task that waits for a task."""
    return 0 if depth == 0 else 1 + client.submit(down, client, depth - 1).result()


def submit_from_a_thread(x):
    """The context of a task is seen by the threads that it starts."""
    import threading

    from scaler import Client

    results = []

    def inner():
        with Client() as client:
            results.append(client.submit(square, x).result())

    thread = threading.Thread(target=inner)
    thread.start()
    thread.join()
    return results


def announce_then_child(client, started, child_started, finish):
    with open(started, "w", encoding="utf-8") as file:
        file.write(str(os.getpid()))
    return client.submit(announce_and_nap, child_started, finish).result()


def spin():
    while True:
        pass


def processes(manager, kind):
    return [pid for pid in stack.children_of(manager.pid) if kind_of(pid) == kind]


def until(condition, what, limit_s=30):
    deadline = time.monotonic() + limit_s
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not in {limit_s} s: {what}")
        time.sleep(0.01)


def state_of(pid):
    return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]


class Limited(unittest.TestCase):
    def setUp(self):
        signal.signal(signal.SIGALRM, signal.default_int_handler)
        signal.alarm(120)
        self.addCleanup(signal.alarm, 0)
        self.folder = pathlib.Path(self.enterContext(stack.temporary_folder()))


class Preload(Limited):
    def write_module(self, text):
        (self.folder / "preloaded_here.py").write_text(text)
        return {"PYTHONPATH": str(self.folder)}

    def test_a_preload_that_fails_ends_the_worker_with_one_line_and_its_tasks_go_elsewhere(self):
        env = self.write_module("def fail(text):\n    raise ValueError(text)\n")
        with stack.Stack(workers=0) as cluster:
            bad = stack.Role("worker_manager", "baremetal_native", cluster.address, "--worker-manager-id", "wm-bad", "--mode",
                             "fixed", "--max-task-concurrency", "1", "--preload", "preloaded_here:fail('by design')", env=env)
            self.addCleanup(bad.kill)
            client = Client(address=cluster.address)
            try:
                future = client.submit(square, 7)
                line = bad.wait_for_line("a processor cannot start")
                self.assertRegex(line, r"initialization failed due to preload error: preloaded_here:fail\('by design'\): "
                                       r"ValueError: by design")
                cluster.scheduler.wait_for_line(r"WorkerID\(.*\) (disconnected|left|timed out)|DisconnectRequest|disconnect")
                cluster.add_manager(1)
                self.assertEqual(future.result(timeout=60), 49)
                self.assertEqual(bad.wait_exit(), 1)  # it tried five times
            finally:
                client.disconnect()

    def test_preload_runs_once_in_every_processor_before_its_first_task(self):
        env = self.write_module("import os\ncalls = []\ndef init(*a, **k):\n    calls.append((os.getpid(), a, k))\n")

        def calls():
            import os

            import preloaded_here

            return preloaded_here.calls == [(os.getpid(), (1, "x"), {"k": [None]})], os.getpid()

        with stack.Stack(workers=1, manager_options=["--preload", "preloaded_here:init(1, 'x', k=[None])"], env=env) as cluster:
            client = Client(address=cluster.address)
            try:
                done, first = client.submit(calls).result()
                self.assertTrue(done)
                with self.assertRaises(ProcessorDiedError):
                    client.submit(os._exit, 3).result()
                done, second = client.submit(calls).result()
                self.assertTrue(done)
                self.assertNotEqual(first, second)
            finally:
                client.disconnect()


class Environments(EndToEnd):
    workers = 1

    def test_scientific_packages_of_the_environment_load_and_work(self):
        def exercise(name):
            if name == "numpy":
                import numpy

                return float(numpy.linalg.det(numpy.eye(3)))
            if name == "pandas":
                import pandas

                return float(pandas.DataFrame({"a": [1.0, 2.0]}).a.sum()) - 2
            if name == "pyarrow":
                import pyarrow

                return float(len(pyarrow.array([1])))
            from scipy import optimize

            return float(round(optimize.brentq(lambda x: x - 1, 0, 2), 6))

        for name in ("numpy", "pandas", "pyarrow", "scipy"):
            if importlib.util.find_spec(name) is None:
                continue  # this environment was made without it
            with self.subTest(name):
                self.assertEqual(self.client.submit(exercise, name).result(timeout=60), 1.0)

    def test_every_name_that_pickles_and_programs_use_can_be_imported(self):
        def missing():
            import importlib

            names = ["scaler.client.serializer.default", "scaler.client.serializer.mixins", "scaler.client.client",
                     "scaler.client.object_reference", "scaler.utility.identifiers", "scaler.utility.exceptions",
                     "scaler.worker.agent.processor.processor", "cloudpickle", "tblib"]
            failed = []
            for name in names:
                try:
                    importlib.import_module(name)
                except ImportError as error:
                    failed.append(f"{name}: {error}")
            return failed

        self.assertEqual(self.client.submit(missing).result(), [])

    def test_the_environment_of_the_option_wins_over_the_active_one(self):
        with stack.Stack(workers=1, manager_options=["--python-env", sys.prefix], env={"VIRTUAL_ENV": ""}) as cluster:
            with Client(address=cluster.address) as client:
                self.assertEqual(client.submit(lambda: __import__("sys").prefix).result(), sys.prefix)

    def test_modules_of_pythonpath_are_found(self):
        with stack.temporary_folder() as folder:
            pathlib.Path(folder, "only_on_that_path.py").write_text("VALUE = 17\n")
            with stack.Stack(workers=1, env={"PYTHONPATH": folder}) as cluster, Client(address=cluster.address) as client:
                self.assertEqual(client.submit(lambda: __import__("only_on_that_path").VALUE).result(), 17)


def other_pythons():
    """{version: an interpreter} of those that are installed here beside the one that runs the tests."""
    found = {}
    for path in [*pathlib.Path.home().glob(".pyenv/versions/3.*/bin/python"), pathlib.Path("/usr/bin/python3")]:
        if path.exists():
            version = subprocess.run([path, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"], capture_output=True,
                                     text=True, check=True).stdout.strip()
            found[version] = str(path)
    return found


class OtherPythons(Limited):
    def start(self, *options):
        cluster = self.enterContext(stack.Stack(workers=1, manager_options=options))
        client = Client(address=cluster.address)
        self.addCleanup(client.disconnect)
        return cluster, client

    def test_tasks_run_under_other_interpreters(self):
        for version, path in other_pythons().items():
            if version in ("3.8", "3.11", "3.13"):
                with self.subTest(version):
                    cluster, client = self.start("--python", path)
                    self.assertTrue(client.submit(platform.python_version).result(timeout=60).startswith(version + "."))
                    self.assertEqual(client.submit(operator.mul, b"x" * 500_000, 2).result(timeout=60), b"x" * 1_000_000)
                    with self.assertRaises(ZeroDivisionError):
                        client.submit(operator.truediv, 1, 0).result(timeout=60)
                    with self.assertRaises(ProcessorDiedError):
                        client.submit(os._exit, 3).result(timeout=60)
                    self.assertEqual(client.submit(operator.mul, 6, 7).result(timeout=60), 42)
                    if not platform.python_version().startswith(version + "."):
                        with self.assertRaisesRegex(Exception, "need the same minor version"):
                            client.submit(lambda: 7).result(timeout=60)
                    cluster.stop()

    def test_another_interpreter_suspends_nests_and_is_limited_like_our_own(self):
        cluster, client = self.start("--python", sys.executable, "--task-cpu-limit", "1")
        self.assertEqual(client.submit(fibonacci, client, 3).result(timeout=60), 2)
        cluster.manager.wait_for_line(r"suspend Processor")
        with self.assertRaisesRegex(TimeoutError, "task_cpu_limit=1"):
            client.submit(spin).result(timeout=60)
        self.assertEqual(client.submit(square, 3).result(timeout=60), 9)
        cluster.stop()

    def test_an_interpreter_that_is_too_old_or_none_is_refused_in_one_line(self):
        refused = stack.Role("worker_manager", "baremetal_native", "tcp://127.0.0.1:1", "--worker-manager-id", "w", "--mode",
                             "fixed", "--python", "/nowhere/python")
        self.assertEqual(refused.wait_exit(), 2)
        refused.wait_for_line("--python /nowhere/python: No such file or directory")
        old = other_pythons().get("3.7")
        if old is None:
            self.skipTest("no Python 3.7 here")
        cluster, _ = self.start("--python", old)
        cluster.manager.wait_for_line(r"is Python 3\.7\.\d+; tasks need CPython 3\.8 or later")


class Nesting(EndToEnd):
    workers = 1

    def test_tasks_nest_deeper_than_there_are_workers(self):
        self.assertEqual(self.client.submit(down, self.client, 8).result(timeout=80), 8)

    def test_a_thread_of_a_task_finds_the_scheduler_too(self):
        self.assertEqual(self.client.submit(submit_from_a_thread, 6).result(), [36])

    def suspend(self, folder):
        """(the parent's future, its pid, the file that ends the child): the parent is suspended, its child runs."""
        started, child_started, finish = (os.path.join(folder, name) for name in ("started", "child", "finish"))
        future = self.client.submit(announce_then_child, self.client, started, child_started, finish)
        wait_for_file(child_started)
        return future, int(pathlib.Path(started).read_text()), finish

    def test_a_suspended_parent_goes_on_when_its_child_has_ended(self):
        with stack.temporary_folder() as folder:
            future, pid, finish = self.suspend(folder)
            self.stack.manager.wait_for_line(rf"suspend Processor\[{pid}\]")
            open(finish, "w").close()
            self.assertEqual(future.result(timeout=60), finish)

    def test_a_suspended_processor_that_is_killed_costs_its_own_task_only(self):
        with stack.temporary_folder() as folder:
            future, pid, finish = self.suspend(folder)
            os.kill(pid, signal.SIGKILL)
            with self.assertRaises(ProcessorDiedError):
                future.result(timeout=60)
            open(finish, "w").close()
            self.assertEqual(self.client.submit(square, 3).result(timeout=60), 9)

    def test_a_suspended_task_is_cancelled_at_once(self):
        with stack.temporary_folder() as folder:
            future, pid, finish = self.suspend(folder)
            self.assertTrue(future.cancel())
            until(lambda: not stack.living([pid]), "the end of the suspended processor")
            open(finish, "w").close()
            self.assertEqual(self.client.submit(square, 4).result(timeout=60), 16)

    def test_a_fork_is_born_with_the_client_once_a_task_used_it(self):
        self.client.submit(down, self.client, 1).result(timeout=60)
        loaded = lambda: "scaler.client.client" in __import__("sys").modules  # noqa: E731

        def fresh_processor_has_it():
            with self.assertRaises(ProcessorDiedError):
                self.client.submit(os._exit, 3).result(timeout=60)
            return self.client.submit(loaded).result(timeout=60)

        until(fresh_processor_has_it, "a processor that starts with the client")


class HardNesting(EndToEnd):
    workers = 1
    stack_options = {"manager_options": ["--hard-processor-suspend"]}

    def test_a_suspended_process_is_stopped_and_goes_on(self):
        with stack.temporary_folder() as folder:
            future, pid, finish = Nesting.suspend(self, folder)
            until(lambda: state_of(pid) == "T", "a stopped process")
            open(finish, "w").close()
            self.assertEqual(future.result(timeout=60), finish)


class Deaths(EndToEnd):
    workers = 1

    def test_a_killed_zygote_is_replaced_and_tasks_go_on(self):
        zygote = processes(self.stack.manager, "zygote")
        os.kill(zygote[0], signal.SIGKILL)
        until(lambda: processes(self.stack.manager, "zygote") not in ([], zygote), "another zygote")
        with self.assertRaises(ProcessorDiedError):
            self.client.submit(os._exit, 3).result(timeout=60)
        self.assertEqual(self.client.submit(square, 3).result(timeout=60), 9)

    def test_a_killed_idle_processor_is_replaced(self):
        before = self.client.submit(where).result()
        os.kill(before, signal.SIGKILL)
        self.stack.manager.wait_for_line(rf"processor {before} ended by signal 9 .* while it had no task")
        after = self.client.submit(where).result(timeout=60)
        self.assertNotEqual(before, after)

    def test_signals_end_a_worker_in_order_and_its_task_runs_elsewhere(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(number), stack.temporary_folder() as folder, stack.Stack(workers=1) as cluster:
                started, finish = os.path.join(folder, "started"), os.path.join(folder, "finish")
                client = Client(address=cluster.address)
                try:
                    future = client.submit(announce_and_nap, started, finish)
                    wait_for_file(started)
                    (worker,) = processes(cluster.manager, "worker")
                    children = stack.children_of(worker)
                    os.remove(started)
                    os.kill(worker, number)
                    cluster.manager.wait_for_line(r"Worker\[0\].* ended$")
                    until(lambda: not stack.living(children), "the end of the worker's processes")
                    cluster.add_manager(1, "wm-other")
                    wait_for_file(started)
                    open(finish, "w").close()
                    self.assertEqual(future.result(timeout=60), finish)
                finally:
                    client.disconnect()


class Returns(Limited):
    """What was away comes back: workers serve whoever asks next."""

    def restart(self, role):
        role.kill()
        arguments = role.arguments[1:]
        again = stack.Role(*arguments)
        self.addCleanup(again.kill)
        return again

    def test_workers_return_to_a_scheduler_that_was_killed(self):
        with stack.Stack(workers=2) as cluster:
            cluster.wait_workers(2)
            held = self.folder / "finish"
            with_old = Client(address=cluster.address, timeout_seconds=2)
            with_old.submit(announce_and_nap, str(self.folder / "started"), str(held))
            wait_for_file(self.folder / "started")
            workers = sorted(processes(cluster.manager, "worker"))
            cluster.scheduler = self.restart(cluster.scheduler)
            cluster.scheduler.wait_for_line(r"WorkerID\(.*\) connected", count=2)
            held.touch()  # its result is nobody's now
            with Client(address=cluster.address) as client:
                self.assertEqual(map_with(client, square, range(50)), [i * i for i in range(50)])
            self.assertEqual(sorted(processes(cluster.manager, "worker")), workers)
            threading.Thread(target=with_old.disconnect, daemon=True).start()

    def test_workers_return_to_a_store_that_was_killed(self):
        with stack.Stack(workers=2) as cluster:
            cluster.wait_workers(2)
            with Client(address=cluster.address) as client:
                self.assertEqual(client.submit(square, 3).result(), 9)
            workers = sorted(processes(cluster.manager, "worker"))
            cluster.storage = self.restart(cluster.storage)
            cluster.storage.wait_for_line("started")
            with Client(address=cluster.address) as client:
                self.assertEqual(map_with(client, square, range(50)), [i * i for i in range(50)])
            self.assertEqual(sorted(processes(cluster.manager, "worker")), workers)


def print_much(lines):
    for i in range(lines):
        print(str(i % 10) * 999)
    return lines


class Output(EndToEnd):
    workers = 1

    def test_a_task_that_prints_60_mb_still_gives_its_result(self):
        program = (
            "import sys; sys.path.insert(0, sys.argv[2])\n"
            "from scaler import Client\n"
            "from test_worker import print_much\n"
            "with Client(address=sys.argv[1], stream_output=True) as client:\n"
            "    assert client.submit(print_much, 60_000).result() == 60_000\n"
        )
        ran = subprocess.run([sys.executable, "-c", program, self.stack.address, os.path.dirname(__file__)],
                             stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, timeout=80, check=False)
        self.assertEqual(ran.returncode, 0, ran.stderr)
        (worker,) = processes(self.stack.manager, "worker")
        self.assertLess(int(re.search(r"VmHWM:\s+(\d+)", pathlib.Path(f"/proc/{worker}/status").read_text())[1]), 200_000)


class Leaks(EndToEnd):
    workers = 1

    def descriptors(self):
        return {kind: [len(os.listdir(f"/proc/{pid}/fd")) for pid in processes(self.stack.manager, kind)]
                for kind in ("worker", "zygote", "processor")}

    def resident_mb(self):
        pids = stack.children_of(self.stack.manager.pid)
        return sum(int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())[1]) for pid in pids) / 1024

    def test_5000_tasks_leave_no_descriptor_no_zombie_and_no_memory_behind(self):
        def work(i):
            return i, bytes(1000)

        numbers = self.client.send_object(7)
        run = lambda count: [f.result() for f in [self.client.submit(work, numbers) for _ in range(count)]]  # noqa: E731
        run(1000)
        descriptors, resident = self.descriptors(), self.resident_mb()
        run(4000)
        for _ in range(20):
            with self.assertRaises(ProcessorDiedError):
                self.client.submit(os._exit, 3).result()
        run(10)
        self.assertEqual(self.descriptors(), descriptors)
        self.assertLess(self.resident_mb(), resident + 12)
        zombies = [pid for pid in os.listdir("/proc") if pid.isdigit() and is_zombie_below(int(pid), self.stack.manager.pid)]
        self.assertEqual(zombies, [])


def is_zombie_below(pid, ancestor):
    try:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return False
    return fields[0] == "Z" and (int(fields[1]) == ancestor or int(fields[1]) in stack.children_of(ancestor))


if __name__ == "__main__":
    unittest.main(verbosity=2)
