import os
import sys
import tempfile
import unittest

from scaler_runtime.preload import PreloadSpecError, execute_preload, parse_preload_spec


class Grammar(unittest.TestCase):
    def test_a_name_and_a_call_without_arguments_mean_the_same(self):
        self.assertEqual(parse_preload_spec("m.a:f"), ("m.a", "f", (), {}))
        self.assertEqual(parse_preload_spec("m.a:f()"), ("m.a", "f", (), {}))

    def test_arguments_are_literals(self):
        self.assertEqual(
            parse_preload_spec("m:f(1,'x',-2.5,k=[1,{'a':None}])"), ("m", "f", (1, "x", -2.5), {"k": [1, {"a": None}]})
        )

    def test_every_wrong_form_says_what_is_wrong(self):
        for spec, text in (
            ("m", "module.sub:func"), (":f", "module.sub:func"),
            ("m:", "failed to parse"), ("m:f(", "failed to parse"), ("m:lambda: 1", "failed to parse"),
            ("a:b:c", "failed to parse"), ("m: f", "failed to parse"), ("m:a.b", "failed to parse"),
            ("m:a.b()", "simple name"),
            ("m:f(x)", "literals"), ("m:f(1+2)", "literals"), ("m:f(*[1])", "literals"), ("m:f(**{'a':1})", "literals"),
        ):
            with self.subTest(spec), self.assertRaisesRegex(PreloadSpecError, text):
                parse_preload_spec(spec)


class Execution(unittest.TestCase):
    def setUp(self):
        self._folder = tempfile.TemporaryDirectory()
        self.addCleanup(self._folder.cleanup)
        with open(os.path.join(self._folder.name, "warm_up.py"), "w") as file:
            file.write("calls = []\nnumber = 5\ndef f(*a, **k): calls.append((a, k))\ndef fails(): raise OSError('disk')\n")
        sys.path.insert(0, self._folder.name)
        self.addCleanup(sys.path.remove, self._folder.name)
        self.addCleanup(sys.modules.pop, "warm_up", None)

    def test_the_function_is_called_with_its_arguments(self):
        execute_preload("warm_up:f(1, k=2)")
        self.assertEqual(sys.modules["warm_up"].calls, [((1,), {"k": 2})])

    def test_failures_are_told_apart(self):
        for spec, kind, text in (
            ("warm_up:absent", PreloadSpecError, "failed to find attribute"),
            ("warm_up:number", PreloadSpecError, "must be callable"),
            ("warm_up:fails(1)", PreloadSpecError, "fails"),
            ("warm_up:fails", OSError, "disk"),
            ("no_such_module:f", ModuleNotFoundError, "no_such_module"),
        ):
            with self.subTest(spec), self.assertRaisesRegex(kind, text):
                execute_preload(spec)

    def test_a_file_instead_of_a_module_gets_a_hint(self):
        before = os.getcwd()
        os.chdir(self._folder.name)
        self.addCleanup(os.chdir, before)
        with self.assertRaisesRegex(PreloadSpecError, "name the module instead, 'warm_up'"):
            execute_preload("warm_up.py:f")


if __name__ == "__main__":
    unittest.main()
