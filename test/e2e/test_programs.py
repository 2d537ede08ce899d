"""Users' programs on our stack, with whichever client runs this, and what needs a stack of its own."""

import unittest

from scaler import Client

import programs
import stack
from limited import Limited
from versions import CLIENT

BEFORE_2 = ("2 maps", "5 nested", "13 prices")  # older clients' map and graph inside tasks have other forms


class Programs(Limited):
    def run_all(self, address, skipped=()):
        for name, program in programs.runnable().items():
            if name in skipped:
                continue
            with self.subTest(name):
                program(address)

    def test_every_program_runs_on_our_stack(self):
        with stack.Stack(workers=1) as cluster:
            self.run_all(cluster.address, BEFORE_2 if CLIENT < (2, 0) else ())
            self.assertEqual(cluster.stop(), {"manager": 0, "scheduler": 0, "storage": 0})

    def test_a_task_that_nobody_can_run_is_cancelled_at_once(self):
        with stack.Stack(workers=0) as cluster, Client(address=cluster.address) as client:
            programs.cancelled_at_once(client)


if __name__ == "__main__":
    unittest.main(verbosity=2)
