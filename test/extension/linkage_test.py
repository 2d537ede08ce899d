"""An extension module exports its entry only, needs the C library only, and runs in every CPython of this machine."""

import glob
import os
import re
import subprocess
import sys
import unittest

MODULE = sys.argv.pop(1)
NAME = os.path.basename(MODULE).partition(".")[0]

PROGRAM = """
import sys, importlib.machinery, importlib.util
loader = importlib.machinery.ExtensionFileLoader({name!r}, {module!r})
module = importlib.util.module_from_spec(importlib.util.spec_from_loader({name!r}, loader))
loader.exec_module(module)
assert module.turn() == 1
assert module.decode(b'\\xff' * 64)
"""


def output_of(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def interpreters():
    """The system's and pyenv's."""
    found = glob.glob("/usr/bin/python3") + glob.glob("/usr/local/bin/python3")
    found += glob.glob(os.path.expanduser("~/.pyenv/versions/3.[89].*/bin/python3"))
    found += glob.glob(os.path.expanduser("~/.pyenv/versions/3.1[0-9].*/bin/python3"))
    return sorted({os.path.realpath(path) for path in found})


class Linkage(unittest.TestCase):
    def test_only_the_entry_is_exported(self):
        names = [line.split()[-1] for line in output_of("nm", "-D", "--defined-only", MODULE).splitlines()]
        self.assertEqual(names, ["PyInit_" + NAME])

    def test_only_the_c_library_is_needed(self):
        needed = re.findall(r"Shared library: \[(.+?)\]", output_of("readelf", "-d", MODULE))
        self.assertLessEqual(set(needed), {"libc.so.6", "libm.so.6", "libgcc_s.so.1", "ld-linux-x86-64.so.2"})

    def test_what_is_undefined_comes_from_python_or_the_c_library(self):
        lines = [line.split()[-2:] for line in output_of("nm", "-D", "--undefined-only", MODULE).splitlines()]
        undefined = [name for kind, name in lines if kind == "U"]  # weak ones may stay so
        strangers = [name for name in undefined if not re.match(r"_?Py|.*@(GLIBC|GCC)_", name)]
        self.assertEqual(strangers, [])

    def test_the_c_library_of_2021_is_enough(self):
        text = output_of("readelf", "-V", "-W", MODULE)
        newest = max(tuple(map(int, version.split("."))) for version in re.findall(r"GLIBC_(\d+\.\d+)", text))
        self.assertLessEqual(newest, (2, 34))

    def test_it_runs_in_every_interpreter(self):
        program = PROGRAM.format(name=NAME, module=MODULE)
        self.assertTrue(interpreters())
        for interpreter in interpreters():
            with self.subTest(interpreter):
                subprocess.run([interpreter, "-I", "-c", program], check=True)


if __name__ == "__main__":
    unittest.main()
