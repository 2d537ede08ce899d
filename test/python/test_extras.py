"""What a client is besides a client: an executor, a progress bar, a joblib backend, a Dask scheduler."""

import asyncio
import concurrent.futures
import importlib
import inspect
import io
import os
import signal
import threading
import time
import unittest
import unittest.mock

from scaler import Client, ScalerFuture, SchedulerClusterCombo
from scaler.client import progress
from scaler.client.executor import ClientExecutor


def setUpModule():
    global cluster, client
    cluster = SchedulerClusterCombo(n_workers=2, logging_paths=("/dev/null",))
    client = Client(address=cluster.get_address())


def tearDownModule():
    client.disconnect()
    cluster.shutdown()


def difference(a, *, b):
    return a - b


class Help(unittest.TestCase):
    def test_everything_public_is_explained_with_an_example(self):
        for kind in (Client, ScalerFuture, SchedulerClusterCombo, ClientExecutor):
            methods = {name: getattr(kind, name) for name in dir(kind) if not name.startswith(("_", "set_"))}
            for name, method in {"": kind, **{name: one for name, one in methods.items() if callable(one)}}.items():
                with self.subTest(kind.__name__, name=name):
                    self.assertIn(">>> ", inspect.getdoc(method) or "")

    def test_every_parameter_is_explained(self):
        for called in (Client, SchedulerClusterCombo):
            for name in inspect.signature(called).parameters:
                with self.subTest(called.__name__, name=name):
                    self.assertRegex(called.__doc__, rf":param {name}:|`{name}`")


class Executor(unittest.TestCase):
    def test_calls_run_with_every_kind_of_argument(self):
        with client.executor() as pool:
            self.assertIsInstance(pool, concurrent.futures.Executor)
            self.assertEqual(pool.submit(difference, 5, b=3).result(10), 2)
            self.assertEqual(pool.submit(lambda: "closure").result(10), "closure")

    def test_map_gives_results_in_order_with_and_without_chunks(self):
        with client.executor() as pool:
            self.assertEqual(list(pool.map(pow, [2, 3], [5, 2])), [32, 9])
            self.assertEqual(list(pool.map(lambda x: x * x, range(10), chunksize=3)), [x * x for x in range(10)])
            self.assertEqual(list(pool.map(abs, [])), [])
            with self.assertRaises(ValueError):
                pool.map(abs, [1], chunksize=0)

    def test_a_failing_call_raises_at_its_place(self):
        with client.executor() as pool:
            results = pool.map(lambda x: 6 // x, [1, 2, 0, 3])
            self.assertEqual([next(results), next(results)], [6, 3])
            with self.assertRaises(ZeroDivisionError):
                next(results)

    def test_a_map_ends_at_its_timeout(self):
        with client.executor() as pool:
            with self.assertRaises(concurrent.futures.TimeoutError):
                list(pool.map(time.sleep, [30], timeout=0.1))

    def test_after_shutdown_it_takes_no_calls_and_the_client_lives(self):
        pool = client.executor()
        future = pool.submit(abs, -1)
        pool.shutdown()
        self.assertTrue(future.done())
        with self.assertRaisesRegex(RuntimeError, "after shutdown"):
            pool.submit(abs, 1)
        self.assertEqual(client.submit(abs, -2).result(10), 2)

    def test_shutdown_may_cancel_what_has_not_ended(self):
        pool = client.executor()
        futures = [pool.submit(time.sleep, 30) for _ in range(4)]
        pool.shutdown(cancel_futures=True)
        self.assertTrue(all(future.cancelled() for future in futures))

    def test_a_timeout_and_a_shutdown_do_not_wait_for_a_scheduler_that_does_not_answer(self):
        with SchedulerClusterCombo(n_workers=1, logging_paths=("/dev/null",)) as stopped:
            with Client(address=stopped.get_address()) as its_client:
                its_client.submit(abs, 1).result(20)
                os.kill(stopped._scheduler.pid, signal.SIGSTOP)
                try:
                    pool = its_client.executor()
                    with self.assertRaises(concurrent.futures.TimeoutError):
                        list(pool.map(time.sleep, [30], timeout=0.1))
                    future = pool.submit(abs, 1)
                    pool.shutdown(cancel_futures=True)
                    self.assertTrue(future.cancelled())
                finally:
                    os.kill(stopped._scheduler.pid, signal.SIGCONT)

    def test_asyncio_runs_calls_in_it(self):
        async def work():
            with client.executor() as pool:
                loop = asyncio.get_running_loop()
                return await asyncio.gather(*(loop.run_in_executor(pool, abs, -x) for x in range(5)))

        self.assertEqual(asyncio.run(work()), list(range(5)))

    def test_futures_can_be_awaited(self):
        async def work():
            return await asyncio.wait_for(asyncio.wrap_future(client.submit(abs, -3)), 10)

        self.assertEqual(asyncio.run(work()), 3)


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


class Screen:
    """Keeps what it was asked to draw."""

    def __init__(self):
        self.lines = []

    def draw(self, bar, elapsed_s):
        self.lines.append(bar.text(elapsed_s, 60))

    finish = draw


class Progress(unittest.TestCase):
    def bar(self, total, description=""):
        clock, screen = Clock(), Screen()
        return progress.ProgressBar(total, description, screen, clock), clock, screen

    def test_a_line_says_how_far_how_long_and_how_fast(self):
        bar, clock, screen = self.bar(100, "files")
        with bar:
            clock.now = 2.0
            bar.advance(25)
        self.assertTrue(screen.lines[0].startswith("files:   0%|"), screen.lines[0])
        self.assertTrue(screen.lines[1].startswith("files:  25%|\u2588"), screen.lines[1])
        self.assertTrue(screen.lines[1].endswith("| 25/100 [00:02<00:06, 12.50it/s]"), screen.lines[1])
        self.assertEqual(len(screen.lines[1]), 60)

    def test_it_is_drawn_ten_times_a_second_at_most(self):
        bar, clock, screen = self.bar(1000)
        for _ in range(1000):
            clock.now += 0.01
            bar.advance()
        self.assertLessEqual(len(screen.lines), 101)
        bar.close()
        self.assertIn("1000/1000", screen.lines[-1])

    def test_nothing_to_do_and_slow_things_have_a_line_too(self):
        bar, _, screen = self.bar(0)
        with bar:
            pass
        self.assertTrue(screen.lines[-1].startswith("100%|"))
        bar, clock, screen = self.bar(2)
        clock.now = 7200.0
        bar.advance()
        self.assertTrue(screen.lines[-1].endswith("1/2 [2:00:00<2:00:00, 7200.00s/it]"), screen.lines[-1])

    def test_a_notebook_gets_a_page_without_markup_of_the_users(self):
        bar, _, _ = self.bar(4, "<b>")
        bar.advance()
        self.assertIn("&lt;b&gt;: ", bar.page(1.0))
        self.assertIn("width:25%", bar.page(1.0))

    def test_a_file_gets_one_plain_line_at_the_end(self):
        stream = io.StringIO()
        bar = progress.ProgressBar(2, "x", progress._Lines(stream), Clock())
        with bar:
            bar.advance(2)
        self.assertEqual(stream.getvalue().count("\n"), 1)
        self.assertTrue(stream.getvalue().isascii())

    def test_map_and_as_completed_draw_while_they_wait(self):
        stream = io.StringIO()
        with unittest.mock.patch("sys.stderr", stream):
            self.assertEqual(client.map(abs, [-1, -2], progress=True), [1, 2])
            futures = [client.submit(abs, -x) for x in range(3)]
            found = {future.result() for future in progress.as_completed(futures, timeout=10, description="three")}
        self.assertEqual(found, {0, 1, 2})
        self.assertEqual(len(stream.getvalue().splitlines()), 2)
        self.assertIn("three: 100%|", stream.getvalue())

    def test_a_notebook_shows_where_the_client_is(self):
        self.assertIn(cluster.get_address(), client._repr_html_())
        self.assertIn("<td>connected</td>", client._repr_html_())
        with Client(address=cluster.get_address()) as other:
            pass
        self.assertIn("<td>disconnected</td>", other._repr_html_())


def installed(name):
    try:
        importlib.import_module(name)
    except ImportError:
        return False
    return True


@unittest.skipUnless(installed("joblib"), "joblib is not installed")
class Joblib(unittest.TestCase):
    def test_parallel_calls_run_as_tasks(self):
        import joblib
        import scaler.joblib  # noqa: F401

        for options in ({"client": client}, {"address": cluster.get_address()}):
            with self.subTest(options), joblib.parallel_config("scaler", n_jobs=4, **options):
                self.assertEqual(joblib.Parallel()(joblib.delayed(pow)(x, 2) for x in range(30)),
                                 [x * x for x in range(30)])

    def test_a_failing_call_raises_and_the_client_lives(self):
        import joblib
        import scaler.joblib  # noqa: F401

        with joblib.parallel_config("scaler", client=client, n_jobs=2):
            with self.assertRaises(ZeroDivisionError):
                joblib.Parallel()(joblib.delayed(lambda x: 1 // x)(x) for x in (1, 0, 2))
            self.assertEqual(joblib.Parallel()(joblib.delayed(abs)(-x) for x in range(3)), [0, 1, 2])


@unittest.skipUnless(installed("dask"), "dask is not installed")
class Dask(unittest.TestCase):
    def setUp(self):
        import scaler.dask

        self.get = scaler.dask.scheduler(client)

    def test_plain_graphs_of_any_keys_give_what_dask_gives(self):
        import dask

        graph = {"x": 1, "y": (sum, ["x", 2, 3]), ("z", 0): (max, "y", "x"), "alias": "y"}
        for keys in ("y", ["y"], [["y", ("z", 0)], ["alias"]], []):
            with self.subTest(keys):
                self.assertEqual(self.get(graph, keys), dask.get(graph, keys))

    def test_delayed_calls_are_computed(self):
        import dask

        add = dask.delayed(lambda a, b: a + b)
        self.assertEqual(add(add(1, 2), add(3, 4)).compute(scheduler=self.get), 10)

    def test_a_failing_task_raises_its_exception(self):
        with self.assertRaises(ZeroDivisionError):
            self.get({"x": (divmod, 1, 0)}, "x")

    def test_an_unknown_key_is_named(self):
        with self.assertRaisesRegex(KeyError, "missing"):
            self.get({"x": 1}, ["missing"])


class Threads(unittest.TestCase):
    def test_no_thread_stays_behind_a_client_and_its_faces(self):
        before = threading.active_count()
        with Client(address=cluster.get_address()) as other, other.executor() as pool:
            list(pool.map(abs, range(10)))
        self.assertEqual(threading.active_count(), before)


if __name__ == "__main__":
    unittest.main()
