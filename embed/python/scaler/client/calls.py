"""Calls as they travel: a function and positional arguments, and nothing else."""

import inspect
import pickle
import types
from typing import Any, Callable, Dict, Tuple


def name_of(fn: Callable[..., Any]) -> str:
    """What monitors show."""
    return str(getattr(fn, "__name__", None) or type(fn).__name__)


def blame(error: BaseException, what: str) -> None:
    """Lets an exception of pickling say what could not be pickled: users see many values, pickle names only a type."""
    if type(error) in (TypeError, pickle.PicklingError) and len(error.args) == 1 and isinstance(error.args[0], str):
        error.args = (f"{error.args[0]} ({what})",)


def takes(fn: Callable[..., Any], count: int) -> bool:
    """Whether `count` positional arguments are enough, as far as can be seen at no cost; False: look closer."""
    kind = type(fn)
    if kind is types.BuiltinFunctionType:
        return True
    if kind is not types.FunctionType or hasattr(fn, "__wrapped__"):
        return False
    code = fn.__code__
    required = code.co_argcount - len(fn.__defaults__ or ())
    if count < required or code.co_kwonlyargcount > len(fn.__kwdefaults__ or ()):
        return False
    return count <= code.co_argcount or bool(code.co_flags & inspect.CO_VARARGS)


def bind(fn: Callable[..., Any], args: Tuple[Any, ...], kwargs: Dict[str, Any]) -> Tuple[Callable[..., Any], Tuple[Any, ...]]:
    """The same call without keywords. TypeError if `fn` cannot be called so."""
    if not callable(fn):
        raise TypeError(f"{fn!r} is not callable")
    try:
        signature = inspect.signature(fn)
    except ValueError:  # builtins like max() have none that can be read
        return _with_keywords(fn, args, kwargs)
    try:
        bound = signature.bind(*args, **kwargs)
    except TypeError as error:
        missing = _missing(signature, len(args), kwargs)
        if missing:
            raise TypeError(f"{name_of(fn)} missing {len(missing)} arguments: {missing}") from None
        raise TypeError(f"{name_of(fn)}: {error}") from None
    return _with_keywords(fn, bound.args, bound.kwargs)


def _missing(signature: inspect.Signature, count: int, kwargs: Dict[str, Any]) -> Tuple[str, ...]:
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    names = [name for name, parameter in signature.parameters.items() if parameter.kind in positional]
    missing = [name for name in names[count:] if signature.parameters[name].default is inspect.Parameter.empty]
    for name, parameter in signature.parameters.items():
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY and parameter.default is inspect.Parameter.empty:
            missing.append(name)
    return tuple(name for name in missing if name not in kwargs)


def _with_keywords(
    fn: Callable[..., Any], args: Tuple[Any, ...], kwargs: Dict[str, Any]
) -> Tuple[Callable[..., Any], Tuple[Any, ...]]:
    """Keywords that no position expresses come as the last arguments of a function that knows their names. It is
    pickled by value, so the worker needs nothing of this package."""
    if not kwargs:
        return fn, args
    count, names = len(args), tuple(kwargs)

    def call_with_keywords(*values):  # type: ignore[no-untyped-def]
        return fn(*values[:count], **dict(zip(names, values[count:])))

    call_with_keywords.__name__ = name_of(fn)
    return call_with_keywords, args + tuple(kwargs.values())
