"""Sets up the log output of a program in the format of the roles."""

from __future__ import annotations

import enum
import logging
import logging.config
import logging.handlers
import os
from typing import List, Optional, Tuple, Union

from scaler.config.defaults import DEFAULT_LOGGING_LEVEL, DEFAULT_LOGGING_PATHS

_SCREEN = "[%(levelname)s]%(asctime)s: %(message)s"
_FILE = "[%(levelname)s]%(asctime)s:%(module)s:%(funcName)s:%(lineno)d: %(message)s"
_DATE = "%Y-%m-%d %H:%M:%S%z"
_NAMES = {
    logging.INFO: "INFO",
    logging.WARNING: "WARN",
    logging.ERROR: "EROR",
    logging.DEBUG: "DEBG",
    logging.CRITICAL: "CTIC",
}


class LoggingLevel(enum.Enum):
    CRITICAL = logging.CRITICAL
    ERROR = logging.ERROR
    WARNING = logging.WARNING
    INFO = logging.INFO
    DEBUG = logging.DEBUG
    NOTSET = logging.NOTSET


def setup_logger(
    log_paths: Union[str, Tuple[str, ...]] = DEFAULT_LOGGING_PATHS,
    logging_config_file: Optional[str] = None,
    logging_level: str = DEFAULT_LOGGING_LEVEL,
    process_name: Optional[str] = None,
) -> None:
    """Replaces the root logger's handlers: the screen for "/dev/stdout" and "-", else files that rotate at midnight.

    A config file, in Python's .conf format, wins over everything else. `process_name` begins each message.
    """
    if logging_config_file is not None:
        logging.config.fileConfig(logging_config_file, disable_existing_loggers=True)
        return
    paths = (log_paths,) if isinstance(log_paths, str) else tuple(log_paths)
    if not paths:
        return
    level = _level_of(logging_level)
    for number, name in _NAMES.items():
        logging.addLevelName(number, name)
    root = logging.getLogger()
    for old in root.handlers[:]:
        root.removeHandler(old)
        old.close()
    prefix = f"[{process_name}] " if process_name else ""
    for path in paths:
        root.addHandler(_handler(path, level, prefix))
    root.setLevel(logging.DEBUG)  # each handler has a level of its own
    logging.info("logging to %s", paths)


def get_logger_info(logger: logging.Logger) -> Tuple[str, str, Tuple[str, ...]]:
    """(format, level, paths) of a logger's own handlers; without any, the screen."""
    formatter = logger.handlers[0].formatter if logger.handlers else None
    text = getattr(formatter, "_fmt", None) or ""
    paths: List[str] = [path for path in map(_path_of, logger.handlers) if path]
    return text, logging.getLevelName(logger.getEffectiveLevel()), tuple(paths or DEFAULT_LOGGING_PATHS)


def _level_of(name: str) -> int:
    try:
        return int(LoggingLevel[name.upper()].value)
    except KeyError:
        allowed = ", ".join(level.name for level in LoggingLevel)
        raise ValueError(f"unknown logging level {name!r} (one of {allowed})") from None


def _handler(path: str, level: int, prefix: str) -> logging.Handler:
    handler: logging.Handler
    if path in ("-", "/dev/stdout"):
        import sys

        handler, text = logging.StreamHandler(sys.stdout), _SCREEN
    else:
        file = os.path.expandvars(os.path.expanduser(path))
        handler, text = logging.handlers.TimedRotatingFileHandler(file, when="midnight"), _FILE
    handler.setLevel(level)
    handler.setFormatter(logging.Formatter(text.replace("%(message)s", prefix.replace("%", "%%") + "%(message)s"), _DATE))
    return handler


def _path_of(handler: logging.Handler) -> Optional[str]:
    if isinstance(handler, logging.FileHandler):
        return handler.baseFilename
    name = str(getattr(getattr(handler, "stream", None), "name", ""))
    for stream in ("stdout", "stderr"):
        if stream in name:
            return "/dev/" + stream
    return None
