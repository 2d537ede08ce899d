"""Says when something begins, and how long it took."""

from __future__ import annotations

import datetime
import logging
import time
from typing import Any, Optional


class TimedLogger:
    def __init__(self, message: str, logging_level: int = logging.INFO) -> None:
        self.message = message
        self.logging_level = logging_level
        self.timer: Optional[int] = None  # nanoseconds, once begun

    def begin(self) -> None:
        self.timer = time.perf_counter_ns()
        logging.log(self.logging_level, "beginning %s", self.message)

    def end(self) -> None:
        if self.timer is None:
            raise RuntimeError(f"end() without begin(): {self.message}")
        elapsed = datetime.timedelta(microseconds=(time.perf_counter_ns() - self.timer) // 1000)
        logging.log(self.logging_level, "completed %s in %s", self.message, elapsed)


class ScopedLogger:
    """with ScopedLogger("reading files"): ..."""

    def __init__(self, message: str, logging_level: int = logging.INFO) -> None:
        self.timer = TimedLogger(message, logging_level)

    def __enter__(self) -> None:
        self.timer.begin()

    def __exit__(self, *exception: Any) -> None:
        self.timer.end()
