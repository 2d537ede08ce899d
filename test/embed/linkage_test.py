"""The program links nothing dynamically but libc, and exports nothing but Python's API."""

import re
import subprocess
import sys
import unittest

PROGRAM = sys.argv.pop(1)


def output_of(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


class Linkage(unittest.TestCase):
    def test_only_the_c_library_is_shared(self):
        needed = re.findall(r"Shared library: \[(.+?)\]", output_of("readelf", "-d", PROGRAM))
        self.assertLessEqual(set(needed), {"libc.so.6", "libm.so.6", "ld-linux-x86-64.so.2"})

    def test_exactly_the_api_of_python_is_exported(self):
        names = {line.split()[-1] for line in output_of("nm", "-D", "--defined-only", PROGRAM).splitlines()}
        ours = {name for name in names if not re.match(r"_?Py", name)}
        data_of_libc = {"environ", "__environ", "stdin", "stdout", "stderr"}
        self.assertLessEqual({name.partition("@")[0] for name in ours}, data_of_libc)
        for name in ("PyTuple_Type", "Py_BytesMain", "PyArg_ParseTuple", "_Py_NoneStruct"):
            self.assertIn(name, names)


if __name__ == "__main__":
    unittest.main()
