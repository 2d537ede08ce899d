"""What an operator can get wrong: one line on standard error, exit code 2 or 1, nothing left running, ports free."""

import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import time
import unittest

import stack

NOBODY = 65534


def as_nobody():
    os.setgroups([])
    os.setgid(NOBODY)
    os.setuid(NOBODY)


class BadInput(unittest.TestCase):
    def setUp(self):
        signal.signal(signal.SIGALRM, signal.default_int_handler)
        signal.alarm(120)
        folder = stack.temporary_folder()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        os.chmod(self.folder, 0o755)

    def tearDown(self):
        signal.alarm(0)

    def refused(self, *words, code, says, unprivileged=False):
        """Runs the program; it must end by itself with one line on standard error."""
        program = self.public_program() if unprivileged else stack.binary()
        process = subprocess.Popen([program, *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                   errors="replace", cwd=self.folder, start_new_session=True,
                                   preexec_fn=as_nobody if unprivileged else None)
        try:
            out, err = process.communicate(timeout=stack.LIMIT_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            self.fail(f"{words} runs on: {process.communicate()}")
        self.assertEqual(process.returncode, code, (words, out, err))
        self.assertEqual(len(err.splitlines()), 1, (words, err))
        self.assertRegex(err, says)
        self.assertNotIn("Traceback", out + err)
        with self.assertRaises(ProcessLookupError, msg=f"{words} left a process behind"):
            os.killpg(process.pid, 0)
        return err

    def public_program(self):
        """A copy that everybody may run, wherever the checkout lies."""
        copy = self.folder / "scaler"
        if not copy.exists():
            shutil.copy2(stack.binary(), copy)
            os.chmod(copy, 0o755)
        return str(copy)

    def file(self, text, name="f.toml"):
        path = self.folder / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    # ---- files ----

    def test_files_that_are_no_configuration(self):
        good = self.file("[scheduler]\nbind_address = 'tcp://127.0.0.1:0'\n")
        for name, make, says in (
            ("missing", lambda: self.folder / "no.toml", "no.toml: No such file or directory"),
            ("directory", lambda: self.folder, "a directory, not a file"),
            ("binary", lambda: self.file(b"\x7fELF\x02\x01\0\0" + os.urandom(64)), "f.toml"),
            ("of 100 MB", lambda: self.hundred_megabytes(), "larger than 16 MiB"),
            ("endless", lambda: "/dev/zero", "larger than 16 MiB"),
            ("cut short", lambda: self.file("[scheduler"), r"f.toml:1:\d+: "),
            ("not UTF-8", lambda: self.file(b"[scheduler]\nidentity = '\xff\xfe'\n"), r"f.toml:2:\d+: "),
        ):
            with self.subTest(name):
                path = make()
                began = time.monotonic()
                self.refused("scheduler", "-c", path, code=2, says=says)
                self.refused(path, code=2, says=says)
                self.refused("config", "check", path, code=2, says=says)
                self.assertLess(time.monotonic() - began, 20)
        self.assertTrue(good.exists())

    def hundred_megabytes(self):
        path = self.folder / "big.toml"
        with open(path, "wb") as file:
            file.truncate(100 << 20)
        return path

    def test_an_empty_file(self):
        self.file("")
        self.refused("f.toml", code=2, says="f.toml: none of the sections")
        self.refused("config", "check", "f.toml", code=2, says="f.toml: no section that a command reads")
        self.refused("scheduler", "-c", "f.toml", code=2, says="bind_address is missing: .* which has no such section")

    @unittest.skipIf(os.geteuid() != 0, "needs a user to step down from")
    def test_what_a_user_may_not_do(self):
        secret = self.file("[scheduler]\nbind_address = 'tcp://127.0.0.1:0'\n", "secret.toml")
        os.chmod(secret, 0o600)
        closed = self.folder / "closed"
        closed.mkdir(mode=0o700)
        run = {"unprivileged": True}
        self.refused("scheduler", "-c", secret, code=2, says="secret.toml: Permission denied", **run)
        self.refused(secret, code=2, says="secret.toml: Permission denied", **run)
        anywhere = ("scheduler", "tcp://127.0.0.1:0")
        self.refused(*anywhere, "-lp", closed / "log", code=2, says="cannot log to .*/closed/log: Permission denied", **run)
        self.refused(*anywhere, "-lcf", closed / "log.conf", code=2, says="closed/log.conf: Permission denied", **run)
        self.refused(*anywhere, "-ma", f"ipc://{closed}/monitor", code=1, says="closed/monitor: permission denied", **run)
        if int(pathlib.Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").read_text()) > 81:
            self.refused("scheduler", "tcp://127.0.0.1:81", code=1, says="ports below 1024 need a privilege", **run)
            self.refused("object_storage_server", "tcp://127.0.0.1:81", code=1, says="ports below 1024 need a privilege", **run)

    def test_wrong_contents(self):
        head = "[scheduler]\nbind_address = 'tcp://127.0.0.1:0'\n"
        manager = "[[worker_manager]]\ntype = 'baremetal_native'\nscheduler_address = 'tcp://127.0.0.1:1'\n"
        for text, says in (
            (head + "io_threads = 'x'\n", r"f.toml:3: io_threads: 'x' is not allowed \(a whole number of threads, at least 1\)"),
            (head + "io_threads = 1.5\n", "f.toml:3: io_threads: a number with a point is not allowed"),
            (head + "io_threads = [1]\n", "f.toml:3: io_threads: an array is not allowed"),
            (head + "protected = 1\n", "f.toml:3: protected: '1' is not allowed .true or false."),
            (head + "logging_paths = {a = 1}\n", "f.toml:3: logging_paths: a table is not allowed"),
            (head + "client_timeout_seconds = 1979-05-27\n", "f.toml:3: client_timeout_seconds: .* is not allowed"),
            (head + "logging_level = 'LOUD'\n", "f.toml:3: logging_level: 'LOUD' is not allowed .one of CRITICAL, "),
            (head + "policy_content = 'allocate=never'\n", "f.toml:3: policy_content: "),
            (head + "monitor_address = 'http://h'\n", "f.toml:3: monitor_address: "),
            (head + "[scheduler]\n", r"f.toml:3:\d+: "),
            (head + "io_threads = 2\nio_threads = 3\n", r"f.toml:4:\d+: "),
            ("[[scheduler]]\n[[scheduler]]\n", "f.toml"),
            ("bind_address = 'tcp://127.0.0.1:0'\n", "bind_address is missing|none of the sections"),
            (manager, "worker_manager_id: missing in .worker_manager.|bind_address is missing"),
            (manager + "worker_manager_id = ''\n", "worker_manager_id: '' is not allowed|bind_address is missing"),
            (manager.replace("native", "nativ"), "unknown kind 'baremetal_nativ' .did you mean baremetal_native|bind_ad"),
            (manager.replace("type = 'baremetal_native'\n", ""), "type: the kind is missing|bind_address is missing"),
        ):
            with self.subTest(text):
                self.file(text)
                self.refused("scheduler", "-c", "f.toml", code=2, says=says)
                self.refused("f.toml", code=2, says=says)

    def test_worker_manager_entries_that_do_not_decide(self):
        entry = "[[worker_manager]]\ntype = 'baremetal_native'\nscheduler_address = 'tcp://127.0.0.1:1'\nworker_manager_id = '{}'\n"
        self.file(entry.format("a") + entry.format("b"))
        words = ("worker_manager", "baremetal_native", "-c", "f.toml")
        self.refused(*words, code=2, says="2 ..worker_manager.. sections have type = .baremetal_native.; choose one")
        self.refused(*words, "-wmi", "c", code=2, says="choose one with --worker-manager-id")
        self.refused("worker_manager", "symphony", "-c", "f.toml", code=2, says="no ..worker_manager.. section with type")
        self.file(entry.format("a") * 2)
        self.refused("f.toml", code=2, says="f.toml:8: worker_manager_id: 'a' is the id of the section in line 1 too")

    # ---- words ----

    def test_addresses_of_every_wrong_shape(self):
        for address in ("", "tcp", "tcp:", "tcp://", "tcp://h", "tcp://:", "tcp://:1", "tcp://h:", "tcp://h:x", "tcp://h:-1",
                        "tcp://h:65536", "tcp://h:99999999999999999999", "h:1", "//h:1", "http://h:1", "udp://h:1", "tcp:/h:1",
                        "tcp://h:1/path", "tcp://[::1", "tcp://::1:1", "ipc://", "tcp://a b:1", "tcp://h:1\n", "tcp://" + "x" * 9999):
            with self.subTest(address[:30]):
                err = self.refused("scheduler", address, code=2, says="^scaler_scheduler: bind_address: ")
                self.assertLess(len(err), 500)
        self.refused("scheduler", "tcp://h:1", "-osa", "ipc:///tmp/x", code=2, says="a tcp address, such as tcp://127.0.0.1:6378")
        self.refused("worker_manager", "baremetal_native", "tcp://h:0", "-wmi", "x", code=2, says="port 0")
        self.refused("top", "tcp://*:1", code=2, says="host \\*")

    def test_usage(self):
        for words, says in (
            (["scheduler"], "scaler_scheduler: bind_address is missing"),
            (["scheduler", "tcp://h:1", "more"], "'more' is one word too many"),
            (["scheduler", "tcp://h:1", "--protectd"], "unknown option --protectd .did you mean --protected?"),
            (["scheduler", "tcp://h:1", "-ct", "x"], "--client-timeout-seconds: 'x' is not allowed"),
            (["scheduler", "tcp://h:1", "-ct", "0"], "--client-timeout-seconds: 0 is not allowed"),
            (["scheduler", "tcp://h:1", "-ct"], "--client-timeout-seconds: a value is missing"),
            (["scheduler", "tcp://h:1", "-it", "0"], "--io-threads: 0 is not allowed"),
            (["scheduler", "tcp://h:1", "-mt", "-2"], "--max-number-of-tasks-waiting: -2 is not allowed"),
            (["scheduler", "tcp://h:1", "--l", "1"], "--l is ambiguous: "),
            (["scheduler", "tcp://h:1", "-et", "other"], "--policy-engine-type: 'other' is not allowed"),
            (["scheduler", "tcp://h:1", "-pc", "allocate=x"], "--policy-content: "),
            (["worker_manager"], "the kind is missing"),
            (["worker_manager", "lunar", "tcp://h:1"], "unknown kind 'lunar'"),
            (["worker_manager", "baremetal_native", "tcp://h:1"], "--worker-manager-id is missing"),
            (["worker_manager", "baremetal_native", "tcp://h:1", "-wmi", ""], "--worker-manager-id: '' is not allowed"),
            (["worker_manager", "baremetal_native", "tcp://h:1", "-wmi", "x", "-mtc", "-2"], "--max-task-concurrency: -2"),
            (["worker_manager", "baremetal_native", "tcp://h:1", "-wmi", "x", "-mtc", "-1", "--mode", "fixed"], "-1 is not allowed"),
            (["worker_manager", "symphony", "tcp://h:1", "-wmi", "x"], "--service-name is missing"),
            (["worker_manager", "aws_hpc", "tcp://h:1", "-wmi", "x"], "--job-queue is missing"),
            (["cluster", "tcp://h:1", "-n", "2", "-wn", "a"], "1 names for 2 workers"),
            (["top", "tcp://h:1", "-t", "0"], "--timeout: '0' is not allowed"),
            (["gui", "tcp://h:1", "--gui-address", "h:0"], "--gui-address: 'h:0' is not allowed"),
            (["nonsense"], "unknown command 'nonsense'"),
            (["why", "x"], "scheduler_address is missing"),
        ):
            with self.subTest(words):
                self.refused(*words, code=2, says=re.escape(says).replace(r"\.", "."))

    # ---- the world ----

    def test_ports_that_are_taken(self):
        with socket.socket() as owner:
            owner.bind(("127.0.0.1", 0))
            owner.listen()
            taken = f"tcp://127.0.0.1:{owner.getsockname()[1]}"
            says = f"cannot listen on {taken}: address in use"
            self.refused("scheduler", taken, code=1, says=f"^scaler_scheduler: {says}")
            self.refused("object_storage_server", taken, code=1, says=f"^scaler_object_storage_server: {says}")
            (free,) = stack.free_ports(1)
            self.refused("scheduler", f"tcp://127.0.0.1:{free}", "-ma", taken, code=1, says=says)
            with socket.socket() as probe:  # what was bound before the failure is free again
                probe.bind(("127.0.0.1", free))
            self.file(f"[scheduler]\nbind_address = '{taken}'\n")
            self.refused("f.toml", code=1, says=says)

    def test_places_that_are_not_there(self):
        anywhere = ("scheduler", "tcp://127.0.0.1:0")
        self.refused(*anywhere, "-lp", "/no/such/log", code=2, says="cannot log to /no/such/log: No such file or directory")
        self.refused(*anywhere, "-lp", self.folder, code=2, says="cannot log to .*: Is a directory")
        self.refused(*anywhere, "-lcf", "/no/such.conf", code=2, says="/no/such.conf: No such file or directory")
        self.refused(*anywhere, "-ma", "ipc:///no/such/socket", code=1, says="folder of this socket file does not exist")
        self.file("x", "plain")
        self.refused(*anywhere, "-ma", f"ipc://{self.folder}/plain", code=1, says="a file that is not a socket is in the way")
        self.refused("scheduler", "tcp://203.0.113.9:7001", code=1, says="this machine has no such address")
        self.refused("scheduler", "tcp://no-such-host.invalid:7001", code=1, says="no-such-host.invalid")

    def test_object_storage_that_is_not_there(self):
        (nobody,) = stack.free_ports(1)
        says = f"object storage server tcp://127.0.0.1:{nobody} cannot be reached: .*connection refused"
        self.refused("scheduler", "tcp://127.0.0.1:0", "-osa", f"tcp://127.0.0.1:{nobody}", code=1, says=says)

    def test_a_log_configuration_that_is_wrong(self):
        conf = self.file("[logger_root]\nlevel=LOUD\nhandlers=\n", "log.conf")
        self.refused("scheduler", "tcp://127.0.0.1:0", "-lcf", conf, code=2, says="log.conf:2: level 'LOUD' is not allowed")
        self.file("nothing", "log.conf")
        self.refused("scheduler", "tcp://127.0.0.1:0", "-lcf", conf, code=2, says="log.conf:1: ")


if __name__ == "__main__":
    unittest.main(verbosity=2)
