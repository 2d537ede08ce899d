"""A whole stack from one file: `scaler FILE.toml`, its start, its supervision and its end."""

import contextlib
import os
import pathlib
import signal
import socket
import time
import unittest

from scaler import Client

import fake_aws
import stack
import versions

EXAMPLES = pathlib.Path(__file__).resolve().parents[1] / "config" / "examples"


def square(x):
    return x * x


def is_free(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return True
    return False


def three_roles(ports, managers=("wm-one",), scheduler="", manager=""):
    """The text of a file; the last two are more lines for their sections."""
    address, storage_address, monitor_address = (f"tcp://127.0.0.1:{port}" for port in ports)
    text = f'''
[object_storage_server]
bind_address = "{storage_address}"

[scheduler]
bind_address = "{address}"
object_storage_address = "{storage_address}"
monitor_address = "{monitor_address}"
{scheduler}
'''
    for name in managers:
        text += f'''
[[worker_manager]]
type = "baremetal_native"
scheduler_address = "{address}"
worker_manager_id = "{name}"
mode = "fixed"
max_task_concurrency = 1
{manager}
'''
    return text


class Launched:
    """`scaler FILE.toml`: by default with a store, a scheduler and fixed managers on free ports."""

    def __init__(self, text=None, ports=None, env=None, **parts):
        self.ports = ports or stack.free_ports(3)
        self.address = f"tcp://127.0.0.1:{self.ports[0]}"
        self._folder = stack.temporary_folder()
        file = pathlib.Path(self._folder.name) / "cluster.toml"
        file.write_text(text or three_roles(self.ports, **parts))
        self.role = stack.Role(str(file), env=env)

    def wait_ready(self):
        self.role.wait_for_line(r"launcher: \d+ processes run")

    def pid(self, name):
        line = self.role.wait_for_line(rf"launcher: {name} starts, pid \d+")
        return int(line.rsplit(" ", 1)[1])

    def log(self):
        return "\n".join(self.role.lines)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.role.kill()
        self.role.wait_exit()
        self.role.process.stdout.close()
        self._folder.cleanup()


class Launcher(unittest.TestCase):
    def setUp(self):
        signal.signal(signal.SIGALRM, signal.default_int_handler)
        signal.alarm(120)

    def tearDown(self):
        signal.alarm(0)

    def assert_nothing_left(self, launched, before):
        stack.wait_for(lambda: not stack.living(before), f"still there: {[stack.command_of(p) for p in stack.living(before)]}")
        for port in launched.ports:
            stack.wait_for(lambda port=port: is_free(port), f"port {port} is still taken")

    def exercise(self, address):
        with Client(address=address) as client:
            self.assertEqual(versions.map_with(client, square, range(50)), [i * i for i in range(50)])

    def assert_ends(self, launched, code, *, after):
        """Every process of the stack ends after the given call, the launcher with the code."""
        before = stack.children_of(launched.role.pid)
        after()
        self.assertEqual(launched.role.wait_exit(), code, launched.log())
        self.assert_nothing_left(launched, before)

    # ---- starting ----

    def test_a_stack_from_one_file_runs_tasks_and_stops(self):
        with Launched(managers=("wm-one", "wm-two")) as launched:
            launched.wait_ready()
            self.exercise(launched.address)
            names = [line.rsplit(": ", 1)[1].split(" ")[0] for line in launched.role.lines if " starts, pid " in line]
            self.assertEqual(names, ["store", "scheduler", "wm-one", "wm-two"])
            for line in ("store: ObjectStorageServer: started", "scheduler: Scheduler: listen", r"wm-two: Worker\[0\]"):
                launched.role.wait_for_line(line)
            self.assert_ends(launched, 0, after=launched.role.process.terminate)
            ended = [line.split(": ")[2].split(" ")[0] for line in launched.role.lines if " ended by " in line]
            self.assertEqual(sorted(ended[:2]), ["wm-one", "wm-two"])
            self.assertEqual(ended[2:], ["scheduler", "store"])

    def test_each_process_is_ready_before_the_next_starts(self):
        with Launched() as launched:
            launched.wait_ready()
            text = launched.log()
            # What each process says itself: the launcher's own line about it may come a moment later.
            order = [text.index(part) for part in (
                "ObjectStorageServer: started", "scheduler: logging to", "listen to scheduler monitor address",
                "wm-one: logging to", "wm-one: Worker[0] started", "launcher: 3 processes run",
            )]
            self.assertEqual(order, sorted(order), text)

    def test_a_scheduler_finds_the_store_of_its_file(self):
        scheduler, storage, monitor = ports = stack.free_ports(3)
        text = f'''
[scheduler]
bind_address = "tcp://127.0.0.1:{scheduler}"
monitor_address = "tcp://127.0.0.1:{monitor}"
[cluster]
scheduler_address = "tcp://127.0.0.1:{scheduler}"
num_of_workers = 1
[object_storage_server]
bind_address = "tcp://127.0.0.1:{storage}"
'''
        with Launched(text, ports) as launched:
            launched.wait_ready()
            launched.role.wait_for_line(f"connect to object storage server tcp://127.0.0.1:{storage}")
            self.exercise(launched.address)
            self.assertEqual(launched.role.stop(), 0)

    def test_the_documents_files_run_with_what_this_build_has(self):
        for name in ("stack.toml", "older_stack.toml"):
            *ports, page = stack.free_ports(4)
            text = (EXAMPLES / name).read_text()
            for number, port in zip((6378, 6379, 6380, 50001), (*ports, page)):
                text = text.replace(f":{number}", f":{port}")
            text = text.replace("web_port = 8081", f"web_port = {page}")
            text = text.replace("= 8\n", "= 1\n")
            text = text.replace("scaling=no", "scaling=vanilla")  # or the dynamic manager would be asked for no worker
            with self.subTest(name), stack.temporary_folder() as folder, contextlib.closing(fake_aws.FakeAws()) as aws:
                with Launched(text.replace("/var/log/scaler", folder), ports, env=aws.environment()) as launched:
                    launched.wait_ready()
                    if name == "stack.toml":
                        launched.role.wait_for_line("gui: open http://")
                    else:
                        launched.role.wait_for_line("cluster: ClusterProcess: starting 1 workers")
                    self.exercise(launched.address)
                    self.assertEqual(launched.role.stop(), 0, launched.log())

    # ---- signals to the launcher ----

    def test_an_interrupt_stops_in_order(self):
        with Launched() as launched:
            launched.wait_ready()
            self.assert_ends(launched, 0, after=lambda: launched.role.process.send_signal(signal.SIGINT))

    def test_a_signal_during_the_start_stops_what_runs(self):
        with Launched() as launched:
            launched.role.wait_for_line("launcher: scheduler starts")
            self.assert_ends(launched, 0, after=launched.role.process.terminate)

    def test_a_killed_launcher_takes_its_stack_along(self):
        with Launched(managers=("wm-one", "wm-two")) as launched:
            launched.wait_ready()
            self.exercise(launched.address)
            self.assert_ends(launched, -signal.SIGKILL, after=launched.role.process.kill)

    def test_signals_that_come_together_are_one(self):
        with Launched() as launched:
            launched.wait_ready()
            os.kill(launched.pid("wm-one"), signal.SIGSTOP)  # or it might be gone before the second one

            def both():
                launched.role.process.terminate()
                launched.role.process.send_signal(signal.SIGINT)
                launched.role.wait_for_line("received signal SIG")
                os.kill(launched.pid("wm-one"), signal.SIGCONT)

            self.assert_ends(launched, 0, after=both)
            self.assertNotIn("SIGKILL", launched.log())

    def test_a_second_signal_ends_at_once(self):
        with Launched() as launched:
            launched.wait_ready()
            os.kill(launched.pid("wm-one"), signal.SIGSTOP)  # will not hear the polite signal

            def again_and_again():  # what comes at once with the first one is part of it
                def killed():
                    launched.role.process.terminate()
                    return "send SIGKILL" in launched.log()

                stack.wait_for(killed, "it waits for the one that is stopped")

            self.assert_ends(launched, 0, after=again_and_again)
            launched.role.wait_for_line(r"wm-one \(pid \d+\) is still there, send SIGKILL")

    def test_hangup_opens_the_log_files_again(self):
        with stack.temporary_folder() as folder:
            log = pathlib.Path(folder) / "log"
            with Launched(scheduler=f'logging_paths = "{log}"', manager=f'logging_paths = "{log}"') as launched:
                launched.wait_ready()
                stack.wait_for(log.exists, "no log file")
                log.rename(log.with_suffix(".1"))
                launched.role.process.send_signal(signal.SIGHUP)
                stack.wait_for(log.exists, "the log file was not opened again")
                self.exercise(launched.address)
                self.assertEqual(launched.role.stop(), 0)
                self.assertIn("scheduler: Scheduler: stopping", log.read_text())

    def test_the_older_adapter_of_a_file_brings_the_workers(self):
        ports = stack.free_ports(4)
        web = ports[3]
        text = three_roles(ports[:3], managers=(), scheduler=f'adapter_webhook_urls = ["http://127.0.0.1:{web}"]') + f'''
[native_worker_adapter]
scheduler_address = "tcp://127.0.0.1:{ports[0]}"
adapter_web_host = "127.0.0.1"
adapter_web_port = {web}
max_workers = 2
'''
        with Launched(text, ports=ports) as launched:
            launched.wait_ready()
            launched.role.wait_for_line(f"adapter: worker adapter listens to http://127.0.0.1:{web}")
            self.exercise(launched.address)
            self.assert_ends(launched, 0, after=launched.role.process.terminate)

    # ---- ends of children ----

    def test_the_death_of_each_process_ends_the_stack_with_its_code(self):
        for name in ("store", "scheduler", "wm-one"):
            with self.subTest(name), Launched() as launched:
                launched.wait_ready()
                pid = launched.pid(name)
                self.assert_ends(launched, 128 + signal.SIGKILL, after=lambda pid=pid: os.kill(pid, signal.SIGKILL))
                launched.role.wait_for_line(
                    rf"EROR.*launcher: {name} \(pid {pid}\) ended by signal 9 \(Killed\), stopping the others")

    def test_a_clients_shutdown_ends_the_stack(self):
        with Launched() as launched:
            launched.wait_ready()

            def shut_down():
                client = Client(address=launched.address)
                self.assertEqual(client.submit(square, 3).result(), 9)
                client.shutdown()

            self.assert_ends(launched, 0, after=shut_down)

    def test_a_manager_that_ends_well_does_not_end_the_stack(self):
        with Launched(managers=("wm-one", "wm-two")) as launched:
            launched.wait_ready()
            os.kill(launched.pid("wm-one"), signal.SIGTERM)
            launched.role.wait_for_line(r"launcher: wm-one \(pid \d+\) ended by exit code 0$")
            self.exercise(launched.address)
            self.assertEqual(launched.role.stop(), 0)

    # ---- mistakes ----

    def test_a_busy_port_ends_the_start_and_is_named(self):
        for index, name in enumerate(("scheduler", "store", "scheduler")):
            with self.subTest(f"{name} {index}"), socket.socket() as owner:
                owner.bind(("127.0.0.1", 0))
                owner.listen()
                ports = stack.free_ports(3)
                ports[index] = owner.getsockname()[1]
                with Launched(ports=ports) as launched:
                    self.assertEqual(launched.role.wait_exit(), 1, launched.log())
                    address = f"127.0.0.1:{ports[index]}"
                    named = [line for line in launched.role.lines if "EROR" in line and address in line]
                    self.assertEqual(len(named), 1, launched.log())
                    launched.role.wait_for_line(rf"{name} \(pid \d+\) ended by exit code 1, stopping the others")
                    for number, port in enumerate(ports):
                        self.assertEqual(is_free(port), number != index)

    def test_a_mistake_in_any_section_starts_nothing(self):
        with Launched(manager="heartbeat_interval_seconds = 0") as launched:
            self.assertEqual(launched.role.wait_exit(), 2)
            self.assertEqual(len(launched.role.lines), 1, launched.log())
            self.assertRegex(launched.role.lines[0],
                             r"cluster\.toml:\d+: heartbeat_interval_seconds: 0 is not allowed \(")

    def test_systemd_is_told_when_the_whole_stack_runs(self):
        with stack.temporary_folder() as folder, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            path = os.path.join(folder, "notify")
            manager.bind(path)
            manager.settimeout(stack.LIMIT_S)
            with Launched(env={"NOTIFY_SOCKET": path}) as launched:
                self.assertEqual(manager.recv(100), b"READY=1")
                launched.wait_ready()
                self.assertEqual(launched.role.stop(), 0)
                manager.setblocking(False)
                with self.assertRaises(BlockingIOError):  # no process of the stack spoke too
                    manager.recv(100)


if __name__ == "__main__":
    unittest.main(verbosity=2)
