import pickle
import unittest
from unittest import mock

import cloudpickle

from scaler.client.serializer.default import DefaultSerializer
from scaler_runtime import pickled_code
from support import Env

pickled_code.install()


def sample(path):
    """Of every kind: calls, attributes, loops, a context, an exception."""
    with open(path) as lines:
        try:
            return [line.strip() for line in lines if line]
        except ValueError as error:
            raise KeyError(path) from error


class Code(unittest.TestCase):
    def test_code_of_this_version_fits(self):
        for function in (sample, Env.run, lambda: None, lambda x: (lambda: x), pickled_code.fits):
            self.assertTrue(pickled_code.fits(function.__code__.co_code), function)

    def test_code_of_other_versions_does_not(self):
        newer = {
            "3.12: lambda x: x": "97007c005300",
            "3.12: lambda x: f(x)": "9700740000000000000000007c00ab010000000000005300",
            "3.12: None": "97007900",
            "3.13: lambda x: x": "950055002400",
        }
        self.assertTrue(pickled_code.fits(bytes.fromhex(newer.pop("3.12: lambda x: x"))), "the same in both")
        for name, code in newer.items():
            self.assertFalse(pickled_code.fits(bytes.fromhex(code)), name)
        for size in range(20):
            self.assertFalse(pickled_code.fits(sample.__code__.co_code[: 2 * size - 1]), "half an instruction")

    def test_the_first_instructions_tell_the_version(self):
        for code, theirs in (("97007900", "3.12"), ("950055002400", "3.13"), ("800052002300", "3.14"),
                             ("5e0097007900", "3.12"), ("", "of another minor version")):
            self.assertEqual(pickled_code._version_of(bytes.fromhex(code)), theirs)

    def test_code_that_is_stamped_with_another_version_is_refused_though_it_would_fit(self):
        stamped = DefaultSerializer.serialize(lambda x: x)
        self.assertEqual(pickle.loads(stamped)(3), 3)
        env = Env()
        failed, payload, _ = env.run_ids(env.give(stamped), env.give_value(3))
        self.assertEqual((failed, pickle.loads(payload)), (False, 3))
        for padding in (b"", bytes(5000)):  # small and large payloads
            for theirs in ("3.12", "3.9", "4.10"):
                made = DefaultSerializer.serialize(lambda x, y=padding: x)
                with_other = made.replace(b"\x8c\x1bscaler: made by Python 3.11",
                                          b"\x8c%cscaler: made by Python %s" % (len(theirs) + 23, theirs.encode()), 1)
                self.assertNotEqual(made, with_other)
                self.assertEqual(pickle.loads(with_other)(3), 3, "others may read it")
                env = Env()
                failed, payload, _ = env.run_ids(env.give(with_other), env.give_value(1))
                self.assertTrue(failed)
                self.assertIn(f"it was pickled by Python {theirs}, and this worker runs Python 3.11", str(pickle.loads(payload)))

    def test_what_holds_no_code_bears_no_stamp(self):
        for value in (print, [1, {2}], Env, b"x" * 10_000):
            self.assertNotIn(b"made by Python", DefaultSerializer.serialize(value))

    def test_functions_still_travel_both_ways(self):
        copy = pickle.loads(cloudpickle.dumps(lambda x: x + 1))
        self.assertEqual(copy(1), 2)
        self.assertEqual(pickle.loads(cloudpickle.dumps(copy))(2), 3)

    def test_a_function_of_another_version_fails_its_task_in_one_sentence(self):
        function = cloudpickle.dumps(lambda x: x)
        for theirs, patch in (("3.12", {"fits": lambda code: False}), ("3.10 or older", {"_ARGUMENTS": 16})):
            with mock.patch.multiple(pickled_code, **patch):
                env = Env()
                failed, payload, _ = env.run_ids(env.give(function), env.give_value(1))
            self.assertTrue(failed)
            text = str(pickle.loads(payload))
            self.assertIn(f"it was pickled by Python {theirs}, and this worker runs Python 3.11", text)
            self.assertNotIn("\n", text)

    def test_a_name_of_another_cloudpickle_is_explained(self):
        env = Env()
        failed, payload, _ = env.run_ids(env.give(b"ccloudpickle.cloudpickle\nno_such_name\n."))
        self.assertTrue(failed)
        self.assertIn(f"with cloudpickle {cloudpickle.__version__}: give the workers the client's packages",
                      str(pickle.loads(payload)))


if __name__ == "__main__":
    unittest.main()
