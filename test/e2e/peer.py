"""The peer's own roles, started by its documented commands from the environment of the running Python."""

import os
import pathlib
import signal
import socket
import subprocess
import sys
import time

import stack

BIN = pathlib.Path(sys.executable).parent


class PeerRole:
    """One command of the peer, with everything it starts, in a process group of its own."""

    def __init__(self, *command):
        self.process = subprocess.Popen(
            [str(part) for part in command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            stdin=subprocess.DEVNULL, start_new_session=True,
            # Its workers import the test modules by name, as ours do from their working folder.
            env={**os.environ, "PYTHONPATH": str(pathlib.Path(__file__).parent)},
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
    role = PeerRole(BIN / "scaler_object_storage_server", address)
    wait_port(address)
    return role


def scheduler(address, storage_address, monitor_address):
    role = PeerRole(BIN / "scaler_scheduler", address, "--object-storage-address", storage_address,
                    "--monitor-address", monitor_address, *QUIET)
    wait_port(address)
    return role


def manager(address, workers, manager_id="wm-peer"):
    return PeerRole(BIN / "scaler_worker_manager", "baremetal_native", address, "--worker-manager-id", manager_id,
                    "--mode", "fixed", "--max-task-concurrency", str(workers), *QUIET)


QUIET = ("--logging-level", "WARNING", "--logging-paths", "/dev/null")


def wait_port(address, limit_s=30):
    host, port = address.removeprefix("tcp://").rsplit(":", 1)
    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex((host, int(port))) == 0:
                return
        time.sleep(0.05)
    raise TimeoutError(f"nothing listens on {address}")
