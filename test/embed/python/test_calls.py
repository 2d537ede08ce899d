import functools
import unittest

from scaler.client import calls


def plain(a, b=2):
    return a, b


def keyword_only(a, *, c=3):
    return a, c


def needs_keyword(a, *, c):
    return a, c


def anything(*args, **kwargs):
    return args, kwargs


class Holder:
    def method(self, x, y=1):
        return x, y


def call(fn, *args, **kwargs):
    """As the client sends it and a worker runs it: positional arguments only."""
    if kwargs or not calls.takes(fn, len(args)):
        fn, args = calls.bind(fn, args, kwargs)
    return fn(*args)


class Calls(unittest.TestCase):
    def test_what_fits_by_position_is_sent_as_it_is(self):
        self.assertEqual(call(plain, 1), (1, 2))
        self.assertEqual(call(plain, 1, 5), (1, 5))
        self.assertTrue(calls.takes(plain, 1) and calls.takes(anything, 7) and calls.takes(max, 2))
        fn, args = calls.bind(plain, (1,), {"b": 7})
        self.assertIs(fn, plain)
        self.assertEqual(args, (1, 7))

    def test_no_keyword_is_lost(self):
        self.assertEqual(call(keyword_only, 1, c=9), (1, 9))
        self.assertEqual(call(needs_keyword, 1, c=9), (1, 9))
        self.assertEqual(call(anything, 1, k=3), ((1,), {"k": 3}))
        self.assertEqual(call(max, 1, -5, key=abs), -5)
        self.assertEqual(call(Holder().method, 1, y=4), (1, 4))
        self.assertEqual(call(functools.partial(plain, b=8), 1), (1, 8))
        self.assertEqual(call(int, "11", base=2), 3)

    def test_values_of_keywords_are_arguments_of_their_own(self):
        fn, args = calls.bind(keyword_only, (1,), {"c": 9})
        self.assertEqual(args, (1, 9))
        self.assertEqual(fn.__name__, "keyword_only")

    def test_what_cannot_be_called_is_told_at_once(self):
        with self.assertRaisesRegex(TypeError, r"plain missing 1 arguments: \('a',\)"):
            call(plain)
        with self.assertRaisesRegex(TypeError, "needs_keyword missing 1 arguments"):
            call(needs_keyword, 1)
        for args, kwargs in (((1, 2, 3), {}), ((1,), {"zzz": 3}), ((1,), {"a": 3})):
            with self.subTest(args=args, kwargs=kwargs), self.assertRaises(TypeError):
                call(plain, *args, **kwargs)
        with self.assertRaisesRegex(TypeError, "not callable"):
            call(5, 1)


if __name__ == "__main__":
    unittest.main()
