"""Exceptions of tasks as they arrive: with their tracebacks where tblib is installed, without where it is not."""

import io
import pickle
from typing import Any, Callable, Dict, Optional, Sequence


def unpickle_exception(
    kind: Callable[..., BaseException],
    args: Sequence[Any],
    cause: Optional[BaseException],
    traceback: Any,
    context: Optional[BaseException] = None,
    suppress_context: bool = False,
    notes: Optional[Sequence[str]] = None,
) -> BaseException:
    return _completed(kind(*args), cause, traceback, context, suppress_context, notes)


def unpickle_exception_with_attrs(
    kind: Any,
    attributes: Dict[str, Any],
    cause: Optional[BaseException],
    traceback: Any,
    context: Optional[BaseException] = None,
    suppress_context: bool = False,
    notes: Optional[Sequence[str]] = None,
    args: Sequence[Any] = (),
) -> BaseException:
    error = kind.__new__(kind, *args)
    for name, value in attributes.items():
        setattr(error, name, value)
    return _completed(error, cause, traceback, context, suppress_context, notes)


def _completed(
    error: BaseException,
    cause: Optional[BaseException],
    traceback: Any,
    context: Optional[BaseException],
    suppress_context: bool,
    notes: Optional[Sequence[str]],
) -> BaseException:
    error.__cause__ = cause
    error.__traceback__ = traceback
    error.__context__ = context
    error.__suppress_context__ = suppress_context
    if notes is not None:
        setattr(error, "__notes__", list(notes))  # an attribute since Python 3.11
    return error


class _Nothing:
    """Stands for a part of a traceback that nobody here can build."""

    def __init__(self, *args: Any) -> None:
        pass

    def __setstate__(self, state: Any) -> None:
        pass


def _no_traceback(*args: Any) -> None:
    return None


# Releases of tblib differ in what they name and in how many arguments they give, so these two are always ours.
_OURS = {"unpickle_exception": unpickle_exception, "unpickle_exception_with_attrs": unpickle_exception_with_attrs}


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if module.partition(".")[0] != "tblib":
            return super().find_class(module, name)
        if name in _OURS:
            return _OURS[name]
        try:
            return super().find_class(module, name)
        except (ImportError, AttributeError):
            return _no_traceback if name == "unpickle_traceback" else _Nothing


def loads(payload: Any) -> Any:
    """The exception in a failed task's payload."""
    return _Unpickler(io.BytesIO(payload)).load()
