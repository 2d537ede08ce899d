"""Every case of failures.py: the future says what it should, and the worker serves the next task."""

import signal
import unittest

import failures


class Failures(unittest.TestCase):
    def run_cases(self, limits):
        signal.signal(signal.SIGALRM, signal.default_int_handler)
        signal.alarm(180)
        self.addCleanup(signal.alarm, 0)
        bench = failures.Bench(limits)
        self.addCleanup(bench.cluster.__exit__)
        for case in failures.CASES:
            if case.limits == limits:
                with self.subTest(case.name):
                    bench.run(case)
        self.assertEqual(set(bench.close().values()), {0})

    def test_whatever_a_task_does_its_future_says_so_and_the_worker_goes_on(self):
        self.run_cases(failures.LIMITS)

    def test_a_task_that_takes_too_long_says_so_and_the_worker_goes_on(self):
        self.run_cases(failures.TIME_LIMIT)


if __name__ == "__main__":
    unittest.main(verbosity=2)
