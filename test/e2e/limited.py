"""A test that fails, with a traceback, instead of waiting for ever."""

import signal
import unittest


class Limited(unittest.TestCase):
    LIMIT_S = 120

    def setUp(self):
        signal.signal(signal.SIGALRM, signal.default_int_handler)
        signal.alarm(self.LIMIT_S)

    def tearDown(self):
        signal.alarm(0)

    def start(self, role):
        self.addCleanup(role.kill)
        return role
