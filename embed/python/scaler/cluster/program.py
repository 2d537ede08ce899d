"""Finds the program that this package belongs to, and runs its roles as child processes."""

from __future__ import annotations

import atexit
import itertools
import os
import select
import shutil
import subprocess
import sys
import sysconfig
import weakref
from typing import Dict, Iterator, Optional, Sequence

_ELF = b"\x7fELF"
_START_SECONDS_MAX = 30.0
_STOP_SECONDS_MAX = 15.0  # after SIGTERM; then SIGKILL


class ProgramNotFoundError(FileNotFoundError):
    """There is no `scaler` program beside the package, and SCALER_BINARY names none."""


# ---- where the program is ----


def find_program() -> str:
    """The path of the native program: SCALER_BINARY, else the one that was installed with this package.

    Raises ProgramNotFoundError with the places that were looked at.
    """
    named = os.environ.get("SCALER_BINARY")
    if named:
        if _is_program(named):
            return os.path.abspath(named)
        raise ProgramNotFoundError(f"SCALER_BINARY names {named!r}, which is not an executable program")
    tried = []
    for path in _candidates():
        if _is_program(path):
            return path
        tried.append(path)
    raise ProgramNotFoundError(
        "the program 'scaler' of this package was not found; install the package with pip, or name the program in the "
        "environment variable SCALER_BINARY. Looked at: " + ", ".join(dict.fromkeys(tried))
    )


def _candidates() -> Iterator[str]:
    if "_scaler_native" in sys.builtin_module_names:  # this interpreter lives in the program
        yield os.path.realpath("/proc/self/exe")
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    folder = os.path.dirname(package)
    yield os.path.join(folder, "bin", "scaler")  # pip install --target
    for _ in range(3):  # PREFIX/lib/python3.x/site-packages/scaler and PREFIX/bin/scaler
        folder = os.path.dirname(folder)
        yield os.path.join(folder, "bin", "scaler")
    yield os.path.join(sysconfig.get_path("scripts"), "scaler")
    yield os.path.join(os.path.dirname(sys.executable or "/"), "scaler")
    on_path = shutil.which("scaler")
    if on_path:
        yield on_path


def _is_program(path: str) -> bool:
    """A Python script of the same name is somebody else's."""
    try:
        with open(path, "rb") as file:
            return file.read(4) == _ELF and os.access(path, os.X_OK)
    except OSError:
        return False


# ---- roles as processes ----


class _Lifeline:
    """A pipe whose writing end only this process holds. Roles get its other end and stop in order when it closes, so
    that they cannot outlive us, however we end."""

    def __init__(self) -> None:
        self._ends: Optional[Sequence[int]] = None
        os.register_at_fork(after_in_child=self.cut)

    def reading_end(self) -> int:
        if self._ends is None:
            self._ends = os.pipe()  # both ends close at exec
        return self._ends[0]

    def cut(self) -> None:
        """In a forked child: it is no parent of the roles, and must not keep them alive."""
        ends, self._ends = self._ends, None
        for end in ends or ():
            os.close(end)


_lifeline = _Lifeline()
_numbers = itertools.count()
_running: "weakref.WeakSet[RoleProcess]" = weakref.WeakSet()


class RoleProcess:
    """One role of the program as a child of this process, with the methods of a multiprocessing.Process.

    `words` are what follows `scaler` on the command line.
    """

    def __init__(self, name: str, words: Sequence[str], environment: Optional[Dict[str, str]] = None) -> None:
        self.name = name
        self._words = list(words)
        self._environment = dict(environment or {})
        self._process: Optional[subprocess.Popen[bytes]] = None
        self._ready: Optional[int] = None  # the pipe on which the role says that it is ready
        self._owner = os.getpid()
        self._number = next(_numbers)

    def start(self) -> None:
        """Returns at once; wait_until_ready() waits for the role."""
        if self._process is not None:
            raise RuntimeError(f"{self.name} was started already")
        lifeline = _lifeline.reading_end()
        ready, tell = os.pipe()
        environment = {
            **os.environ,
            **self._environment,
            "SCALER_READY_FD": str(tell),
            "SCALER_LIFELINE_FD": str(lifeline),
        }
        try:
            self._process = subprocess.Popen(
                [find_program(), *self._words],
                stdin=subprocess.DEVNULL,
                env=environment,
                pass_fds=(tell, lifeline),
            )
        except BaseException:
            os.close(ready)
            raise
        finally:
            os.close(tell)
        self._ready = ready
        _running.add(self)

    def wait_until_ready(self, timeout: float = _START_SECONDS_MAX) -> None:
        """Returns when the role serves. TimeoutError if it does not in time, RuntimeError if it ended."""
        if self._ready is None:
            return
        poll = select.poll()
        poll.register(self._ready, select.POLLIN)
        if not poll.poll(timeout * 1000):
            raise TimeoutError(f"{self.name} was not ready within {timeout:g} seconds")
        said = os.read(self._ready, 1)
        self._forget_pipe()
        if not said:
            self.join(_STOP_SECONDS_MAX)
            raise RoleFailedError(f"{self.name} could not start (exit code {self.exitcode}); its log says why")

    def is_alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> Optional[int]:
        return None if self._process is None else self._process.pid

    @property
    def exitcode(self) -> Optional[int]:
        """None while it runs; negative: the signal that ended it."""
        return None if self._process is None else self._process.poll()

    def terminate(self) -> None:
        """Asks for an orderly end."""
        if self.is_alive():
            assert self._process is not None
            self._process.terminate()

    def kill(self) -> None:
        if self.is_alive():
            assert self._process is not None
            self._process.kill()

    def join(self, timeout: Optional[float] = None) -> None:
        """Waits until the process has ended, or the seconds have passed."""
        if self._process is None:
            return
        _wait(self._process, timeout)
        if self._process.returncode is not None:
            self._forget_pipe()

    def stop(self, timeout: float = _STOP_SECONDS_MAX) -> None:
        """terminate(), join(), and kill() if that was not enough. Does nothing in a forked child."""
        if self._process is None or os.getpid() != self._owner:
            return
        self.terminate()
        self.join(timeout)
        if self.is_alive():
            self.kill()
            self.join()

    def _forget_pipe(self) -> None:
        if self._ready is not None:
            os.close(self._ready)
            self._ready = None


class RoleFailedError(RuntimeError):
    """A role ended before it was ready."""


def _wait(process: "subprocess.Popen[bytes]", timeout: Optional[float]) -> None:
    if process.poll() is not None:
        return
    if timeout is None:
        process.wait()
        return
    if sys.version_info >= (3, 9):
        try:
            descriptor = os.pidfd_open(process.pid)
        except OSError:  # an old kernel
            pass
        else:
            try:
                poll = select.poll()
                poll.register(descriptor, select.POLLIN)
                poll.poll(timeout * 1000)
            finally:
                os.close(descriptor)
            process.poll()
            return
    try:
        process.wait(timeout)
    except subprocess.TimeoutExpired:
        pass


@atexit.register
def _stop_all() -> None:
    """Whoever forgot to shut down: no role outlives the program. The last that was started stops first: it may need the
    others to say goodbye."""
    for role in sorted(_running, key=lambda role: role._number, reverse=True):
        role.stop()
