"""The installed wheel: its files, its commands, and the native module in every CPython of this machine."""

import base64
import glob
import hashlib
import importlib.metadata
import os
import re
import subprocess
import sys
import sysconfig
import tempfile
import unittest

import scaler
from scaler import _native

LINKS = "scheduler object_storage_server worker_manager cluster top gui".split()


def output_of(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def interpreters():
    """The system's and pyenv's, from 3.8 on."""
    found = glob.glob("/usr/bin/python3") + glob.glob("/usr/local/bin/python3")
    found += glob.glob(os.path.expanduser("~/.pyenv/versions/3.[89].*/bin/python3"))
    found += glob.glob(os.path.expanduser("~/.pyenv/versions/3.1[0-9].*/bin/python3"))
    return sorted({os.path.realpath(path) for path in found})


class Module(unittest.TestCase):
    path = _native.__file__

    def test_only_its_entry_is_exported(self):
        names = [line.split()[-1] for line in output_of("nm", "-D", "--defined-only", self.path).splitlines()]
        self.assertEqual(names, ["PyInit__native"])

    def test_only_the_c_library_is_needed(self):
        needed = re.findall(r"Shared library: \[(.+?)\]", output_of("readelf", "-d", self.path))
        self.assertLessEqual(set(needed), {"libc.so.6", "libm.so.6", "libgcc_s.so.1", "ld-linux-x86-64.so.2"})

    def test_what_is_undefined_comes_from_python_or_the_c_library(self):
        lines = [line.split()[-2:] for line in output_of("nm", "-D", "--undefined-only", self.path).splitlines()]
        undefined = [name for kind, name in lines if kind == "U"]  # weak ones may stay so
        self.assertEqual([name for name in undefined if not re.match(r"_?Py|.*@(GLIBC|GCC)_", name)], [])

    def test_the_c_library_of_2021_is_enough(self):
        text = output_of("readelf", "-V", "-W", self.path)
        newest = max(tuple(map(int, version.split("."))) for version in re.findall(r"GLIBC_(\d+\.\d+)", text))
        self.assertLessEqual(newest, (2, 34))

    def test_it_can_be_imported_by_every_interpreter(self):
        folder = os.path.dirname(os.path.dirname(self.path))
        program = "import sys; sys.path.append(sys.argv[1]); from scaler._native import Future; print(Future.__name__)"
        self.assertTrue(interpreters())
        for interpreter in interpreters():
            with self.subTest(interpreter):
                self.assertEqual(output_of(interpreter, "-I", "-c", program, folder), "ScalerFuture\n")


class Files(unittest.TestCase):
    def test_each_file_is_what_the_list_says(self):
        files = [file for file in importlib.metadata.files("scaler") if file.hash and file.hash.mode == "sha256"]
        self.assertGreater(len(files), 60)
        for file in files:
            digest = hashlib.sha256(file.locate().read_bytes()).digest()
            self.assertEqual(base64.urlsafe_b64encode(digest).rstrip(b"=").decode(), file.hash.value, file)

    def test_types_and_licences_are_among_them(self):
        names = {file.name for file in importlib.metadata.files("scaler")}
        self.assertLessEqual({"py.typed", "_native.pyi", "LICENSE", "libuv1-dev", "libcapnp-dev"}, names)
        self.assertEqual(importlib.metadata.version("scaler"), scaler.__version__)


class Commands(unittest.TestCase):
    folder = sysconfig.get_path("scripts")

    def test_each_command_is_there_and_shows_its_help(self):
        for name in LINKS:
            with self.subTest(name):
                text = output_of(os.path.join(self.folder, "scaler_" + name), "--help")
                self.assertRegex(text, f"usage: scaler_{name}")

    def test_a_command_may_be_linked_to_from_elsewhere(self):
        with tempfile.TemporaryDirectory() as folder:
            link = os.path.join(folder, "scaler_scheduler")
            os.symlink(os.path.join(self.folder, "scaler_scheduler"), link)
            self.assertIn("usage: scaler_scheduler", output_of(link, "--help"))

    def test_the_program_is_found_from_the_package(self):
        from scaler.cluster.program import find_program

        environment = {key: value for key, value in os.environ.items() if key not in ("SCALER_BINARY", "PATH")}
        program = "from scaler.cluster.program import find_program; print(find_program())"
        done = subprocess.run([sys.executable, "-c", program], env=environment, stdout=subprocess.PIPE, text=True)
        self.assertTrue(os.path.samefile(done.stdout.strip(), os.path.join(self.folder, "scaler")))
        self.assertTrue(os.access(find_program(), os.X_OK))


if __name__ == "__main__":
    unittest.main()
