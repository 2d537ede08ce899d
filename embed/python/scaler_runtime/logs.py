"""The root logger of a processor: the lines that users know, on the screen and in `<path>-<pid>`."""

import logging
import logging.handlers
import os
import sys
import time

_SHORT = {"WARNING": "WARN", "ERROR": "EROR", "DEBUG": "DEBG", "CRITICAL": "CTIC"}
_SCREEN = ("/dev/stdout", "/dev/stderr")


class LineFormatter(logging.Formatter):
    """[INFO]2026-01-31 23:59:59+0000: text, in local time; files also say where the line comes from."""

    def __init__(self, with_place):
        super().__init__("%(message)s")
        self._with_place = with_place

    def formatMessage(self, record):
        level = _SHORT.get(record.levelname, record.levelname)
        stamp = time.strftime("%Y-%m-%d %H:%M:%S%z", time.localtime(record.created))
        place = f"{record.module}:{record.funcName}:{record.lineno}: " if self._with_place else ""
        return f"[{level}]{stamp}: {place}{record.message}"


def set_up(level, paths):
    """Replaces the root logger's handlers. `paths`: /dev/stdout, /dev/stderr or files, which get -<pid>."""
    root = logging.getLogger()
    for handler in list(root.handlers):
        root.removeHandler(handler)
        handler.close()
    for path in paths or ["/dev/stdout"]:
        root.addHandler(_handler_of(path))
    root.setLevel(level.upper())


def _handler_of(path):
    if path in _SCREEN:
        handler = logging.StreamHandler(sys.__stdout__ if path == "/dev/stdout" else sys.__stderr__)
    else:
        file = f"{path}-{os.getpid()}"
        handler = logging.handlers.TimedRotatingFileHandler(file, when="midnight", encoding="utf-8", delay=True)
    handler.setFormatter(LineFormatter(with_place=path not in _SCREEN))
    return handler
