"""A test that fails, with a traceback, instead of waiting for ever."""

import signal
import unittest


class TooLong(BaseException):
    """Not an Exception, which the code under test might catch."""


class Limit:
    """For what is mixed into a test case."""

    LIMIT_S = 120

    def setUp(self):
        signal.signal(signal.SIGALRM, self._too_long)
        signal.alarm(self.LIMIT_S)
        self.addCleanup(signal.alarm, 0)  # also after a setUp that failed

    def start(self, role):
        self.addCleanup(role.kill)
        return role

    def last_words(self):
        """What to say beside the traceback when the limit has passed."""
        return ""

    def _too_long(self, *_):
        raise TooLong(f"no end in {self.LIMIT_S} s\n{self.last_words()[-4000:]}")


class Limited(Limit, unittest.TestCase):
    pass
