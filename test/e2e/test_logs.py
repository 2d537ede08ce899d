"""Log output of whole roles: levels, several places, expanded names, a file for each processor, JSON, colours."""

import json
import os
import pathlib
import pty
import re
import signal
import subprocess
import unittest

from scaler import Client

import stack


def say(text):
    import logging

    logging.info("quiet %s", text)
    logging.warning("loud %s", text)
    return os.getpid()


class Logs(unittest.TestCase):
    def setUp(self):
        signal.signal(signal.SIGALRM, signal.default_int_handler)
        signal.alarm(120)
        folder = stack.temporary_folder()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def tearDown(self):
        signal.alarm(0)

    def run_one_task(self, *options, scheduler_options=(), env=None):
        """A task that logs, under a manager with these options; gives its process id and what went to standard output."""
        with stack.Stack(workers=1, scheduler_options=scheduler_options, manager_options=options, env=env) as ours:
            with Client(address=ours.address) as client:
                pid = client.submit(say, "words").result()
            self.assertEqual(set(ours.stop().values()), {0})
            return pid, ours.scheduler.lines, ours.manager.lines

    def test_every_line_goes_to_every_place_at_its_level_or_above(self):
        pid, _, manager = self.run_one_task(
            "--logging-level", "WARNING", "--logging-paths", "~/role.log", "$PLACE/other.log", "-",
            env={"HOME": str(self.folder), "PLACE": str(self.folder)})
        for name in ("role.log", "other.log"):
            processor = (self.folder / f"{name}-{pid}").read_text()
            self.assertRegex(processor, r"^\[WARN\]\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[+-]\d{4}: test_logs:say:\d+: loud words\n$")
            self.assertNotIn("[INFO]", (self.folder / name).read_text())
        self.assertTrue(any(re.search(r"\[WARN\].*: loud words$", line) for line in manager), manager)
        self.assertFalse([line for line in manager if "[INFO]" in line])

    def test_json_lines_in_utc_from_roles_and_processors(self):
        form = ("--log-format", "json", "--log-time", "utc")
        _, scheduler, manager = self.run_one_task(*form, scheduler_options=form)
        for line in scheduler + manager:
            fields = json.loads(line)
            self.assertRegex(fields["time"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00$")
            self.assertIn(fields["level"], ("INFO", "WARNING"))
            self.assertGreater(fields["pid"], 0)
        texts = [json.loads(line)["message"] for line in manager]
        self.assertIn("loud words", texts)
        self.assertIn("Worker[0] started", texts)

    def test_a_python_logging_file_decides_place_level_and_form(self):
        conf = self.folder / "log.conf"
        conf.write_text(f"""[loggers]
keys=root
[handlers]
keys=file
[formatters]
keys=short
[logger_root]
level=INFO
handlers=file
[handler_file]
class=FileHandler
formatter=short
args=('{self.folder}/conf.log', 'a')
[formatter_short]
format=%(levelname)s|%(message)s
""")
        _, _, manager = self.run_one_task("--logging-config-file", str(conf))
        self.assertEqual(manager, [])
        lines = self.text("conf.log").splitlines()
        for line in ("INFO|Worker[0] started", "INFO|quiet words", "WARNING|loud words"):  # manager and processor
            self.assertIn(line, lines)

    def text(self, name):
        path = self.folder / name
        return path.read_text() if path.exists() else ""

    def test_colour_is_for_terminals_alone(self):
        for name, variables, coloured in (("terminal", {}, True), ("no colour wanted", {"NO_COLOR": "1"}, False),
                                          ("dumb", {"TERM": "dumb"}, False)):
            with self.subTest(name):
                try:
                    outside, inside = pty.openpty()
                except OSError as error:  # a bare root without /dev/pts
                    self.skipTest(f"no terminal to be had: {error}")
                process = subprocess.Popen([stack.binary(), "object_storage_server", "tcp://127.0.0.1:0"], stdout=inside,
                                           stderr=inside, stdin=inside,
                                           env={**os.environ, "TERM": "xterm", **variables})
                os.close(inside)
                text = b""
                while b"started" not in text:
                    text += os.read(outside, 4096)
                process.terminate()
                self.assertEqual(process.wait(stack.LIMIT_S), 0)
                os.close(outside)
                self.assertEqual(b"\x1b[" in text, coloured, text)


if __name__ == "__main__":
    unittest.main(verbosity=2)
