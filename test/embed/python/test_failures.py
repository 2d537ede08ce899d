import pickle
import sys
import threading
import traceback
import unittest

from scaler_runtime import failures
from support import Env


class Picky(Exception):
    """Pickles, but pickle alone cannot read it back: its constructor wants more than its arguments."""

    def __init__(self, a, b):
        super().__init__(f"{a} and {b}")


class Failures(unittest.TestCase):
    def test_an_exception_keeps_class_arguments_and_the_tasks_own_frames(self):
        def task(n):
            raise ValueError("bad", n)

        error = Env().error(task, 3)
        self.assertEqual((type(error), error.args), (ValueError, ("bad", 3)))
        self.assertEqual([frame.name for frame in traceback.extract_tb(error.__traceback__)], ["task"])

    def test_cause_context_and_notes_travel(self):
        def with_cause():
            raise ValueError("outer") from KeyError("inner")

        def with_context():
            try:
                {}["missing"]
            except KeyError:
                error = ValueError("outer")
                error.add_note("a note")
                raise error

        self.assertEqual(repr(Env().error(with_cause).__cause__), "KeyError('inner')")
        error = Env().error(with_context)
        self.assertEqual(repr(error.__context__), "KeyError('missing')")
        self.assertEqual(error.__notes__, ["a note"])
        self.assertFalse(error.__suppress_context__)

    def test_a_class_of_the_users_script_travels_by_value(self):
        namespace = {"__name__": "__main__"}
        exec("class Mine(Exception): pass\ndef task(): raise Mine('text')", namespace)
        error = Env().error(namespace["task"])
        self.assertEqual((type(error).__name__, str(error)), ("Mine", "text"))

    def test_a_class_made_inside_the_task_travels_by_value(self):
        def task():
            class Local(Exception):
                pass

            raise Local("text")

        self.assertEqual(type(Env().error(task)).__name__, "Local")

    def test_an_exception_that_nothing_can_pickle_keeps_its_name_and_text(self):
        def task():
            error = ValueError("holds a lock")
            error.lock = threading.Lock()
            raise error

        error = Env().error(task)
        self.assertIs(type(error), RuntimeError)
        self.assertEqual(str(error), "ValueError: holds a lock")
        self.assertIsNotNone(error.__traceback__)

    def test_an_exception_that_could_not_be_read_keeps_its_name_and_text(self):
        def task():
            raise Picky(1, 2)

        error = Env().error(task)
        if type(error) is Picky:  # releases of tblib since 3.0 rebuild it without its constructor
            self.assertEqual(str(error), "1 and 2")
        else:
            self.assertIs(type(error), RuntimeError)
            self.assertIn("Picky: 1 and 2", str(error))

    def test_an_unpicklable_cause_costs_the_cause_only(self):
        def task():
            inner = KeyError("inner")
            inner.lock = threading.Lock()
            raise ValueError("outer") from inner

        error = Env().error(task)
        self.assertEqual((type(error), error.args), (ValueError, ("outer",)))

    def test_endless_recursion_is_a_recursion_error_with_a_shortened_traceback(self):
        def task():
            return task()

        error = Env().error(task)
        self.assertIs(type(error), RecursionError)
        self.assertGreater(len(traceback.extract_tb(error.__traceback__)), 10)

    def test_a_task_that_raised_the_recursion_limit_costs_no_processor(self):
        def task(n=0):
            if n == 0:
                import sys
                sys.setrecursionlimit(100_000)
            return task(n + 1)

        limit = sys.getrecursionlimit()
        try:
            self.assertIs(type(Env().error(task)), RecursionError)
            self.assertEqual(sys.getrecursionlimit(), 100_000)
        finally:
            sys.setrecursionlimit(limit)

    def test_groups_travel_whole(self):
        def task():
            raise ExceptionGroup("several", [ValueError(1), KeyError(2)])

        self.assertEqual([repr(one) for one in Env().error(task).exceptions], ["ValueError(1)", "KeyError(2)"])

    def test_what_would_end_an_interpreter_is_named_and_the_next_task_runs(self):
        env = Env()
        for error, name in ((SystemExit(3), "SystemExit: 3"), (KeyboardInterrupt(), "KeyboardInterrupt"),
                            (GeneratorExit(), "GeneratorExit")):
            def task(error=error):
                raise error

            told = env.error(task)
            self.assertEqual(type(told).__name__, "ProcessorDiedError")
            self.assertIn(name, str(told))
            self.assertEqual(type(told.__cause__), type(error))
        self.assertEqual(env.result(abs, -1), 1)

    def test_an_unpicklable_result_is_a_failure_with_its_own_error(self):
        self.assertIsInstance(Env().error(threading.Lock), TypeError)

    def test_an_exception_whose_text_raises_is_still_reported(self):
        def task():
            class Mute(Exception):
                def __str__(self):
                    raise RuntimeError("no text")

            raise Mute()

        failed, payload, text = Env().run(task)
        self.assertTrue(failed)
        self.assertIn("Mute", text)
        pickle.loads(payload)

    def test_the_log_text_starts_with_one_line_and_holds_the_traceback(self):
        failed, _, text = Env().run(lambda: 1 / 0)
        first, _, rest = text.partition("\n")
        self.assertEqual(first, "ZeroDivisionError: division by zero")
        self.assertIn("Traceback (most recent call last)", rest)
        self.assertNotIn("scaler_runtime", rest)

    def test_an_exception_class_that_is_missing_is_replaced_by_a_builtin(self):
        self.assertIs(failures.exception_class("NoSuchError"), RuntimeError)


if __name__ == "__main__":
    sys.setrecursionlimit(1000)
    unittest.main()
