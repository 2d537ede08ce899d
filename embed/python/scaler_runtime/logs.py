"""The root logger of a processor: the lines that users know, on the screen and in `<path>-<pid>`.

The role that started us says by variables how its own lines look: SCALER_LOG_FORMAT (text, json), SCALER_LOG_TIME (local, utc),
SCALER_LOG_CONFIG (a Python logging .conf file) and SCALER_COMPONENT (a name before each line, where several write to one stream).
"""

import datetime
import json
import logging
import logging.config
import logging.handlers
import os
import sys

_SHORT = {"WARNING": "WARN", "ERROR": "EROR", "DEBUG": "DEBG", "CRITICAL": "CTIC"}
_SCREEN = ("/dev/stdout", "/dev/stderr")


class LineFormatter(logging.Formatter):
    """[INFO]2026-01-31 23:59:59+0000: text, in local time; files also say where the line comes from."""

    def __init__(self, with_place):
        super().__init__("%(message)s")
        self._with_place = with_place

    def formatMessage(self, record):
        level = _SHORT.get(record.levelname, record.levelname)
        stamp = _moment(record).strftime("%Y-%m-%d %H:%M:%S%z")
        component = os.environ.get("SCALER_COMPONENT")
        before = f"{component}: " if component else ""
        place = f"{record.module}:{record.funcName}:{record.lineno}: " if self._with_place else before
        return f"[{level}]{stamp}: {place}{record.message}"


class JsonFormatter(logging.Formatter):
    """{"time": "2026-01-31T23:59:59.123+00:00", "level": "INFO", "pid": 7, "message": "text"}, one object a line."""

    def format(self, record):
        fields = {
            "time": _moment(record).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "component": "processor",
            "pid": record.process,
            "message": record.getMessage(),
            "place": f"{record.module}:{record.funcName}:{record.lineno}",
        }
        if record.exc_info:
            fields["exception"] = self.formatException(record.exc_info)
        return json.dumps(fields, ensure_ascii=False, separators=(",", ":"), default=str)


def _moment(record):
    moment = datetime.datetime.fromtimestamp(record.created, datetime.timezone.utc)
    return moment if os.environ.get("SCALER_LOG_TIME") == "utc" else moment.astimezone()


def set_up(level, paths):
    """Replaces the root logger's handlers. `paths`: - or /dev/stdout, /dev/stderr, or files, which get -<pid>."""
    root = logging.getLogger()
    for handler in list(root.handlers):
        root.removeHandler(handler)
        handler.close()
    if not _configured_by_file():
        for path in paths or ["/dev/stdout"]:
            root.addHandler(_handler_of(path))
        root.setLevel(level.upper())


def _configured_by_file():
    """A Python logging .conf file is used instead of level and paths; the agent has read it too, and told what is wrong there."""
    file = os.environ.get("SCALER_LOG_CONFIG")
    if not file:
        return False
    try:
        logging.config.fileConfig(file, disable_existing_loggers=False)
        return True
    except Exception as error:  # whatever its handlers raise
        print(f"{file}: {type(error).__name__}: {error}; logging to the screen", file=sys.__stderr__, flush=True)
        return False


def _handler_of(path):
    path = "/dev/stdout" if path == "-" else os.path.expandvars(os.path.expanduser(path))
    if path in _SCREEN:
        handler = logging.StreamHandler(sys.__stdout__ if path == "/dev/stdout" else sys.__stderr__)
    else:
        file = f"{path}-{os.getpid()}"
        handler = logging.handlers.TimedRotatingFileHandler(file, when="midnight", encoding="utf-8", delay=True)
    as_json = os.environ.get("SCALER_LOG_FORMAT") == "json"
    handler.setFormatter(JsonFormatter() if as_json else LineFormatter(with_place=path not in _SCREEN))
    return handler
