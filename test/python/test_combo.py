"""SchedulerClusterCombo: a whole cluster that is there at once and leaves nothing behind."""

import concurrent.futures
import contextlib
import gc
import multiprocessing
import os
import signal
import subprocess
import sys
import tempfile
import threading
import unittest
import unittest.mock

import scaler
from processes import descendants, descriptors, is_free, wait_gone
from scaler import Client
from scaler.cluster.combo import SchedulerClusterCombo
from scaler.cluster.object_storage_server import ObjectStorageServerProcess
from scaler.cluster.program import ProgramNotFoundError, RoleFailedError, find_program
from scaler.config.common.logging import LoggingConfig
from scaler.config.common.worker import WorkerConfig
from scaler.config.common.worker_manager import WorkerManagerConfig
from scaler.config.section.native_worker_manager import NativeWorkerManagerConfig, NativeWorkerManagerMode
from scaler.config.section.scheduler import PolicyConfig
from scaler.config.types.worker import WorkerCapabilities
from scaler.utility.network_util import get_available_tcp_port
from scaler.worker.worker import Worker
from scaler.worker_manager_adapter.baremetal.native import NativeWorkerManager

QUIET = {"logging_paths": ("/dev/null",)}


def addresses(combo):
    return [combo.get_address(), str(combo._object_storage_address)]


class Life(unittest.TestCase):
    def test_a_cluster_serves_when_its_constructor_returns_and_is_gone_after_shutdown(self):
        combo = SchedulerClusterCombo(n_workers=1, **QUIET)
        try:
            self.assertFalse(any(map(is_free, addresses(combo))))
            pids = descendants()
        finally:
            combo.shutdown()
        self.assertGreaterEqual(len(pids), 3)
        wait_gone(pids)
        self.assertTrue(all(map(is_free, addresses(combo))))
        combo.shutdown()  # again: nothing happens

    def test_a_program_whose_workers_cannot_start_is_told_so_while_it_waits(self):
        with SchedulerClusterCombo(n_workers=1, preload="module_that_is_nowhere:function", **QUIET) as combo:
            with Client(combo.get_address()) as client, self.assertLogs("scaler.client", "WARNING") as log:
                client.get({"one": (int,), "two": (abs, "one")}, ["two"], block=False)
                future = client.submit(abs, -1)
                for _ in range(30):
                    with contextlib.suppress(TimeoutError, concurrent.futures.TimeoutError):
                        future.result(timeout=1)
                    if log.records:
                        break
        self.assertRegex(log.output[0], r"tcp://.*: no worker is connected, .*not done: 2\).*has ended \(exit code 1\)")
        self.assertEqual(len(log.output), 1)

    def test_the_last_reference_takes_the_cluster_with_it(self):
        combo = SchedulerClusterCombo(n_workers=1, **QUIET)
        pids = descendants()
        del combo
        gc.collect()
        wait_gone(pids)

    def test_clusters_may_follow_each_other_at_the_same_address(self):
        address = f"tcp://127.0.0.1:{get_available_tcp_port()}"
        for _ in range(3):
            with SchedulerClusterCombo(n_workers=0, address=address, **QUIET) as combo:
                self.assertEqual(combo.get_address(), address)

    def test_five_clusters_leave_no_process_descriptor_or_thread(self):
        SchedulerClusterCombo(n_workers=1, **QUIET).shutdown()
        before = descriptors(), threading.active_count()
        seen = set()
        for _ in range(5):
            with SchedulerClusterCombo(n_workers=1, **QUIET):
                seen.update(descendants())
        self.assertEqual((descriptors(), threading.active_count()), before)
        wait_gone(seen)

    def test_a_taken_address_is_refused_at_once_and_nothing_stays(self):
        with SchedulerClusterCombo(n_workers=0, **QUIET) as first:
            storage = f"tcp://127.0.0.1:{get_available_tcp_port()}"
            before = set(descendants())
            with self.assertRaisesRegex(RoleFailedError, "Scheduler could not start"):
                SchedulerClusterCombo(
                    n_workers=1, address=first.get_address(), object_storage_address=storage, **QUIET
                )
            self.assertLessEqual(set(descendants()), before)

    def test_an_interrupted_shutdown_can_be_called_again(self):
        combo = SchedulerClusterCombo(n_workers=1, **QUIET)
        pids = descendants()
        with unittest.mock.patch.object(type(combo._scheduler), "stop", side_effect=KeyboardInterrupt):
            with self.assertRaises(KeyboardInterrupt):
                combo.shutdown()
        combo.shutdown()
        wait_gone(pids)

    def test_a_role_that_refuses_what_it_was_told_is_started_once(self):
        with tempfile.TemporaryDirectory() as folder:
            starts = os.path.join(folder, "starts")
            program = os.path.join(folder, "scaler")
            with open(program, "w") as file:
                file.write(f"#!/bin/sh\necho $1 >> {starts}\nexec {find_program()} \"$@\"\n")
            os.chmod(program, 0o755)
            with unittest.mock.patch("scaler.cluster.program.find_program", lambda: program):
                with self.assertRaisesRegex(RoleFailedError, "WorkerManager could not start"):
                    SchedulerClusterCombo(n_workers=1, per_worker_capabilities={"a=b": 1}, **QUIET)
            with open(starts) as file:
                self.assertEqual(file.read().split().count("worker_manager"), 1)
        self.assertEqual(descendants(), [])

    def test_a_cluster_may_listen_on_a_path_and_on_ipv6(self):
        with tempfile.TemporaryDirectory() as folder:
            for address in (f"ipc://{folder}/socket", f"tcp://[::1]:{get_available_tcp_port('[::1]')}"):
                with self.subTest(address), SchedulerClusterCombo(n_workers=1, address=address, **QUIET) as combo:
                    with Client(combo.get_address()) as client:
                        self.assertEqual(client.submit(abs, -1).result(20), 1)

    def test_wrong_options_are_refused_by_the_parameter_that_is_wrong(self):
        for options, why in (
            ({"address": "127.0.0.1:5"}, "not an address"),
            ({"heartbeat_interval_seconds": 0}, "heartbeat_interval_seconds"),
            ({"load_balance_trigger_times": 0}, "load_balance_trigger_times"),
            ({"n_workers": -1}, "n_workers"),
            ({"n_workers": 1.5}, "n_workers"),
            ({"scaler_policy": "even"}, "scaler_policy"),
        ):
            with self.subTest(options), self.assertRaisesRegex((ValueError, TypeError), why):
                SchedulerClusterCombo(**{"n_workers": 1, **options}, **QUIET)
        with self.assertRaisesRegex(OSError, "192.0.2.1"):  # no machine has it
            SchedulerClusterCombo(n_workers=1, address="tcp://192.0.2.1:5", **QUIET)
        self.assertEqual(descendants(), [])


class Parents(unittest.TestCase):
    """What becomes of a cluster whose program ends without a word."""

    def run_program(self, text):
        program = (
            "import os, signal, sys\n"
            "from scaler.cluster.combo import SchedulerClusterCombo\n"
            "from processes import descendants\n"
            "combo = SchedulerClusterCombo(n_workers=1, logging_paths=('/dev/null',))\n"
            "print(*descendants(), flush=True)\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", program + text],
            cwd=os.path.dirname(os.path.abspath(__file__)),
            stdout=subprocess.PIPE,
            text=True,
            timeout=60,
        )
        pids = [int(word) for word in done.stdout.split()]
        self.assertGreaterEqual(len(pids), 3)
        wait_gone(pids)
        return done.returncode

    def test_a_program_that_forgets_its_cluster_ends_it(self):
        self.assertEqual(self.run_program(""), 0)

    def test_a_killed_program_takes_its_cluster_with_it(self):
        self.assertEqual(self.run_program("os.kill(os.getpid(), signal.SIGKILL)"), -signal.SIGKILL)

    def test_so_does_one_that_leaves_without_cleaning_up(self):
        self.assertEqual(self.run_program("os._exit(3)"), 3)

    def test_a_forked_child_neither_stops_the_cluster_nor_keeps_it_alive(self):
        text = (
            "pid = os.fork()\n"
            "if pid == 0:\n"
            "    del combo\n"
            "    sys.exit(0)\n"
            "os.waitpid(pid, 0)\n"
            "assert all(role.is_alive() for role in combo._roles())\n"
            "if os.fork() == 0:\n"
            "    os.close(1)\n"
            "    signal.pause()\n"
            "os.kill(os.getpid(), signal.SIGKILL)\n"
        )
        before = set(pid for pid in os.listdir("/proc") if pid.isdigit())
        try:
            self.assertEqual(self.run_program(text), -signal.SIGKILL)
        finally:
            for pid in set(pid for pid in os.listdir("/proc") if pid.isdigit()) - before:
                try:
                    with open(f"/proc/{pid}/cmdline") as file:
                        if "signal.pause" in file.read():
                            os.kill(int(pid), signal.SIGKILL)
                except OSError:
                    pass


SPAWNED_PROGRAM = """
import multiprocessing, sys
from scaler import Client

def square(x):
    return x * x

def child(client, answers):
    answers.put((client.submit(square, 3).result(30), client.map(square, range(4))))

if __name__ == "__main__":
    spawn = multiprocessing.get_context("spawn")
    answers = spawn.Queue()
    with Client(sys.argv[1]) as client:
        process = spawn.Process(target=child, args=(client, answers))
        process.start()
        print(*answers.get(timeout=30))
        process.join()
"""


class Spawned(unittest.TestCase):
    def test_functions_of_a_script_travel_from_its_spawned_processes_too(self):
        with SchedulerClusterCombo(n_workers=1, **QUIET) as combo, tempfile.TemporaryDirectory() as folder:
            script = os.path.join(folder, "program.py")
            with open(script, "w") as file:
                file.write(SPAWNED_PROGRAM)
            words = [sys.executable, script, combo.get_address()]
            done = subprocess.run(words, stdout=subprocess.PIPE, text=True, timeout=60)
            self.assertEqual(done.stdout, "9 [0, 1, 4, 9]\n")


class Parts(unittest.TestCase):
    def test_published_programs_find_the_attributes_they_read(self):
        with SchedulerClusterCombo(n_workers=2, heartbeat_interval_seconds=3, per_worker_queue_size=7, **QUIET) as combo:
            manager = combo._worker_manager
            self.assertEqual(manager._address, combo._address)
            self.assertEqual(manager._object_storage_address, combo._object_storage_address)
            self.assertEqual((manager._task_queue_size, manager._heartbeat_interval_seconds), (7, 3))
            for name in (
                "task_timeout_seconds death_timeout_seconds garbage_collect_interval_seconds trim_memory_threshold_bytes "
                "hard_processor_suspend io_threads event_loop logging_paths logging_level logging_config_file"
            ).split():
                self.assertTrue(hasattr(manager, "_" + name), name)
            self.assertTrue(combo._worker_manager_process.is_alive())
            combo._scheduler.kill()
            combo._scheduler.join(10)
            self.assertEqual(combo._scheduler.exitcode, -signal.SIGKILL)

    def test_a_second_manager_brings_workers_of_another_kind(self):
        policy = PolicyConfig(policy_content="allocate=capability; scaling=no")
        with SchedulerClusterCombo(n_workers=1, scaler_policy=policy, **QUIET) as combo:
            manager = NativeWorkerManager(
                NativeWorkerManagerConfig(
                    worker_manager_config=WorkerManagerConfig(
                        scheduler_address=combo._worker_manager._address,
                        worker_manager_id="gpu",
                        object_storage_address=combo._worker_manager._object_storage_address,
                        max_task_concurrency=1,
                    ),
                    mode=NativeWorkerManagerMode.FIXED,
                    worker_config=WorkerConfig(per_worker_capabilities=WorkerCapabilities({"gpu": -1})),
                    logging_config=LoggingConfig(paths=("/dev/null",)),
                )
            )
            for method in ("fork", "spawn"):
                process = multiprocessing.get_context(method).Process(target=manager.run)
                process.start()
                try:
                    with Client(address=combo.get_address()) as client:
                        future = client.submit_verbose(abs, (-1,), {}, capabilities={"gpu": 1})
                        self.assertEqual(future.result(30), 1)
                finally:
                    process.terminate()
                    process.join(30)
                self.assertEqual(process.exitcode, 0)

    def test_tasks_run_in_the_minor_version_of_the_program(self):
        with SchedulerClusterCombo(n_workers=1, **QUIET) as combo, Client(address=combo.get_address()) as client:
            version = client.submit(lambda: tuple(__import__("sys").version_info[:2])).result(30)
        self.assertEqual(version, sys.version_info[:2])

    @unittest.skipIf(sys.version_info[:2] == (3, 11), "workers run this version by themselves")
    def test_code_for_a_worker_of_another_version_is_refused_by_one_sentence_that_names_both(self):
        own = "%d.%d" % sys.version_info[:2]
        with SchedulerClusterCombo(n_workers=0, **QUIET) as combo:
            words = ["worker_manager", "baremetal_native", combo.get_address(), "-wmi", "other", "--mode", "fixed", "-mtc", "1",
                     "--logging-paths", "/dev/null"]
            environment = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
            manager = subprocess.Popen([find_program(), *words], env=environment)
            try:
                with Client(address=combo.get_address()) as client:
                    self.assertEqual(client.submit(len, "named").result(30), 5)  # by its name
                    says = f"pickled by Python {own}, and this worker runs Python 3.11"
                    for function, argument in ((lambda x: x, 1), (callable, lambda x: x)):
                        with self.assertRaisesRegex(Exception, says):
                            client.submit(function, argument).result(30)
            finally:
                manager.terminate()
                self.assertEqual(manager.wait(30), 0)

    def test_one_worker_can_be_started_by_itself(self):
        with SchedulerClusterCombo(n_workers=0, **QUIET) as combo:
            worker = Worker("single", combo.get_address(), **QUIET)
            worker.start()
            try:
                with Client(address=combo.get_address()) as client:
                    self.assertEqual(client.submit(abs, -1).result(30), 1)
            finally:
                worker.stop()
            self.assertEqual(worker.exitcode, 0)

    def test_an_object_storage_server_alone_says_when_it_is_ready(self):
        server = ObjectStorageServerProcess(f"tcp://127.0.0.1:{get_available_tcp_port()}", **QUIET)
        server.start()
        try:
            server.wait_until_ready()
            self.assertTrue(server.is_alive())
        finally:
            server.stop()
        self.assertEqual(server.exitcode, 0)

    def test_a_missing_program_is_named_with_where_it_was_looked_for(self):
        old = os.environ.get("SCALER_BINARY")
        os.environ["SCALER_BINARY"] = "/nowhere/scaler"
        try:
            with self.assertRaisesRegex(ProgramNotFoundError, "SCALER_BINARY names '/nowhere/scaler'"):
                find_program()
        finally:
            del os.environ["SCALER_BINARY"]
            if old is not None:
                os.environ["SCALER_BINARY"] = old
        self.assertTrue(os.access(find_program(), os.X_OK))

    def test_the_package_and_its_program_have_one_version(self):
        said = subprocess.run([find_program(), "--version"], check=True, stdout=subprocess.PIPE, text=True).stdout
        self.assertEqual(said.split()[1], scaler.__version__)


if __name__ == "__main__":
    unittest.main()
