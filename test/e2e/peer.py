"""The peer's own roles, started by its documented commands: from the environment of the running Python, or from that of
another release."""

import fcntl
import os
import pathlib
import pty
import signal
import socket
import struct
import subprocess
import sys
import termios
import threading
import time
import unittest

import stack
from versions import CLIENT, OURS, RELEASE

QUIET = ("--logging-level", "WARNING", "--logging-paths", "/dev/null")


def environment(release):
    """The folder of a release's virtual environment, as test/run makes them; None if it is not there."""
    if release == RELEASE and not OURS:
        return pathlib.Path(sys.prefix)
    beside = pathlib.Path(__file__).resolve().parents[2] / "build"
    folder = pathlib.Path(os.environ.get("SCALER_CLIENT_ENVIRONMENTS", beside)) / f"client-{release}"
    return folder if (folder / "bin" / "python").exists() else None


def variables(release, backend):
    """The environment of a role: its own packages, the transport asked for or the release's default, and the test modules,
    which its workers import by name as ours do from their working folder."""
    result = {**os.environ, "PYTHONPATH": str(pathlib.Path(__file__).parent), "VIRTUAL_ENV": str(environment(release))}
    if backend:
        result["SCALER_NETWORK_BACKEND"] = backend
    elif release != RELEASE:
        result.pop("SCALER_NETWORK_BACKEND", None)
    return result


class PeerRole:
    """One command of the peer, with everything it starts, in a process group of its own."""

    def __init__(self, command, *arguments, release=RELEASE, backend=None):
        self.process = subprocess.Popen(
            [str(environment(release) / "bin" / command), *map(str, arguments)],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, start_new_session=True,
            env=variables(release, backend),
        )

    @property
    def pids(self):
        return [self.process.pid, *stack.children_of(self.process.pid)]

    def kill(self):
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()


def storage(address):
    role = PeerRole("scaler_object_storage_server", address)
    wait_port(address)
    return role


def scheduler(address, storage_address, monitor_address, *options):
    role = PeerRole("scaler_scheduler", address, "--object-storage-address", storage_address,
                    "--monitor-address", monitor_address, *QUIET, *options)
    wait_port(address)
    return role


def manager(address, workers, manager_id="wm-peer", release=RELEASE, backend=None, options=()):
    """A fixed number of workers."""
    if CLIENT < (2, 0) and release == RELEASE:
        return PeerRole("scaler_cluster", address, "--num-of-workers", workers, *options, *QUIET)
    return PeerRole("scaler_worker_manager", "baremetal_native", address, "--worker-manager-id", manager_id, "--mode", "fixed",
                    "--max-task-concurrency", workers, *options, *QUIET, release=release, backend=backend)


def dynamic_manager(address, manager_id, release, heartbeat_s=1, workers_max=2):
    """A manager that starts workers when the scheduler tells it to."""
    return PeerRole("scaler_worker_manager", "baremetal_native", address, "--worker-manager-id", manager_id, "--mode",
                    "dynamic", "--max-task-concurrency", workers_max, "--heartbeat-interval-seconds", heartbeat_s, *QUIET,
                    release=release)


def adapter(address, web_port, workers_max):
    """The older worker adapter, which starts workers when a scheduler asks over HTTP."""
    role = PeerRole("scaler_worker_adapter_native", address, "--adapter-web-host", "127.0.0.1", "--adapter-web-port", web_port,
                    "--max-workers", workers_max, *QUIET, release="1.12.28")
    wait_port(f"tcp://127.0.0.1:{web_port}")
    return role


class Screen:
    """The peer's terminal monitor on a terminal of its own; `text` is what it has written so far."""

    def __init__(self, address, release=RELEASE):
        self.text = ""
        self._changed = threading.Condition()
        self._ended = False
        try:
            self._terminal, inside = pty.openpty()
        except OSError as error:  # a bare root without /dev/pts
            raise unittest.SkipTest(f"no terminal to be had: {error}") from error
        fcntl.ioctl(inside, termios.TIOCSWINSZ, struct.pack("HHHH", 60, 240, 0, 0))
        self.process = subprocess.Popen(
            [str(environment(release) / "bin" / "scaler_top"), address], stdin=inside, stdout=inside, stderr=inside,
            start_new_session=True, env={**variables(release, None), "TERM": "xterm"},
        )
        os.close(inside)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        while True:
            try:
                got = os.read(self._terminal, 65536)
            except OSError:  # the other side is gone
                got = b""
            with self._changed:
                self.text += got.decode(errors="replace")
                self._ended = not got
                self._changed.notify_all()
            if not got:
                return

    def wait_for(self, *parts, limit_s=20):
        with self._changed:
            self._changed.wait_for(lambda: self._ended or all(part in self.text for part in parts), limit_s)
        missing = [part for part in parts if part not in self.text]
        if missing:
            raise AssertionError(f"not on the screen: {missing}\n{self.text[-2000:]!r}")

    def close(self):
        self.process.kill()
        self.process.wait()
        self._reader.join()
        os.close(self._terminal)


def wait_port(address, limit_s=30):
    scheme, place = address.rstrip("/").split("://")
    family, at = socket.AF_UNIX, place
    if scheme != "ipc":
        host, port = place.rsplit(":", 1)
        family, at = socket.AF_INET, (host, int(port))
    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline:
        with socket.socket(family) as probe:
            if probe.connect_ex(at) == 0:
                return
        time.sleep(0.05)
    raise TimeoutError(f"nothing listens on {address}")
