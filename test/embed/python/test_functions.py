import functools
import math
import unittest

from scaler.client import functions

setting = [1]
number = 4


def by_name(x):
    return x


def script_function(code, **names):
    """A function as a user's script has them: its module cannot be imported."""
    scope = {"__name__": "__main__", **names}
    exec(code, scope)
    return scope["f"]


class FakeCore:
    def __init__(self):
        self.sent = []
        self.released = []

    def serialize(self, fn):
        return repr(fn).encode()

    def put(self, payload, name, as_reference):
        self.sent.append(payload)
        return len(self.sent).to_bytes(32, "big")

    def release(self, ids):
        self.released += ids


class Functions(unittest.TestCase):
    def setUp(self):
        self.core = FakeCore()
        self.functions = functions.Functions(self.core)

    def ids_of(self, fn, times=2):
        ids = []
        for _ in range(times):
            sent = self.functions.get(fn)
            ids.append(sent.object_id)
            self.functions.let_go(sent)
        return ids

    def test_a_function_that_cannot_change_is_sent_once(self):
        helper = script_function("def f(x): return x")
        for fn in (by_name, math.sqrt, script_function("def f(x, y=2): return x"),
                   script_function("def f(x): return math.sqrt(x)", math=math),
                   script_function("def f(x): return helper(x)", helper=helper)):
            with self.subTest(fn=fn):
                one, two = self.ids_of(fn)
                self.assertEqual(one, two)
        self.assertEqual(self.core.released, [])

    def test_what_may_have_changed_is_sent_each_time(self):
        def closure(x):
            return x, self

        decorated = script_function("def f(x): return x")
        decorated.tag = 1
        for fn in (closure, decorated, functools.partial(by_name, 1), script_function("def f(x, y=[]): return y"),
                   script_function("def f(x): return setting", setting=setting)):
            with self.subTest(fn=fn):
                before = len(self.core.released)
                one, two = self.ids_of(fn)
                self.assertNotEqual(one, two)
                self.assertEqual(self.core.released[before:], [one, two])

    def test_a_changed_global_or_body_is_noticed(self):
        fn = script_function("def f(x): return x + number", number=4)
        one, two = self.ids_of(fn)
        self.assertEqual(one, two)
        fn.__globals__["number"] = 5
        three, _ = self.ids_of(fn)
        self.assertNotEqual(three, one)
        fn.__code__ = script_function("def f(x): return -x").__code__
        four, _ = self.ids_of(fn)
        self.assertNotEqual(four, three)

    def test_few_are_kept(self):
        for i in range(100):
            self.functions.let_go(self.functions.get(script_function(f"def f(x): return {i}")))
        self.assertEqual(len(self.core.sent), 100)
        self.assertEqual(len(self.core.released), 36)

    def test_a_function_that_somebody_uses_now_is_not_released(self):
        used = self.functions.get(by_name)
        for i in range(100):
            self.functions.let_go(self.functions.get(script_function(f"def f(x): return {i}")))
        self.assertNotIn(used.object_id, self.core.released)
        self.functions.let_go(used)
        self.assertIn(used.object_id, self.core.released)

    def test_after_clear_everything_is_sent_again(self):
        one = self.functions.get(by_name).object_id
        self.functions.forget()
        self.assertNotEqual(self.functions.get(by_name).object_id, one)


if __name__ == "__main__":
    unittest.main()
