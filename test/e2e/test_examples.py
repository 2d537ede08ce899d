"""Every command line and file that the users' documents print, run as printed but for the port numbers.

    python test/e2e/test_examples.py --table      writes docs/examples.md's table
"""

import contextlib
import os
import pathlib
import re
import signal
import subprocess
import sys
import unittest

if __name__ == "__main__" and "--table" in sys.argv:  # needs no client
    sys.modules["scaler"] = type(sys)("scaler")

import stack
from fake_aws import FakeAws

FILES = pathlib.Path(__file__).resolve().parents[1] / "config" / "examples"
PAGE = pathlib.Path(__file__).resolve().parents[2] / "docs" / "examples.md"

MANAGER = "scaler_worker_manager baremetal_native tcp://127.0.0.1:6378 --worker-manager-id wm-preload --preload "
READY_SCHEDULER = "listen to scheduler monitor address tcp://127.0.0.1:{monitor}"
READY_STORE = "ObjectStorageServer: started"
NOT_BUILT = "not built in yet"
PICTURE = r"Total \d+ manager\(s\) with \d+ worker\(s\)"
NO_MONITOR = "no scheduler's monitor answers"
UVLOOP = "use event loop: uvloop(?s:.*)" + READY_SCHEDULER
STARTED = "use event loop: builtin"
SERVED = r"gui: open http://.*:{gui} in a browser"
SERVED_OLDER = r"gui: open http://.*:8081 in a browser"
SKIPPED = "this build does not have it yet"

# What must run beside a command before it starts.
STORE, BOTH = ("store",), ("store", "scheduler")

# (document, command line, what runs beside it, line that says it runs or refuses, exit code after SIGTERM, what it did)
EXAMPLES = [
    ("commands", "scaler stack.toml", (), "launcher: 5 processes run", 0,
     "store, scheduler, native workers, the manager of ECS and the web page start; the other managers are checked and left out, "
     "one line each"),
    ("commands", "scaler_scheduler --config scheduler.toml tcp://127.0.0.1:6378", STORE, READY_SCHEDULER, 0, "listens, uses the store"),
    ("commands", "scaler_scheduler tcp://127.0.0.1:8516 --object-storage-address tcp://127.0.0.1:8517 --protected", STORE,
     READY_SCHEDULER, 0, "listens, refuses clients' shutdown"),
    ("commands", "scaler_scheduler tcp://127.0.0.1:8516 --object-storage-address tcp://127.0.0.1:8517 -el uvloop", STORE,
     UVLOOP, 0, "listens; the loop is our own"),
    ("commands", MANAGER + '"mypackage.init:setup"', BOTH, STARTED, 0, "workers run the function before their first task"),
    ("commands", MANAGER + "\"mypackage.init:configure('production', debug=False)\"", BOTH, STARTED, 0, "the same, with arguments"),
    ("commands", "scaler_worker_manager baremetal_native tcp://127.0.0.1:6378 --worker-manager-id wm-fixed --mode fixed"
     " --max-task-concurrency 10 -dts 300", BOTH, r"Worker\[9\] started", 0, "10 workers"),
    ("commands", "scaler native.toml", BOTH, "launcher: 1 processes run", 0,
     "a dynamic manager joins the scheduler"),
    ("commands", "scaler symphony.toml", (), SKIPPED, 2, "checked; refused, since nothing else is in the file"),
    ("commands", "scaler ecs.toml", BOTH, "connected to scheduler", 0,
     "makes the cluster and the task definition, if they are not there, and waits for its scheduler's word"),
    ("commands", "scaler batch.toml", (), SKIPPED, 2, "as that of Symphony"),
    ("commands", "scaler orb.toml", (), SKIPPED, 2, "the same"),
    ("commands", "scaler_object_storage_server --config object_storage.toml tcp://127.0.0.1:6379", (), READY_STORE, 0, "listens"),
    ("commands", "scaler_top --config top.toml tcp://127.0.0.1:6380", BOTH, PICTURE, 0, "one picture, outside a terminal"),
    ("commands", "scaler_gui --config gui.toml tcp://127.0.0.1:6380", BOTH, SERVED, 0, "serves the page"),
    ("readme", 'scaler_scheduler "tcp://127.0.0.1:2345"', (),
     r"connect to object storage server tcp://127.0.0.1:{next}(?s:.*)monitor address tcp://127.0.0.1:{monitor}", 0,
     "listens, with object storage at port + 1"),
    ("readme", "scaler_cluster -n 4 tcp://127.0.0.1:2345", BOTH, r"starting 4 workers(?s:.*)Worker\[3\] started", 0, "4 workers"),
    ("readme", "scaler_object_storage_server -h", (), "usage: scaler_object_storage_server", 0, "its options"),
    ("readme", "scaler_scheduler -h", (), "usage: scaler_scheduler", 0, "its options"),
    ("readme", "scaler_cluster -h", (), "usage: scaler_cluster", 0, "its options"),
    ("readme", "scaler_object_storage_server --config example_config.toml", (), READY_STORE, 0, "listens"),
    ("readme", "scaler_scheduler --config example_config.toml", STORE, READY_SCHEDULER, 0, "listens, uses the store"),
    ("readme", "scaler_cluster --config example_config.toml", BOTH, "starting 8 workers", 0, "8 workers"),
    ("readme", "scaler_cluster --config example_config.toml --num-of-workers 12", BOTH, "starting 12 workers", 0, "12 workers"),
    ("readme", "scaler_ui --config example_config.toml", BOTH, SERVED_OLDER, 0, "serves the page"),
    ("readme", "scaler_scheduler --allocate-policy capability tcp://127.0.0.1:2345", (), READY_SCHEDULER, 0, "capabilities count"),
    ("readme", 'scaler_cluster -n 4 --per-worker-capabilities "gpu,linux" tcp://127.0.0.1:2345', BOTH, r"Worker\[3\] started", 0,
     "4 workers that offer both"),
    ("readme", "scaler_worker_adapter_symphony tcp://127.0.0.1:2345 --service-name ScalerService --base-concurrency 4 --host 127.0.0.1"
     " --port 8080", BOTH, NOT_BUILT, 2, "checked"),
    ("readme", "scaler_worker_adapter_native tcp://127.0.0.1:2345 --host 127.0.0.1 --port 8080", BOTH,
     r"worker adapter listens to http://127\.0\.0\.1:\d+", 0, "serves workers over HTTP"),
    ("readme", "scaler_scheduler tcp://127.0.0.1:2345 --adapter-webhook-url http://127.0.0.1:8080", (), READY_SCHEDULER, 0,
     "listens"),
    ("readme", "scaler_scheduler --event-loop uvloop tcp://127.0.0.1:2345", (), UVLOOP, 0, "listens"),
    ("readme", "scaler_top tcp://127.0.0.1:2347", BOTH, PICTURE, 0, "one picture, outside a terminal"),
    ("readme", "scaler_ui tcp://127.0.0.1:2347 --port 8081", BOTH, SERVED_OLDER, 0, "serves the page"),
    ("introduction", "scaler_object_storage_server tcp://127.0.0.1:8517", (), READY_STORE, 0, "listens"),
    ("introduction", "scaler_scheduler tcp://127.0.0.1:8516 -osa tcp://127.0.0.1:8517", STORE, READY_SCHEDULER, 0, "listens"),
    ("introduction", "scaler_cluster -n 10 tcp://127.0.0.1:8516", BOTH, r"Worker\[9\] started", 0, "10 workers"),
    ("configuration", "scaler_scheduler tcp://127.0.0.1:8516 -p False", (), READY_SCHEDULER, 0, "listens, unprotected"),
    ("configuration", "scaler_scheduler tcp://127.0.0.1:8516 -e uvloop", (), UVLOOP, 0, "listens"),
    ("configuration", 'scaler_cluster tcp://127.0.0.1:8516 --preload "mypackage.init:setup"', BOTH, r"Worker\[0\] started", 0,
     "workers run the function before their first task"),
    ("configuration", "scaler_cluster tcp://127.0.0.1:8516 --preload \"mypackage.init:configure('production', debug=False)\"", BOTH,
     r"Worker\[0\] started", 0, "the same, with arguments"),
    ("configuration", "scaler_cluster -n 10 tcp://127.0.0.1:8516 -ds 300", BOTH, r"Worker\[9\] started", 0, "10 workers"),
    ("features", "scaler_top ipc:///tmp/0.0.0.0_8516_monitor", (), NO_MONITOR, 1, "nobody publishes there: told after 5 seconds"),
    ("features", "scaler_gui tcp://127.0.0.1:6380 --gui-address 127.0.0.1:50001", BOTH, SERVED, 0, "serves the page"),
]


def table():
    lines = ["| document | command line | what it did | exit code |", "|---|---|---|---|"]
    for document, command, _, _, code, what in EXAMPLES:
        codes = " or ".join(map(str, code)) if isinstance(code, tuple) else code
        lines.append(f"| {document} | `{command.replace('|', chr(92) + '|')}` | {what} | {codes} |")
    return "\n".join(lines) + "\n"


def sections_of(text, *wanted):
    """The sections of a TOML text whose header or `type` is wanted."""
    parts = re.split(r"(?m)^(?=\[)", text)
    return "".join(part for part in parts if any(want in part for want in wanted))


class Examples(unittest.TestCase):
    """One cluster's store and scheduler serve all examples that need them."""

    @classmethod
    def setUpClass(cls):
        cls.cleanup = contextlib.ExitStack()
        cls.folder = pathlib.Path(cls.cleanup.enter_context(stack.temporary_folder()))
        cls.aws = FakeAws()
        cls.cleanup.callback(cls.aws.close)
        for name in {command.split()[0] for _, command, *_ in EXAMPLES}:
            (cls.folder / name).symlink_to(stack.binary())
        package = cls.folder / "mypackage"
        package.mkdir()
        (package / "init.py").write_text("def setup():\n    pass\n\n\ndef configure(environment, debug=True):\n    pass\n")
        (package / "__init__.py").write_text("")

    @classmethod
    def tearDownClass(cls):
        cls.cleanup.close()

    def setUp(self):
        signal.signal(signal.SIGALRM, signal.default_int_handler)
        signal.alarm(300)

    def tearDown(self):
        signal.alarm(0)

    def substituted(self, text, ports):
        """The documents' port numbers as free ones: 6378 to 6380 of what runs beside, any other for the command's own."""
        return re.sub(r":(\d{4,5})\b", lambda found: f":{ports.get(int(found[1]), found[1])}", text)

    def write_files(self, ports):
        whole = (FILES / "stack.toml").read_text()
        older = (FILES / "older_stack.toml").read_text().replace("/var/log/scaler", str(self.folder))
        files = {"stack": whole, "example_config": older, "scheduler": sections_of(whole, "[scheduler]"),
                 "object_storage": sections_of(whole, "[object_storage_server]"), "top": sections_of(whole, "[top]"),
                 "gui": sections_of(whole, "[gui]"), "native": sections_of(whole, '"baremetal_native"'),
                 "symphony": sections_of(whole, '"symphony"'), "ecs": sections_of(whole, '"aws_raw_ecs"'),
                 "batch": sections_of(whole, '"aws_hpc"'), "orb": sections_of(whole, '"orb_aws_ec2"')}
        for name, text in files.items():
            (self.folder / f"{name}.toml").write_text(self.substituted(text, ports))

    def start_beside(self, names, ports):
        for name in names:
            if name == "store":
                role = stack.Role("object_storage_server", f"tcp://127.0.0.1:{ports[6379]}")
                role.wait_for_line("started")
            else:
                role = stack.Role("scheduler", f"tcp://127.0.0.1:{ports[6378]}", "-osa", f"tcp://127.0.0.1:{ports[6379]}",
                                  "-ma", f"tcp://127.0.0.1:{ports[6380]}")
                role.wait_for_line("monitor address")
            self.addCleanup(role.process.stdout.close)
            self.addCleanup(role.kill)

    def run_example(self, command, line, code, ports, own_port):
        environment = {**os.environ, **self.aws.environment(), "PATH": f"{self.folder}:{os.environ['PATH']}", "PYTHONPATH": str(self.folder)}
        process = subprocess.Popen(["sh", "-c", f"exec {command}"], cwd=self.folder, env=environment, text=True,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        monitor = own_port + 2 if f":{own_port}" in command else ports[6380]
        wanted = line.replace("{monitor}", str(monitor)).replace("{next}", str(own_port + 1)).replace("{gui}", str(ports[50001]))
        text = ""
        family = []
        try:
            for got in process.stdout:
                text += got
                if re.search(wanted, text):
                    break
            self.assertRegex(text, wanted)
            family = stack.children_of(process.pid)
            if not re.search(f"{NOT_BUILT}|nothing to start|{PICTURE}|{NO_MONITOR}", text):  # those end by themselves
                process.terminate()
            text += process.stdout.read()
            ended = process.wait(stack.LIMIT_S)
        finally:
            process.kill()
            process.wait()
            process.stdout.close()
        self.assertIn(ended, code if isinstance(code, tuple) else (code,), text)
        self.assertEqual(stack.living(family), [], text)
        return text

    def own_ports(self):
        """A port with the two behind it free as well, as the documents' schedulers have."""
        for _ in range(100):
            (port,) = stack.free_ports(1)
            with contextlib.suppress(OSError, OverflowError):
                with contextlib.ExitStack() as held:
                    for offset in range(3):
                        probe = held.enter_context(stack.socket.socket())
                        probe.bind(("127.0.0.1", port + offset))
                    return port
        self.fail("no three free ports in a row")

    def test_each_example_does_what_the_page_says(self):
        for document, command, beside, line, code, _ in EXAMPLES:
            with self.subTest(f"{document}: {command}"):
                ports = dict(zip((6378, 6379, 6380, 50001), stack.free_ports(4)))
                own = self.own_ports()
                self.write_files(ports)
                self.start_beside(beside, ports)
                served = "scheduler" in beside  # then these numbers are the running scheduler's
                numbers = {**ports, 2345: ports[6378] if served else own, 8516: ports[6378] if served else own,
                           2347: ports[6380], 8517: ports[6379], 8080: own, 8081: own}
                self.run_example(self.substituted(command, numbers), line, code, ports, own)
                self.doCleanups()

    def test_the_page_lists_the_examples(self):
        self.assertTrue(PAGE.read_text().endswith(table()), "docs/examples.md is old (--table)")


if __name__ == "__main__":
    if "--table" in sys.argv:
        print(table(), end="")
    else:
        unittest.main(verbosity=2)
