"""An unmodified client of opengris-scaler against our store, scheduler and workers.

Run with the Python of an environment that has opengris-scaler installed; test/run makes one per version.
"""

import functools
import math
import operator
import os
import pickle
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import traceback
import unittest
from concurrent.futures import CancelledError, wait

import scaler
from scaler import Client, Serializer
from scaler.utility.exceptions import ProcessorDiedError

import stack
from limited import Limited
from versions import CLIENT, map_with



def square(x):
    return x * x


def add(x, y):
    return x + y


def inc(x):
    return x + 1


def boom(x):
    raise ValueError(f"boom {x}")


def exit_hard(code):
    os._exit(code)


def nap_until(path):
    """Runs until the file exists: an event instead of a time."""
    while not os.path.exists(path):
        time.sleep(0.01)
    return path


def nap(seconds):
    time.sleep(seconds)


def announce_and_nap(started, finish):
    with open(started, "w", encoding="utf-8"):
        pass
    return nap_until(finish)


def talk(text):
    print(text)
    print(text.upper(), file=sys.stderr)
    return len(text)


def fibonacci(client, n):
    if n < 2:
        return n
    left = client.submit(fibonacci, client, n - 1)
    right = client.submit(fibonacci, client, n - 2)
    return left.result() + right.result()


def where():
    return os.getpid()


class TaggedSerializer(Serializer):
    """Puts a tag before every payload, and insists on it."""

    @staticmethod
    def serialize(obj):
        import cloudpickle

        return b"TAG1" + cloudpickle.dumps(obj)

    @staticmethod
    def deserialize(payload):
        if bytes(payload[0:4]) != b"TAG1":
            raise ValueError("the tag is missing")
        return pickle.loads(payload[4:])


def wait_for_file(path, limit_s=30):
    deadline = time.monotonic() + limit_s
    while not os.path.exists(path):
        if time.monotonic() > deadline:
            raise AssertionError(f"{path} did not appear")
        time.sleep(0.01)


class EndToEnd(Limited):
    """One stack for all tests of a class; each test has its own client."""

    LIMIT_S = 90
    workers = 2
    stack_options = {}

    @classmethod
    def setUpClass(cls):
        cls.stack = stack.Stack(workers=cls.workers, **cls.stack_options)
        cls.stack.wait_workers(cls.workers)

    @classmethod
    def tearDownClass(cls):
        codes = cls.stack.stop()
        if any(codes.values()):
            raise AssertionError(f"exit codes {codes}\n{cls.stack.logs()}")

    def setUp(self):
        super().setUp()
        self.client = Client(address=self.stack.address)

    def tearDown(self):
        self.client.disconnect()

    def last_words(self):
        return self.stack.logs()


class Tasks(EndToEnd):
    def test_submit_gives_the_result(self):
        self.assertEqual(self.client.submit(square, 7).result(), 49)

    def test_many_submits_give_their_own_results(self):
        futures = [self.client.submit(square, i) for i in range(500)]
        self.assertEqual([future.result() for future in futures], [i * i for i in range(500)])

    def test_futures_can_be_waited_for_together(self):
        futures = [self.client.submit(square, i) for i in range(20)]
        done, rest = wait(futures, timeout=60)  # this client may count one twice and leave another in `rest`, done as well
        self.assertEqual(sorted(future.result() for future in done | rest), sorted(i * i for i in range(20)))

    def test_map_keeps_the_order(self):
        self.assertEqual(map_with(self.client, square, range(300)), [i * i for i in range(300)])

    def test_map_takes_several_iterables(self):
        self.assertEqual(map_with(self.client, add, [1, 2, 3], [10, 20, 30]), [11, 22, 33])

    @unittest.skipIf(CLIENT < (2, 0), "this client has no starmap")
    def test_starmap_unpacks(self):
        self.assertEqual(self.client.starmap(math.pow, [(2, 3), (3, 2)]), [8.0, 9.0])

    def test_submit_verbose_takes_keyword_arguments(self):
        self.assertEqual(self.client.submit_verbose(add, (1,), {"y": 2}).result(), 3)

    def test_lambda_partial_method_and_builtin_run(self):
        self.assertEqual(self.client.submit(lambda x: x - 1, 5).result(), 4)
        self.assertEqual(self.client.submit(functools.partial(add, 3), 4).result(), 7)
        self.assertEqual(self.client.submit("abc".upper).result(), "ABC")
        self.assertEqual(self.client.submit(operator.mul, 6, 7).result(), 42)

    def test_an_object_sent_once_serves_many_tasks(self):
        reference = self.client.send_object(list(range(1000)), name="numbers")
        self.assertEqual(self.client.submit(sum, reference).result() if _has_signature(sum) else sum(range(1000)), 499500)
        self.assertEqual(self.client.submit(add, reference, reference).result(), list(range(1000)) * 2)

    def test_none_and_empty_results_travel(self):
        self.assertIsNone(self.client.submit(lambda: None).result())
        self.assertEqual(self.client.submit(lambda: b"").result(), b"")

    def test_large_payloads_travel_both_ways(self):
        payload = os.urandom(1 << 20) * 100
        self.assertEqual(self.client.submit(len, payload).result() if _has_signature(len) else len(payload), len(payload))
        self.assertEqual(self.client.submit(lambda x: x[::-1], payload).result(), payload[::-1])

    def test_numpy_loads_in_a_task(self):
        def dot(n):
            import numpy

            return float(numpy.ones(n) @ numpy.ones(n))

        self.assertEqual(self.client.submit(dot, 1000).result(), 1000.0)

    def test_profile_of_a_task_is_plausible(self):
        future = self.client.submit(lambda: sum(i for i in range(200_000)))
        future.result()
        profile = future.profiling_info()
        self.assertGreater(profile.duration_s, 0)
        self.assertLess(profile.duration_s, 30)
        self.assertGreaterEqual(profile.cpu_time_s, 0)

    def test_multiprocessing_works_inside_a_task(self):
        def child_exit_code():
            import subprocess as processes

            return processes.run([sys.executable, "-c", "import sys; sys.exit(7)"]).returncode

        self.assertEqual(self.client.submit(child_exit_code).result(), 7)

    def test_user_code_runs_in_the_main_thread(self):
        self.assertTrue(
            self.client.submit(lambda: __import__("threading").current_thread() is __import__("threading").main_thread()).result()
        )

    def test_both_workers_take_part(self):
        with stack.temporary_folder() as folder:
            finish = os.path.join(folder, "finish")
            starts = [os.path.join(folder, f"start{i}") for i in range(2)]
            futures = [self.client.submit(announce_and_nap, start, finish) for start in starts]
            for start in starts:
                wait_for_file(start)  # both at once: two different processes
            open(finish, "w").close()
            for future in futures:
                self.assertEqual(future.result(), finish)


def _has_signature(function):
    import inspect

    try:
        inspect.signature(function)
    except ValueError:
        return False
    return True


class Failures(EndToEnd):
    def test_an_exception_arrives_with_its_remote_traceback(self):
        try:
            self.client.submit(boom, 3).result()
            self.fail("no exception")
        except ValueError as error:
            self.assertEqual(str(error), "boom 3")
            self.assertIn("boom", [frame.name for frame in traceback.extract_tb(error.__traceback__)])

    def test_the_cause_of_an_exception_travels(self):
        def chained():
            try:
                {}["missing"]
            except KeyError as error:
                raise RuntimeError("outer") from error

        with self.assertRaises(RuntimeError) as caught:
            self.client.submit(chained).result()
        self.assertIsInstance(caught.exception.__cause__, KeyError)

    def test_an_exception_class_of_the_script_arrives_as_itself(self):
        class OwnError(Exception):
            pass

        def raise_own():
            raise OwnError("mine")

        with self.assertRaises(Exception) as caught:
            self.client.submit(raise_own).result()
        self.assertEqual(type(caught.exception).__name__, "OwnError")
        self.assertEqual(str(caught.exception), "mine")

    def test_a_processor_that_exits_costs_its_task_only(self):
        doomed = self.client.submit(exit_hard, 3)
        others = [self.client.submit(square, i) for i in range(50)]
        with self.assertRaises(ProcessorDiedError) as caught:
            doomed.result()
        self.assertIn("process_status='zombie'", str(caught.exception))
        self.assertIn("3", str(caught.exception))
        self.assertEqual([future.result() for future in others], [i * i for i in range(50)])

    def test_a_processor_killed_from_outside_costs_its_task_only(self):
        with stack.temporary_folder() as folder:
            start, finish = os.path.join(folder, "start"), os.path.join(folder, "finish")

            def write_pid_and_nap(start_path, finish_path):
                with open(start_path + ".tmp", "w", encoding="utf-8") as file:
                    file.write(str(os.getpid()))
                os.rename(start_path + ".tmp", start_path)
                while not os.path.exists(finish_path):
                    time.sleep(0.01)

            victim = self.client.submit(write_pid_and_nap, start, finish)
            wait_for_file(start)
            with open(start, encoding="utf-8") as file:
                os.kill(int(file.read()), signal.SIGKILL)
            with self.assertRaises(ProcessorDiedError) as caught:
                victim.result()
            self.assertIn("signal 9", str(caught.exception))
        self.assertEqual(map_with(self.client, square, range(20)), [i * i for i in range(20)])

    def test_sys_exit_in_a_task_is_a_failed_task(self):
        with self.assertRaises(Exception) as caught:
            self.client.submit(sys.exit, 5).result()
        self.assertIsInstance(caught.exception, ProcessorDiedError)
        self.assertEqual(self.client.submit(square, 2).result(), 4)

    def test_a_result_that_cannot_be_pickled_fails_its_task(self):
        with self.assertRaises(Exception) as caught:
            self.client.submit(lambda: threading.Lock()).result()
        self.assertIn("pickle", str(caught.exception))

    def test_a_failing_map_raises_the_exception_of_the_function(self):
        with self.assertRaises(ValueError):
            map_with(self.client, boom, [1, 2, 3])


class Graphs(EndToEnd):
    def test_a_graph_gives_the_wanted_keys(self):
        graph = {"a": 2, "b": 3, "c": (inc, "a"), "d": (add, "c", "b"), "e": (add, "d", "c")}
        self.assertEqual(self.client.get(graph, keys=["e", "d", "a"]), {"e": 9, "d": 6, "a": 2})

    def test_a_node_may_name_the_same_input_twice(self):
        self.assertEqual(self.client.get({"a": 2, "b": (inc, "a"), "c": (add, "b", "b")}, keys=["c"]), {"c": 6})

    def test_a_chain_of_300(self):
        graph = {"x0": 0, **{f"x{i + 1}": (inc, f"x{i}") for i in range(300)}}
        self.assertEqual(self.client.get(graph, keys=["x300"]), {"x300": 300})

    def test_a_failing_node_fails_what_depends_on_it_and_nothing_else(self):
        graph = {"a": 2, "bad": (boom, "a"), "after": (inc, "bad"), "side": (inc, "a")}
        futures = self.client.get(graph, keys=["bad", "after"], block=False)
        for key in ("bad", "after"):
            with self.assertRaises(ValueError):
                futures[key].result()
        self.assertEqual(self.client.submit(square, 3).result(), 9)

    def test_a_cancelled_graph_ends_every_future(self):
        with stack.temporary_folder() as folder:
            start, finish = os.path.join(folder, "start"), os.path.join(folder, "finish")
            graph = {"s": start, "f": finish, "a": (announce_and_nap, "s", "f"), "b": (len, "a"), "c": (inc, "b")}
            futures = self.client.get(graph, keys=["a", "c"], block=False)
            wait_for_file(start)
            self.assertTrue(futures["c"].cancel())
            with self.assertRaises(CancelledError):
                futures["c"].result()
        self.assertEqual(self.client.submit(square, 3).result(), 9)


class Cancels(EndToEnd):
    workers = 1

    def test_queued_and_running_tasks_are_cancelled_at_once(self):
        with stack.temporary_folder() as folder:
            start, finish = os.path.join(folder, "start"), os.path.join(folder, "finish")
            running = self.client.submit(announce_and_nap, start, finish)
            queued = [self.client.submit(square, i) for i in range(5)]
            wait_for_file(start)
            self.assertTrue(queued[2].cancel())
            began = time.monotonic()
            self.assertTrue(running.cancel())
            self.assertLess(time.monotonic() - began, 1.0)  # the peer's worker needs three seconds
            for future in (running, queued[2]):
                with self.assertRaises(CancelledError):
                    future.result()
            self.assertEqual([f.result() for f in queued if f is not queued[2]], [0, 1, 9, 16])

    def test_clear_forgets_objects_and_keeps_the_client(self):
        self.assertEqual(self.client.submit(square, 3).result(), 9)
        self.client.clear()
        self.assertEqual(self.client.submit(square, 4).result(), 16)

    def test_disconnect_cancels_what_is_open(self):
        with stack.temporary_folder() as folder:
            start = os.path.join(folder, "start")
            other = Client(address=self.stack.address)
            future = other.submit(announce_and_nap, start, os.path.join(folder, "finish"))
            wait_for_file(start)
            other.disconnect()
            with self.assertRaises(CancelledError):
                future.result()
        self.assertEqual(self.client.submit(square, 5).result(), 25)


class Nested(EndToEnd):
    workers = 1

    def test_a_client_passed_as_argument_submits_from_inside_a_task(self):
        self.assertEqual(self.client.submit(fibonacci, self.client, 5).result(), 5)

    def test_a_client_without_address_inside_a_task_finds_the_scheduler(self):
        def parent(x):
            from scaler import Client as Inner

            with Inner() as inner:
                return inner.submit(square, x).result() + 1

        self.assertEqual(self.client.submit(parent, 6).result(), 37)


class OutputAndSerializer(EndToEnd):
    def test_output_of_tasks_is_streamed_to_the_client(self):
        program = (
            "import sys; sys.path.insert(0, sys.argv[2])\n"
            "from scaler import Client\n"
            "def talk(text):\n"
            "    import sys\n"
            "    print(text); print(text.upper(), file=sys.stderr); return len(text)\n"
            "with Client(address=sys.argv[1], stream_output=True) as client:\n"
            "    assert client.submit(talk, 'hello').result() == 5\n"
        )
        ran = subprocess.run(
            [sys.executable, "-c", program, self.stack.address, os.path.dirname(__file__)],
            capture_output=True, text=True, timeout=60, check=False,
        )
        self.assertEqual(ran.returncode, 0, ran.stderr)
        self.assertIn("hello\n", ran.stdout)
        self.assertIn("HELLO\n", ran.stderr)

    def test_a_custom_serializer_is_used_for_functions_arguments_and_results(self):
        with Client(address=self.stack.address, serializer=TaggedSerializer()) as client:
            self.assertEqual(map_with(client, square, [1, 2, 3]), [1, 4, 9])


class EmbeddedStorage(EndToEnd):
    stack_options = {"storage": None}

    def test_a_scheduler_without_storage_address_serves_one(self):
        self.assertEqual(map_with(self.client, square, range(50)), [i * i for i in range(50)])
        self.assertTrue(any("object storage" in line for line in self.stack.scheduler.lines))


class Shutdown(unittest.TestCase):
    def test_a_client_may_shut_an_unprotected_cluster_down(self):
        with stack.Stack(workers=2) as cluster:
            cluster.wait_workers(2)
            client = Client(address=cluster.address)
            self.assertEqual(client.submit(square, 2).result(), 4)
            client.shutdown()
            self.assertEqual(cluster.scheduler.wait_exit(), 0)
            self.assertEqual(cluster.manager.wait_exit(), 0)
            self.assertIsNone(cluster.storage.process.poll())

    def test_a_protected_cluster_refuses(self):
        with stack.Stack(workers=1, scheduler_options=["--protected"]) as cluster:
            cluster.wait_workers(1)
            client = Client(address=cluster.address)
            with self.assertRaises(ValueError):
                client.shutdown()
            with Client(address=cluster.address) as other:
                self.assertEqual(other.submit(square, 2).result(), 4)


if __name__ == "__main__":
    print(f"client {scaler.__version__}")
    unittest.main(verbosity=2)
