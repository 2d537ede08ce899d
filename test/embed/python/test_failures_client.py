import pickle
import sys
import traceback
import unittest
from unittest import mock

from scaler.client import failures
from scaler_runtime import failures as worker


class OwnError(Exception):
    pass


def failed():
    try:
        {}["missing"]
    except KeyError as cause:
        try:
            raise OwnError("seven") from cause
        except OwnError as error:
            return error


class Failures(unittest.TestCase):
    """What workers pickle, read by the client."""

    def setUp(self):
        worker.install_traceback_pickling()
        self.payload = worker.payload_of(failed())

    def check(self, error):
        self.assertEqual((type(error), str(error)), (OwnError, "seven"))
        self.assertIsInstance(error.__cause__, KeyError)

    def test_an_exception_keeps_its_cause_attributes_and_traceback(self):
        error = failures.loads(self.payload)
        self.check(error)
        self.assertIn("failed", [frame.name for frame in traceback.extract_tb(error.__traceback__)])

    def test_without_tblib_only_the_traceback_is_missing(self):
        hidden = {name: None for name in sys.modules if name.partition(".")[0] == "tblib"}
        with mock.patch.dict(sys.modules, hidden):
            error = failures.loads(self.payload)
        self.check(error)
        self.assertIsNone(error.__traceback__)

    def test_calls_of_every_release_of_tblib_are_understood(self):
        for name, arguments in (("unpickle_exception", (ValueError, ("a",), None, None)),
                                ("unpickle_exception", (ValueError, ("a",), None, None, None, False, ["note"])),
                                ("unpickle_exception_with_attrs", (ValueError, {"args": ("a",)}, None, None, None, False, None))):
            with self.subTest(name=name, count=len(arguments)):
                error = failures._OURS[name](*arguments)
                self.assertEqual((type(error), error.args), (ValueError, ("a",)))

    def test_other_exceptions_are_read_as_they_are(self):
        self.assertEqual(failures.loads(memoryview(pickle.dumps(LookupError("x")))).args, ("x",))


if __name__ == "__main__":
    unittest.main()
