"""`scaler run` and `scaler python`: a user's program in the embedded interpreter."""

import os
import signal
import subprocess
import tempfile
import textwrap
import unittest

from processes import descendants, wait_gone
from scaler.cluster.program import find_program


def command(*words, **options):
    environment = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "SCALER_ADDRESS")}
    return subprocess.Popen(
        [find_program(), *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, **options
    )


def heed_interrupts():
    """Whoever runs these tests in the background of a shell has them ignored, and the program would respect that."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def run(*words, **options):
    process = command(*words, **options)
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


class Python(unittest.TestCase):
    def test_it_is_the_python_that_a_shell_would_give(self):
        self.assertEqual(run("python", "-c", "import sys; print(sys.argv); sys.exit(3)", "a", "-b"),
                         (3, "['-c', 'a', '-b']\n", ""))
        self.assertRegex(run("python", "--version")[1], r"^Python 3\.11\.\d+\n$")
        code, out, err = run("python", "-c", "def f(): 1/0\nf()")
        self.assertEqual((code, out), (1, ""))
        self.assertIn("ZeroDivisionError: division by zero", err)

    def test_a_script_has_its_folder_and_its_arguments(self):
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, "beside.py"), "w") as file:
                file.write("value = 42\n")
            script = os.path.join(folder, "script.py")
            with open(script, "w") as file:
                file.write("import sys, beside\nprint(__name__, beside.value, sys.argv[1:])\n")
            self.assertEqual(run("run", script, "--workers", "x")[1], "__main__ 42 ['--workers', 'x']\n")
            self.assertEqual(run("run", "-m", "beside", cwd=folder)[:2], (0, ""))

    def test_a_program_that_starts_its_python_again_gets_the_same(self):
        program = textwrap.dedent("""
            import multiprocessing, subprocess, sys
            def work(x):
                import scaler
                return x * x, scaler.__spec__.origin
            if __name__ == "__main__":
                print(subprocess.check_output([sys.executable, "-c", "print(1 + 1)"], text=True).strip())
                with multiprocessing.get_context("spawn").Pool(1) as pool:
                    print(pool.map(work, [3]))
        """)
        with tempfile.NamedTemporaryFile("w", suffix=".py") as file:
            file.write(program)
            file.flush()
            self.assertEqual(run("run", file.name), (0, "2\n[(9, '<scaler>/scaler/__init__.py')]\n", ""))

    def test_an_environment_that_is_none_is_refused(self):
        code, out, err = run("run", "--python-env", "/nowhere", "x.py")
        self.assertEqual((code, out), (2, ""))
        self.assertIn("/nowhere", err)

    def test_an_interrupt_is_the_programs(self):
        process = command("python", "-c", "import time; print('up', flush=True)\nwhile True: time.sleep(0.05)",
                          preexec_fn=heed_interrupts)
        self.assertEqual(process.stdout.readline(), "up\n")
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
        self.assertIn("KeyboardInterrupt", err)
        self.assertEqual(process.returncode, -signal.SIGINT)


class Workers(unittest.TestCase):
    SHOW = "import os, sys; print(os.environ['SCALER_ADDRESS'], flush=True); "

    def test_a_program_with_workers_finds_its_cluster_in_the_environment(self):
        code, out, err = run("run", "--workers", "1", "-c", self.SHOW)
        self.assertEqual((code, err), (0, ""))
        self.assertRegex(out, r"^tcp://127\.0\.0\.1:\d+\n$")
        self.assertEqual(run("run", "--address", "tcp://h:1", "-c", self.SHOW)[1], "tcp://h:1\n")

    def test_a_client_without_an_address_runs_its_tasks_there(self):
        program = textwrap.dedent("""
            from scaler import Client
            with Client() as client:
                print(client.map(lambda x: x * x, range(5)), client.submit(abs, -3).result())
        """)
        self.assertEqual(run("run", "--workers", "2", "-c", program), (0, "[0, 1, 4, 9, 16] 3\n", ""))

    def test_its_exit_code_is_the_programs(self):
        self.assertEqual(run("run", "-w", "0", "-c", "raise SystemExit(5)")[0], 5)

    def test_the_cluster_ends_with_the_program_however_that_ends(self):
        for number in (signal.SIGTERM, signal.SIGKILL):
            process = command("run", "--workers", "1", "-c", self.SHOW + "import signal; signal.pause()")
            process.stdout.readline()
            pids = descendants(process.pid)
            self.assertGreaterEqual(len(pids), 3)
            process.send_signal(number)
            process.communicate(timeout=30)
            wait_gone(pids)


if __name__ == "__main__":
    unittest.main()
