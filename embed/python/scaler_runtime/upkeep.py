"""Memory between tasks: collect the garbage now and then, and give back what the allocator keeps."""

import gc
import os
import time


class Upkeep:
    """Called between tasks, never within one; there is no thread behind it."""

    def __init__(self, collect_seconds, trim_bytes, trim, now=time.monotonic):
        self._collect_seconds = collect_seconds
        self._trim_bytes = trim_bytes
        self._trim = trim  # gives freed memory back to the system
        self._now = now
        self._due = now() + collect_seconds

    def after_task(self):
        """True if it collected."""
        now = self._now()
        if now < self._due:
            return False
        gc.collect()
        if resident_bytes() >= self._trim_bytes:
            self._trim()
        self._due = self._now() + self._collect_seconds
        return True


def resident_bytes():
    try:
        with open("/proc/self/statm", "rb") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE")
    except OSError:
        return 0

