"""Ten seeded runs of one_kill.py."""

import unittest

import one_kill
from limited import Limited
from versions import OURS

TASKS = 10_000 if OURS else 1_000  # other clients take a second for each thousand


class OneKill(Limited):
    LIMIT_S = 240

    def test_ten_runs_survive_the_kill_of_any_one_process(self):
        for seed in range(10):
            with self.subTest(seed=seed):
                one_kill.run(seed, TASKS)


if __name__ == "__main__":
    unittest.main(verbosity=2)
