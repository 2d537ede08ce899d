"""Looks at this machine's processes and ports, for tests that must leave none behind."""

import contextlib
import ctypes
import os
import pathlib
import select
import socket


def open_process(pid):
    """A descriptor that is readable once the process has ended. ProcessLookupError without such a process."""
    if hasattr(os, "pidfd_open"):
        return os.pidfd_open(pid)
    library = ctypes.CDLL(None, use_errno=True)  # Python 3.8
    descriptor = library.syscall(434, pid, 0)
    if descriptor < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return descriptor


def descendants(pid=None):
    """Process ids of all living children, theirs included."""
    parents = {}
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                state, parent = (entry / "stat").read_text().rsplit(")", 1)[1].split()[:2]
                if state != "Z":
                    parents.setdefault(int(parent), []).append(int(entry.name))
    found, todo = [], [pid or os.getpid()]
    while todo:
        for child in parents.get(todo.pop(), []):
            found.append(child)
            todo.append(child)
    return found


def wait_gone(pids, limit_s=30):
    """Returns when none of the processes lives; fails with those that still do."""
    for pid in pids:
        try:
            descriptor = open_process(pid)
        except ProcessLookupError:
            continue
        try:
            if not select.select([descriptor], [], [], limit_s)[0]:
                command = pathlib.Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
                raise AssertionError(f"process {pid} still lives after {limit_s} s: {command}")
        finally:
            os.close(descriptor)


def is_free(address):
    """Whether somebody could listen at tcp://host:port now."""
    host, port = address.rpartition("//")[2].rsplit(":", 1)
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, int(port)))
        except OSError:
            return False
        return True


def descriptors():
    """How many descriptors this process has open."""
    return len(os.listdir("/proc/self/fd"))
