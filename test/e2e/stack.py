"""Starts and stops our roles by their documented commands, for the end-to-end tests and the races.

Waits for events (a line in a role's output, an exit), never for time. Every wait has a limit and fails with the role's log.
"""

import contextlib
import os
import pathlib
import re
import signal
import socket
import subprocess
import tempfile
import threading
import time

LIMIT_S = 30


def binary():
    """The program under test: SCALER_BINARY, or the release build of this checkout."""
    default = pathlib.Path(__file__).resolve().parents[2] / "build" / "release" / "subcommands" / "scaler"
    path = pathlib.Path(os.environ.get("SCALER_BINARY", default))
    if not path.exists():
        raise FileNotFoundError(f"{path}: build it first (cmake --preset release && cmake --build --preset release)")
    return str(path)


def free_ports(count):
    """Ports that nobody listens on now, found by binding them all at once."""
    with contextlib.ExitStack() as held:
        ports = []
        for _ in range(count):
            probe = held.enter_context(socket.socket())
            probe.bind(("127.0.0.1", 0))
            ports.append(probe.getsockname()[1])
        return ports


class Role:
    """One process of ours with its output, line by line."""

    def __init__(self, *arguments, env=None, program=None):
        self.arguments = [program or binary(), *arguments]
        self.lines = []
        self._changed = threading.Condition()
        self._ended = False
        self.process = subprocess.Popen(
            self.arguments,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            errors="replace",
            env={**os.environ, **(env or {})},
        )
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            with self._changed:
                self.lines.append(line.rstrip("\n"))
                self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    @property
    def pid(self):
        return self.process.pid

    def wait_for_line(self, pattern, limit_s=LIMIT_S, count=1):
        """The count-th line that holds the pattern; fails when the role ends or the limit passes first."""
        deadline = time.monotonic() + limit_s
        with self._changed:
            while True:
                found = [line for line in self.lines if re.search(pattern, line)]
                if len(found) >= count:
                    return found[count - 1]
                if self._ended or not self._changed.wait(max(0.0, deadline - time.monotonic())):
                    raise AssertionError(f"no line '{pattern}' from {self.arguments}:\n" + "\n".join(self.lines))

    def wait_exit(self, limit_s=LIMIT_S):
        try:
            code = self.process.wait(limit_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise AssertionError(f"{self.arguments} did not end in {limit_s} s:\n" + "\n".join(self.lines)) from None
        with self._changed:
            self._changed.wait_for(lambda: self._ended, limit_s)  # its last lines may still be on their way
        return code

    def stop(self, number=signal.SIGTERM):
        """Asks for an orderly end and gives the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.wait_exit()

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


def children_of(pid):
    """Process ids of all living descendants."""
    parents = {}
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
                if fields[0] != "Z":
                    parents.setdefault(int(fields[1]), []).append(int(entry.name))
    found, todo = [], [pid]
    while todo:
        for child in parents.get(todo.pop(), []):
            found.append(child)
            todo.append(child)
    return found


class Stack:
    """Object storage, scheduler and a fixed worker manager on free ports. `storage` is "own" for a server of its own, None for the
    scheduler's, or another program that takes a port."""

    def __init__(self, workers=2, storage="own", scheduler_options=(), manager_options=(), storage_options=(), env=None,
                 address=None):
        scheduler_port, storage_port, monitor_port = free_ports(3)
        self.address = address or f"tcp://127.0.0.1:{scheduler_port}"
        self.storage_address = f"tcp://127.0.0.1:{storage_port}"
        self.monitor_address = f"tcp://127.0.0.1:{monitor_port}"
        self.storage = None
        options = ["--monitor-address", self.monitor_address, *scheduler_options]
        if storage:
            self.storage = (
                Role("object_storage_server", self.storage_address, *storage_options) if storage == "own"
                else Role(str(storage_port), program=storage)
            )
            self.storage.wait_for_line("started")
            options += ["--object-storage-address", self.storage_address]
        self.scheduler = Role("scheduler", self.address, *options)
        self.scheduler.wait_for_line("monitor address")
        self.manager = None
        self._env = env
        self._manager_options = manager_options
        if workers:
            self.add_manager(workers)

    def add_manager(self, workers, manager_id="wm-test", options=()):
        self.manager = Role(
            "worker_manager", "baremetal_native", self.address, "--worker-manager-id", manager_id, "--mode", "fixed",
            "--max-task-concurrency", str(workers), *self._manager_options, *options, env=self._env,
        )
        return self.manager

    def wait_workers(self, count):
        if count:
            self.scheduler.wait_for_line(r"WorkerID\(.*\) connected", count=count)

    def roles(self):
        return [role for role in (self.manager, self.scheduler, self.storage) if role]

    def logs(self):
        return "\n".join(line for role in self.roles() for line in role.lines)

    def stop(self):
        """Stops in the documented order; gives {role name: exit code} and fails if a process stays behind."""
        codes = {}
        for name in ("manager", "scheduler", "storage"):
            role = getattr(self, name)
            if role is None:
                continue
            before = children_of(role.pid)
            codes[name] = role.stop()
            left = [f"{pid} {command_of(pid)}" for pid in living(before)]
            if left:
                raise AssertionError(f"{name} left processes behind: {left}\n" + "\n".join(role.lines))
        return codes

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for role in self.roles():
            role.kill()


def command_of(pid):
    """The words of a process's command line."""
    try:
        return pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return []


def living(pids):
    """Those that still run; a zombie does not."""
    alive = []
    for pid in pids:
        with contextlib.suppress(OSError):
            if pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z":
                alive.append(pid)
    return alive


def wait_for(holds, what, limit_s=LIMIT_S):
    """For what no event tells, such as the death of processes that are nobody's children any more."""
    deadline = time.monotonic() + limit_s
    while not holds():
        if time.monotonic() > deadline:
            raise AssertionError(what)
        time.sleep(0.02)


def temporary_folder():
    return tempfile.TemporaryDirectory(prefix="scaler-e2e-")
