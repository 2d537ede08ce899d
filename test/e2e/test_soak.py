"""A short, seeded piece of soak.py."""

import signal
import unittest

import soak


class Soak(unittest.TestCase):
    def test_maps_survive_random_kills_of_everything_below_the_manager(self):
        signal.signal(signal.SIGALRM, signal.default_int_handler)
        signal.alarm(120)
        try:
            self.assertEqual(len(soak.run(kills=16, seed=7)), 16)
        finally:
            signal.alarm(0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
