"""Log lines around calls."""

from __future__ import annotations

import functools
import inspect
import logging
from typing import Any, Callable

from scaler.utility.logging.scoped_logger import ScopedLogger


def log_function(level_number: int = 2, logging_level: int = logging.INFO) -> Callable[..., Any]:
    """@log_function() logs each call's begin, place and duration; level_number: how many frames up the caller is."""

    def decorate(func: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(func)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            place = get_caller_location(level_number)
            with ScopedLogger(f"execute {func.__name__} at {place}", logging_level):
                return func(*args, **kwargs)

        return wrapper

    return decorate


def get_caller_location(stack_level: int) -> str:
    frame = inspect.stack()[stack_level]
    return f"{frame.filename}:{frame.lineno}"
