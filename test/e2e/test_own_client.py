"""What our own client promises beyond the peer's: it stays usable, ends every wait, and bears threads, forks and exits."""

import asyncio
import concurrent.futures
import copy
import functools
import gc
import graphlib
import operator
import os
import pickle
import signal
import subprocess
import sys
import textwrap
import threading
import time
import unittest

from versions import OURS

if not OURS:
    raise unittest.SkipTest("these tests are for our own client")

from scaler import Client
from scaler.client.serializer.mixins import Serializer
from scaler.utility.exceptions import ClientQuitException, DeserializeObjectError, MissingObjects, ObjectStorageException

import stack
from test_client import EndToEnd, boom, nap_until, square


def half(x):
    if x == 5:
        raise ValueError("five")
    return x


def big(n):
    return bytes(n)


def keyword(a, *, b=1):
    return a, b


class Unreadable:
    def __reduce__(self):
        return int, ("not a number",)


def unreadable():
    return Unreadable()


def raise_with_lock():
    error = ValueError("held")
    error.lock = threading.Lock()
    raise error


class Broken(Serializer):
    @staticmethod
    def serialize(obj):
        if isinstance(obj, str) and obj == "bad":
            raise RuntimeError("no bytes for this")
        return pickle.dumps(obj)

    @staticmethod
    def deserialize(payload):
        obj = pickle.loads(payload)
        if isinstance(obj, str) and obj == "unreadable":
            raise RuntimeError("no object in this")
        return obj


def program(text, *arguments, timeout=60):
    """Runs Python code with our client in a process of its own."""
    return subprocess.run([sys.executable, "-c", textwrap.dedent(text), *arguments], capture_output=True, text=True,
                          timeout=timeout, check=False, cwd=os.path.dirname(__file__))


class Sharing(EndToEnd):
    def folder(self):
        folder = stack.temporary_folder()
        self.addCleanup(folder.cleanup)
        return folder.name

    def test_many_threads_share_a_client(self):
        def work(start):
            futures = [self.client.submit(square, start + i) for i in range(100)]
            return [future.result() for future in futures] == [(start + i) ** 2 for i in range(100)]

        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            self.assertEqual(list(pool.map(work, range(0, 800, 100))), [True] * 8)

    def test_a_pickled_client_is_another_one_of_the_same_scheduler(self):
        for again in (pickle.loads(pickle.dumps(self.client)), copy.copy(self.client)):
            self.assertNotEqual(again.identity, self.client.identity)
            self.assertEqual(again.submit(square, 3).result(), 9)
            again.disconnect()
        state = self.client.__getstate__()
        self.assertEqual(list(state), ["address", "profiling", "stream_output", "timeout_seconds", "heartbeat_interval_seconds"])

    def test_a_fork_is_refused_and_its_own_client_works(self):
        ran = program("""
            import os, sys
            from scaler import Client
            from test_client import nap_until
            client = Client(address=sys.argv[1])
            assert client.submit(abs, -1).result() == 1
            pending = client.submit(nap_until, sys.argv[2])
            pid = os.fork()
            if pid == 0:
                for call in (lambda: client.submit(abs, -1), lambda: client.map(abs, [1]), lambda: client.send_object(1),
                             client.clear, client.shutdown, pending.result, pending.exception, pending.cancel):
                    try:
                        print("not refused:", call(), flush=True)
                    except Exception as error:
                        print(type(error).__name__, error, flush=True)
                client.disconnect()
                del client, pending
                with Client(address=sys.argv[1]) as other:
                    print(other.submit(abs, -2).result(), flush=True)
                sys.exit(0)
            assert os.waitpid(pid, 0)[1] == 0
            open(sys.argv[2], "w").close()
            print(len(pending.result()) > 0, client.submit(abs, -3).result())
        """, self.stack.address, os.path.join(self.folder(), "finish"))
        self.assertEqual(ran.returncode, 0, ran.stderr)
        refused, rest = ran.stdout.splitlines()[:8], ran.stdout.splitlines()[8:]
        for line in refused:
            self.assertRegex(line, "^ClientQuitException .* forked")
        self.assertEqual(rest, ["2", "True 3"])

    def test_dropping_the_client_cancels_its_futures(self):
        with stack.temporary_folder() as folder:
            future = Client(address=self.stack.address).submit(nap_until, os.path.join(folder, "never"))
            for outcome in (future.result, future.exception):
                with self.assertRaisesRegex(concurrent.futures.CancelledError, "nobody refers to the task's client"):
                    outcome(10)


class Futures(EndToEnd):
    def test_wait_as_completed_and_asyncio(self):
        futures = [self.client.submit(square, i) for i in range(200)]
        done, rest = concurrent.futures.wait(futures, timeout=60)
        self.assertEqual((len(done), len(rest)), (200, 0))
        futures = [self.client.submit(square, i) for i in range(200)]
        self.assertEqual(sorted(f.result() for f in concurrent.futures.as_completed(futures)), [i * i for i in range(200)])

        async def both():
            return await asyncio.wrap_future(self.client.submit(square, 3)), await self.client.submit(square, 4)

        self.assertEqual(asyncio.run(both()), (9, 16))
        failing = [self.client.submit(boom, 1), self.client.submit(square, 2)]
        done, _ = concurrent.futures.wait(failing, return_when=concurrent.futures.FIRST_EXCEPTION)
        self.assertIn(failing[0], done)

    def test_callbacks_come_in_a_thread_of_the_client(self):
        came = threading.Event()
        threads = []

        def callback(future):
            threads.append(threading.current_thread())
            raise RuntimeError(came.set())

        with self.assertLogs("concurrent.futures", "ERROR"):
            future = self.client.submit(nap_until, __file__)
            future.add_done_callback(callback)
            self.assertTrue(came.wait(30))
            future.result()
            while len(threads) < 2:  # when it is done already, at once and here
                future.add_done_callback(callback)
        self.assertIs(threads[-1], threading.current_thread())
        self.assertEqual(self.client.submit(square, 2).result(), 4)

    def test_a_large_result_comes_when_it_is_asked_for(self):
        future = self.client.submit(big, 3_000_000)
        while not future.done():
            time.sleep(0.001)
        self.assertIn("returned NoneType", repr(future))
        self.assertEqual(len(future.result()), 3_000_000)
        self.assertIs(future.result(), future.result())

    def test_a_timeout_leaves_the_future_as_it_was(self):
        with stack.temporary_folder() as folder:
            finish = os.path.join(folder, "finish")
            future = self.client.submit(nap_until, finish)
            for call in (future.result, future.exception):
                with self.assertRaises(concurrent.futures.TimeoutError):
                    call(timeout=0.05)
            with self.assertRaises(ValueError):
                future.profiling_info()
            self.assertTrue(future.running())
            open(finish, "w").close()
            self.assertEqual(future.result(30), finish)

    def test_a_signal_interrupts_a_wait(self):
        def interrupt(*_):
            raise KeyboardInterrupt

        with stack.temporary_folder() as folder:
            future = self.client.submit(nap_until, os.path.join(folder, "never"))
            before = signal.signal(signal.SIGUSR1, interrupt)
            main = threading.main_thread().ident
            threading.Timer(0.1, lambda: signal.pthread_kill(main, signal.SIGUSR1)).start()
            began = time.monotonic()
            with self.assertRaises(KeyboardInterrupt):
                future.result()
            self.assertLess(time.monotonic() - began, 5)
            signal.signal(signal.SIGUSR1, before)
            self.assertTrue(future.cancel())
            self.assertTrue(future.cancel())

    def test_the_users_hands_off_what_is_the_clients(self):
        future = self.client.submit(square, 2)
        with self.assertRaises(RuntimeError):
            future.set_running_or_notify_cancel()
        with self.assertRaises(TypeError):
            pickle.dumps(future)
        future.result()
        with self.assertRaises(concurrent.futures.InvalidStateError):
            future.set_result(1)
        self.assertFalse(future.cancel())
        self.assertEqual(len(future.task_id), 16)


class BadInput(EndToEnd):
    def tearDown(self):
        self.assertEqual(self.client.submit(square, 9).result(), 81)  # the client stays usable
        super().tearDown()

    def test_nothing_to_map(self):
        self.assertEqual(self.client.map(square, []), [])
        self.assertEqual(self.client.starmap(square, []), [])
        self.assertEqual(self.client.get({"a": 1}, []), {})
        with self.assertRaises(TypeError):
            self.client.map(square)

    def test_one_item_and_many(self):
        self.assertEqual(self.client.map(square, [3]), [9])
        self.assertEqual(self.client.starmap(pow, [(2, 3)]), [8])
        self.assertEqual(self.client.map(abs, range(-30_000, 0)), list(range(30_000, 0, -1)))  # 10^6: docs/client.md

    def test_graphs_that_are_none(self):
        with self.assertRaises(graphlib.CycleError):
            self.client.get({"a": (square, "b"), "b": (square, "a")}, ["a"])
        with self.assertRaisesRegex(KeyError, "nowhere"):
            self.client.get({"a": 1}, ["nowhere"])
        with self.assertRaisesRegex(KeyError, "'lost', an argument of 'a'"):
            self.client.get({"a": (square, "lost")}, ["a"])
        with self.assertRaisesRegex(TypeError, "a list of names"):
            self.client.get({"node": 1}, "node")
        with self.assertRaisesRegex(TypeError, "a dict of names"):
            self.client.get(["node"], ["node"])
        self.assertEqual(self.client.get({}, []), {})

    def test_a_function_may_have_a_name_that_is_no_text(self):
        function = functools.partial(pow, 2)
        function.__name__ = "\ud800"
        self.assertEqual(self.client.submit(function, 3).result(), 8)
        self.assertEqual(self.client.get({"a": 3, "b": (function, "a")}, ["b"]), {"b": 8})

    def test_a_failing_map_cancels_the_rest_of_it_only(self):
        with self.assertRaisesRegex(ValueError, "five"):
            self.client.map(half, range(2000))

    def test_a_generator_that_raises_half_way(self):
        def items():
            yield from range(100)
            raise LookupError("no more")

        with self.assertRaisesRegex(LookupError, "no more"):
            self.client.map(square, items())

    def test_items_that_are_no_arguments(self):
        with self.assertRaises(TypeError):
            self.client.starmap(square, [1, 2])

    def test_what_cannot_be_pickled(self):
        lock = threading.Lock()
        with self.assertRaises(TypeError):
            self.client.submit(square, self.client.submit(square, 1))
        for call, what in (
            (lambda: self.client.submit(pow, 1, lock), r"\(args\[1\]\)"),
            (lambda: self.client.map(square, [1, lock]), r"\(args\[0\] of item 1\)"),
            (lambda: self.client.submit(functools.partial(square, lock)), r"\(function partial\)"),
            (lambda: self.client.submit(lambda: lock), r"\(function <lambda>\)"),
            (lambda: self.client.get({"a": lock, "b": (square, "a")}, ["b"]), r"\(node 'a'\)"),
            (self.client.submit(threading.Lock).result, r"\(the task's result\)"),
        ):
            with self.subTest(what), self.assertRaisesRegex(TypeError, f"cannot pickle .*lock.* {what}$"):
                call()
        with self.assertRaisesRegex(Exception, "held"):
            self.client.submit(raise_with_lock).result()

    def test_a_result_that_cannot_be_read_is_its_futures_trouble(self):
        with self.assertRaises(ValueError):
            self.client.submit(unreadable).result()
        with self.assertRaises(ValueError):
            self.client.map(lambda _: Unreadable(), range(3))

    def test_keywords_arrive(self):
        self.assertEqual(self.client.submit(keyword, 1, b=5).result(), (1, 5))
        self.assertEqual(self.client.submit(max, [3, -7], key=abs).result(), -7)
        with self.assertRaises(TypeError):
            self.client.submit(square)

    def test_references_that_are_not_known(self):
        reference = self.client.send_object([1, 2])
        self.assertEqual(self.client.submit(len, reference).result(), 2)
        self.assertEqual(self.client.get({"r": reference, "n": (len, "r")}, ["n"]), {"n": 2})
        with Client(address=self.stack.address) as other, self.assertRaisesRegex(MissingObjects, "unknown object"):
            other.submit(len, reference)
        self.client.clear()
        with self.assertRaises(MissingObjects):
            self.client.submit(len, reference)

    def test_a_serializer_that_raises(self):
        with Client(address=self.stack.address, serializer=Broken()) as client:
            with self.assertRaisesRegex(RuntimeError, "no bytes for this"):
                client.submit(square, "bad")
            for call in (lambda: client.map(len, ["a", "bad"]), lambda: client.send_object("bad"),
                         lambda: client.get({"a": "bad", "b": (len, "a")}, ["b"]),
                         client.submit(str.join, "a", ["b", "d"]).result):  # the worker writes this one
                with self.assertRaisesRegex(RuntimeError, "no bytes for this"):
                    call()
            self.assertEqual(client.submit(square, 5).result(), 25)

    def test_a_serializer_that_cannot_read(self):
        with Client(address=self.stack.address, serializer=Broken()) as client:
            with self.assertRaisesRegex(DeserializeObjectError, "RuntimeError: no object in this"):
                client.submit(len, "unreadable").result()
            with self.assertRaisesRegex(DeserializeObjectError, "RuntimeError: no object in this"):
                client.map(len, ["a", "unreadable"])
            with self.assertRaisesRegex(RuntimeError, "no object in this"):
                client.submit(str.lower, "Unreadable").result()
            self.assertEqual(client.submit(square, 5).result(), 25)

    def test_use_after_disconnect(self):
        other = Client(address=self.stack.address)
        done = other.submit(square, 2)
        self.assertEqual(done.result(), 4)
        other.disconnect()
        other.disconnect()
        for use in (lambda: other.submit(square, 1), lambda: other.map(square, [1]), lambda: other.send_object(1), other.clear,
                    lambda: other.get({"a": 1}, ["a"])):
            with self.assertRaisesRegex(ClientQuitException, "client is already stopped"):
                use()
        other.shutdown()
        self.assertEqual(done.result(), 4)

    def test_wrong_parameters_are_named(self):
        for call, error, what in (
            (lambda: self.client.submit_verbose(square, (1,), {}, capabilities=["gpu"]), TypeError, "names and whole numbers"),
            (lambda: self.client.submit_verbose(square, (1,), {}, capabilities={"gpu": "x"}), TypeError, "names and whole numbers"),
            (lambda: self.client.send_object(1, name=5), TypeError, "name must be a str"),
            (lambda: Client(self.stack.address, heartbeat_interval_seconds=0), ValueError, "heartbeat_interval_seconds"),
            (lambda: Client(self.stack.address, timeout_seconds=float("nan")), ValueError, "timeout_seconds"),
            (lambda: Client(self.stack.address, timeout_seconds=None), TypeError, "timeout_seconds"),
            (lambda: Client(self.stack.address, serializer=5), TypeError, "serializer"),
        ):
            with self.subTest(what), self.assertRaisesRegex(error, what):
                call()

    def test_wrong_addresses(self):
        for address in ("foo", "bla://1.2.3.4:5", "tcp://1.2.3.4", "tcp://1.2.3.4:x"):
            with self.subTest(address), self.assertRaises(ValueError):
                Client(address=address)
        with self.assertRaisesRegex(ValueError, "No scheduler address provided and not running inside a worker context"):
            Client()


class NoWorkers(EndToEnd):
    workers = 0

    def test_a_queued_task_is_cancelled_at_once(self):
        future = self.client.submit(square, 1)
        began = time.monotonic()
        self.assertTrue(future.cancel())
        self.assertLess(time.monotonic() - began, 2)

    def test_clear_returns_when_every_future_has_ended(self):
        futures = [self.client.submit(square, i) for i in range(1000)]
        futures += self.client.get({"a": 1, "b": (square, "a")}, ["b"], block=False).values()
        self.client.clear()
        self.assertTrue(all(future.cancelled() for future in futures))

    def test_connecting_and_leaving_is_quick(self):
        began = time.monotonic()
        for _ in range(10):
            with Client(address=self.stack.address) as client:
                client.submit(square, 1)
        self.assertLess((time.monotonic() - began) / 10, 0.3)

    def test_threads_and_descriptors_are_given_back(self):
        def counts():
            return len(os.listdir("/proc/self/task")), len(os.listdir("/proc/self/fd"))

        with Client(address=self.stack.address) as client:
            client.submit(square, 1)
        before = counts()
        for _ in range(20):
            with Client(address=self.stack.address) as client:
                client.submit(square, 1)
        deadline = time.monotonic() + 10
        while max(map(operator.sub, counts(), before)) > 0:  # a thread that has said goodbye still has to end
            self.assertLess(time.monotonic(), deadline, f"{before} grew to {counts()}")
            time.sleep(0.001)


class Ends(unittest.TestCase):
    """Each has a cluster to break."""

    def test_an_exit_never_waits(self):
        with stack.Stack(workers=0) as cluster:
            for end in ("", "os.kill(int(sys.argv[2]), 9)"):
                ran = program(f"""
                    import os, sys, time
                    from scaler import Client
                    client = Client(address=sys.argv[1])
                    futures = [client.submit(abs, i) for i in range(100)]
                    futures[0].add_done_callback(print)
                    {end}
                    print(time.time())
                """, cluster.address, str(cluster.scheduler.pid))
                self.assertEqual(ran.returncode, 0, ran.stderr)
                self.assertLess(time.time() - float(ran.stdout.splitlines()[0]), 1.5)

    def test_use_at_exit_works_while_the_client_does_and_is_refused_afterwards(self):
        with stack.Stack(workers=1) as cluster:
            ran = program("""
                import atexit, builtins, sys

                def use(when, client):
                    for call in (lambda: client.submit(abs, -5).result(), lambda: client.map(abs, [-5]), client.clear):
                        try:
                            print(when, call())
                        except Exception as error:
                            print(when, type(error).__name__, error)

                class Late:
                    def __init__(self, client):
                        self.client = client

                    def __del__(self, use=use):
                        use("at the very end", self.client)

                atexit.register(lambda: use("after the client", late.client))
                from scaler import Client
                atexit.register(lambda: use("before the client", late.client))
                builtins.late = Late(Client(address=sys.argv[1]))
                late.client.submit(abs, -1).result()
            """, cluster.address)
            self.assertEqual((ran.returncode, ran.stderr), (0, ""))
            stopped = "ClientQuitException client is already stopped."
            self.assertEqual(ran.stdout.splitlines(), [
                "before the client 5", "before the client [5]", "before the client None",
                *[f"after the client {stopped}"] * 3, *[f"at the very end {stopped}"] * 3])

    def test_a_scheduler_that_dies_ends_every_wait(self):
        with stack.Stack(workers=0) as cluster:
            client = Client(address=cluster.address, timeout_seconds=2, heartbeat_interval_seconds=1)
            future = client.submit(square, 1)
            cluster.scheduler.kill()
            with self.assertRaisesRegex(TimeoutError, "did not answer for 2 seconds"):
                future.result(20)
            with self.assertRaises(ClientQuitException):
                client.submit(square, 1)
            began = time.monotonic()
            client.disconnect()
            self.assertLess(time.monotonic() - began, 1)

    def test_a_scheduler_that_is_started_again_finishes_what_was_submitted(self):
        with stack.Stack(workers=1) as cluster, stack.temporary_folder() as folder:
            cluster.wait_workers(1)
            finish = os.path.join(folder, "finish")
            client = Client(address=cluster.address)
            futures = [client.submit(nap_until, finish), *[client.submit(square, i) for i in range(10)]]
            graph = client.get({"f": finish, "a": (nap_until, "f"), "b": (len, "a")}, ["b"], block=False)
            arguments = cluster.scheduler.arguments[1:]
            cluster.scheduler.kill()
            futures.append(client.submit(square, 10))
            cluster.scheduler = stack.Role(*arguments)
            open(finish, "w").close()
            self.assertEqual([future.result(60) for future in futures], [finish, *[i * i for i in range(11)]])
            self.assertEqual(graph["b"].result(60), len(finish))
            client.disconnect()

    def test_a_store_that_dies_ends_every_wait(self):
        with stack.Stack(workers=0) as cluster:
            client = Client(address=cluster.address)
            future = client.submit(square, 1)
            cluster.storage.kill()
            with self.assertRaisesRegex(ObjectStorageException, "connection failure to object storage server"):
                future.result(20)
            client.disconnect()

    def test_another_program_is_no_scheduler(self):
        with stack.Stack(workers=0) as cluster:
            began = time.monotonic()
            with self.assertRaisesRegex(TimeoutError, "Timeout when connecting to scheduler"):
                Client(address=cluster.storage_address, timeout_seconds=1)
            self.assertLess(time.monotonic() - began, 5)

    def test_another_program_is_no_object_storage(self):
        with stack.Stack(workers=0) as cluster:
            with Client(cluster.address, object_storage_address=cluster.address, timeout_seconds=1) as client:
                with self.assertRaisesRegex(ObjectStorageException, "does not answer as an object storage does"):
                    client.submit(square, 1).result(20)
                with self.assertRaisesRegex(ClientQuitException, "does not answer as an object storage does"):
                    client.get({}, [])

    def test_a_client_with_little_patience_outlives_it(self):
        with stack.Stack(workers=1) as cluster, Client(cluster.address, timeout_seconds=1) as client:
            self.assertIsNone(client.submit(time.sleep, 1.5).result(20))

    def test_a_scheduler_that_is_not_there_is_named_and_its_client_harms_no_other(self):
        (nobody,) = stack.free_ports(1)
        with stack.Stack(workers=1) as cluster, Client(address=cluster.address) as client:
            for _ in range(3):
                future = client.submit(square, 7)
                with self.assertRaisesRegex(TimeoutError, f"127.0.0.1:{nobody}"):
                    Client(address=f"tcp://127.0.0.1:{nobody}", timeout_seconds=1)
                gc.collect()  # what was half made goes here
                self.assertEqual(future.result(30), 49)

    def test_the_address_may_come_from_the_environment(self):
        with stack.Stack(workers=1) as cluster:
            os.environ["SCALER_ADDRESS"] = cluster.address
            try:
                with Client() as client:
                    self.assertEqual(client.submit(square, 3).result(30), 9)
            finally:
                del os.environ["SCALER_ADDRESS"]


if __name__ == "__main__":
    unittest.main(verbosity=2)
