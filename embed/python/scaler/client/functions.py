"""Functions that a client has sent: one that cannot have changed since is not pickled and sent again."""

import collections
import sys
import threading
import types
from typing import Any, Callable, List, Optional

from scaler.client.calls import blame, name_of

_KEPT = 64
_DEPTH = 3
_CONSTANTS = (type(None), bool, int, float, complex, str, bytes, types.BuiltinFunctionType, types.ModuleType)


class Sent:
    """A function in the object storage."""

    __slots__ = ("object_id", "what", "users", "kept")

    def __init__(self, object_id: bytes, what: Optional[List[Any]]) -> None:
        self.object_id = object_id
        self.what = what  # its fingerprint
        self.users = 1
        self.kept = what is not None


class Functions:
    def __init__(self, core: Any) -> None:
        self._core = core
        self._kept: "collections.OrderedDict[Any, Sent]" = collections.OrderedDict()
        self._lock = threading.Lock()

    def get(self, fn: Callable[..., Any]) -> Sent:
        """Sends it, if need be. let_go() must follow."""
        what = fingerprint(fn)
        if what is None:
            return Sent(self._send(fn), None)
        with self._lock:
            kept = self._kept.get(fn)
            if kept is not None and _same(kept.what, what):
                kept.users += 1
                return kept
        sent = Sent(self._send(fn), what)
        self._keep(fn, sent)
        return sent

    def let_go(self, sent: Sent) -> None:
        """Its tasks have been submitted: it stays until the last of them is over."""
        with self._lock:
            sent.users -= 1
            over = sent.users == 0 and not sent.kept
        if over:
            self._core.release([sent.object_id])

    def serialized(self, fn: Callable[..., Any]) -> bytes:
        try:
            return bytes(self._core.serialize(fn))
        except Exception as error:
            blame(error, f"function {name_of(fn)}")
            raise

    def forget(self) -> None:
        with self._lock:
            for sent in self._kept.values():
                sent.kept = False
            self._kept.clear()

    def _send(self, fn: Callable[..., Any]) -> bytes:
        return bytes(self._core.put(self.serialized(fn), name_of(fn).encode("utf-8", "replace"), False))

    def _keep(self, fn: Callable[..., Any], sent: Sent) -> None:
        over = []
        with self._lock:
            old = [self._kept.pop(fn, None)]
            self._kept[fn] = sent
            if len(self._kept) > _KEPT:
                old.append(self._kept.popitem(last=False)[1])
            for one in old:
                if one is not None:
                    one.kept = False
                    if one.users == 0:
                        over.append(one.object_id)
        if over:
            self._core.release(over)


def _same(one: Optional[List[Any]], other: List[Any]) -> bool:
    return one is not None and len(one) == len(other) and all(a is b for a, b in zip(one, other))


def fingerprint(fn: Callable[..., Any]) -> Optional[List[Any]]:
    """Everything that the pickled function depends on, to be compared by identity; None if something of it may change
    without a trace: closures, attributes, mutable globals, instances."""
    kind = type(fn)
    if kind is types.BuiltinFunctionType:
        return [fn] if isinstance(getattr(fn, "__self__", None), (types.ModuleType, type(None))) else None
    if kind is not types.FunctionType:
        return None
    what: List[Any] = []
    return what if _collect(fn, what, _DEPTH) else None


def _collect(fn: Any, what: List[Any], depth: int) -> bool:
    what.append(fn)
    code = fn.__code__
    what.append(code)
    if depth == 0 or fn.__closure__ or fn.__dict__ or fn.__kwdefaults__:
        return False
    for value in fn.__defaults__ or ():
        if type(value) not in _CONSTANTS:
            return False
        what.append(value)
    if _is_importable(fn):
        return True
    return _collect_globals(fn, code, what, depth)


def _collect_globals(fn: Any, code: types.CodeType, what: List[Any], depth: int) -> bool:
    names = fn.__globals__
    for name in code.co_names:
        if name not in names:
            continue
        value = names[name]
        if type(value) in _CONSTANTS:
            what.append(value)
        elif type(value) is not types.FunctionType:
            return False
        elif not any(value is known for known in what) and not _collect(value, what, depth - 1):
            return False
    return all(
        _collect_globals(fn, inner, what, depth) for inner in code.co_consts if isinstance(inner, types.CodeType)
    )


def _is_importable(fn: Any) -> bool:
    """Pickled by its name."""
    if fn.__module__ == "__main__" or "<" in fn.__qualname__:
        return False
    found: Any = sys.modules.get(fn.__module__)
    if found is None or _is_pickled_by_value(found):
        return False
    for part in fn.__qualname__.split("."):
        found = getattr(found, part, None)
    return found is fn


def _is_pickled_by_value(module: types.ModuleType) -> bool:
    cloudpickle = sys.modules.get("cloudpickle.cloudpickle")
    names = getattr(cloudpickle, "_PICKLE_BY_VALUE_MODULES", ()) if cloudpickle else ()
    return any(module.__name__ == name or module.__name__.startswith(name + ".") for name in names)
