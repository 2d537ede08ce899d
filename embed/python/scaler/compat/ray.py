"""Programs written for Ray, on a cluster of this package.

Importing this module replaces parts of the installed package `ray`. Then

>>> import ray
>>> from scaler.compat.ray import scaler_init
>>> scaler_init(n_workers=4)        # or scaler_init("tcp://scheduler:6378")
>>> @ray.remote
... def square(x): return x * x
>>> ray.get([square.remote(i) for i in range(4)])

runs tasks here. Functions only: remote classes raise NotImplementedError.
"""

from __future__ import annotations

import atexit
import concurrent.futures
import functools
import inspect
import os
import sys
from typing import Any, Callable, Dict, Iterator, List, Optional, Sequence, Tuple
from unittest import mock

from scaler.client.client import Client
from scaler.client.object_reference import ObjectReference
from scaler.client.serializer.default import DefaultSerializer
from scaler.client.serializer.mixins import Serializer
from scaler.cluster.combo import SchedulerClusterCombo
from scaler.config import defaults
from scaler.config.section.scheduler import PolicyConfig

# Tasks that submit tasks set the first one in the worker: see _with_client.
client: Optional[Any] = None
combo: Optional[SchedulerClusterCombo] = None


# ---- start and stop ----


def scaler_init(
    address: Optional[str] = None,
    *,
    n_workers: Optional[int] = None,  # None: one for each core
    object_storage_address: Optional[str] = None,
    profiling: bool = False,
    timeout_seconds: int = defaults.DEFAULT_CLIENT_TIMEOUT_SECONDS,
    heartbeat_interval_seconds: int = defaults.DEFAULT_HEARTBEAT_INTERVAL_SECONDS,
    serializer: Optional[Serializer] = None,
    stream_output: bool = False,
    scaler_policy: Optional[PolicyConfig] = None,
    **cluster_options: Any,
) -> None:
    """Connects to the scheduler at `address`, or starts a cluster on this machine that lasts until shutdown().

    `cluster_options` are those of SchedulerClusterCombo. Raises RuntimeError when it was called before.
    """
    global client, combo
    if client is not None:
        raise RuntimeError("scaler_init() was called already; call ray.shutdown() first")
    if address is None:
        combo = SchedulerClusterCombo(
            n_workers=n_workers or os.cpu_count() or 1,
            object_storage_address=object_storage_address,
            heartbeat_interval_seconds=heartbeat_interval_seconds,
            scaler_policy=scaler_policy or PolicyConfig(policy_content="allocate=even_load; scaling=no"),
            **cluster_options,
        )
        address = combo.get_address()
    try:
        client = Client(
            address=address,
            profiling=profiling,
            timeout_seconds=timeout_seconds,
            heartbeat_interval_seconds=heartbeat_interval_seconds,
            serializer=serializer or DefaultSerializer(),
            stream_output=stream_output,
            object_storage_address=object_storage_address,
        )
    except BaseException:
        shutdown()
        raise


def ensure_init() -> Any:
    """The client; the first use without scaler_init() starts a cluster on this machine."""
    if client is None:
        scaler_init()
    assert client is not None
    return client


def shutdown() -> None:
    """Disconnects, and stops the cluster if scaler_init() started one."""
    global client, combo
    old_client, client = client, None
    old_combo, combo = combo, None
    if old_client is not None:
        old_client.disconnect()
    if old_combo is not None:
        old_combo.shutdown()


def is_initialized() -> bool:
    return client is not None


# ---- tasks ----


class RayObjectReference:
    """What a remote call returns: a future, or one element of what the future will hold."""

    def __init__(self, future: Any, index: Optional[int] = None) -> None:
        self._future = future
        self._index = index

    def get(self, timeout: Optional[float] = None) -> Any:
        value = self._future.result(timeout)
        if self._index is None:
            return value
        try:
            return value[self._index]
        except TypeError as error:
            kind = type(value).__name__
            raise TypeError(f"num_returns needs a function that returns a sequence, and this returned {kind}") from error

    def cancel(self) -> None:
        self._future.cancel()


def unwrap_ray_object_reference(value: Any) -> Any:
    """Waits for the value if it is one that a remote call will give."""
    return value.get() if isinstance(value, RayObjectReference) else value


def _with_client(function: Callable[..., Any], owner: Any) -> Callable[..., Any]:
    """Remote calls inside the task go through a client of the same scheduler."""

    def call(*args: Any, **kwargs: Any) -> Any:
        import scaler.compat.ray

        scaler.compat.ray.client = owner
        return function(*args, **kwargs)

    call.__signature__ = inspect.signature(function)  # type: ignore[attr-defined]
    return call


class RayRemote:
    """A function whose remote() runs it as a task. Options other than num_returns are accepted and have no effect."""

    def __init__(self, function: Callable[..., Any], num_returns: int = 1, **ignored: Any) -> None:
        if not isinstance(num_returns, int) or isinstance(num_returns, bool) or num_returns < 1:
            raise ValueError(f"num_returns is a positive integer, not {num_returns!r}")
        functools.update_wrapper(self, function)
        self._function = function
        self._num_returns = num_returns

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        raise TypeError(f"a remote function is called by {self._function.__name__}.remote()")

    def remote(self, *args: Any, **kwargs: Any) -> Any:
        """A RayObjectReference, or a list of them when num_returns is above 1."""
        owner = ensure_init()
        positional = [unwrap_ray_object_reference(value) for value in args]
        named = {name: unwrap_ray_object_reference(value) for name, value in kwargs.items()}
        future = owner.submit(_with_client(self._function, owner), *positional, **named)
        if self._num_returns == 1:
            return RayObjectReference(future)
        return [RayObjectReference(future, index) for index in range(self._num_returns)]

    def options(self, **options: Any) -> RayRemote:
        return RayRemote(self._function, **options)


def remote(*args: Any, **options: Any) -> Any:
    """@remote, or @remote(num_returns=2)."""

    def decorate(function: Any) -> RayRemote:
        if inspect.isclass(function):
            raise NotImplementedError("remote classes are not supported, functions are")
        return RayRemote(function, **options)

    if len(args) == 1 and not options and callable(args[0]):
        return decorate(args[0])
    if args:
        raise TypeError("remote() takes a function, or options by name")
    return decorate


# ---- objects ----


def get(ref: Any, timeout: Optional[float] = None) -> Any:
    """The value of a reference, or the list of values of a list of them."""
    if isinstance(ref, list):
        return [get(one, timeout) for one in ref]
    if isinstance(ref, RayObjectReference):
        return ref.get(timeout)
    raise RuntimeError(f"ray.get() takes a reference or a list of them, not {type(ref).__name__}")


def put(obj: Any) -> ObjectReference:
    reference: ObjectReference = ensure_init().send_object(obj)
    return reference


def cancel(ref: RayObjectReference, *ignored: Any, **also_ignored: Any) -> None:
    ref.cancel()


def wait(
    refs: Sequence[RayObjectReference], *, num_returns: Optional[int] = 1, timeout: Optional[float] = None
) -> Tuple[List[RayObjectReference], List[RayObjectReference]]:
    """(finished, others), the first as soon as it has num_returns elements, or when the seconds have passed."""
    wanted = len(refs) if num_returns is None else num_returns
    if wanted > len(refs):
        raise ValueError(f"num_returns is {wanted}, and there are {len(refs)} references")
    by_future: Dict[Any, List[RayObjectReference]] = {}
    for ref in refs:
        by_future.setdefault(ref._future, []).append(ref)
    done: List[RayObjectReference] = []
    try:
        if wanted > 0:
            for future in concurrent.futures.as_completed(by_future, timeout):
                done += by_future[future]
                if len(done) >= wanted:
                    break
    except concurrent.futures.TimeoutError:
        pass
    finished = set(map(id, done[:wanted]))
    return done[:wanted], [ref for ref in refs if id(ref) not in finished]


# ---- ray.util ----


class Util:
    """Stands where ray.util stood."""

    @staticmethod
    def as_completed(refs: Sequence[RayObjectReference]) -> Iterator[Any]:
        """The values, in the order in which they come."""
        left = list(refs)
        while left:
            done, left = wait(left)
            for ref in done:
                yield ref.get()

    @staticmethod
    def map_unordered(function: RayRemote, values: Sequence[Any]) -> Iterator[Any]:
        return Util.as_completed([function.remote(value) for value in values])

    def __getattr__(self, name: str) -> Any:
        raise NotImplementedError(f"ray.util.{name} is not supported")


# ---- in the place of ray's own ----


class _Unsupported:
    def __init__(self, name: str) -> None:
        self._name = name

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError(f"{self._name} is not supported")

    def __getattr__(self, name: str) -> Any:
        raise NotImplementedError(f"{self._name}.{name} is not supported")


def _nothing(*args: Any, **kwargs: Any) -> None:
    pass


def _replace() -> None:
    """Fails with ImportError when the package ray is not installed."""
    import ray  # type: ignore[import-not-found, import-untyped, unused-ignore]

    ours = {
        "init": _nothing,  # scaler_init() or the first remote call starts what is needed
        "get_actor": _nothing,
        "shutdown": shutdown,
        "is_initialized": is_initialized,
        "remote": remote,
        "get": get,
        "put": put,
        "wait": wait,
        "cancel": cancel,
        "util": Util(),
    }
    for name in ("actor", "cross_language", "get_gpu_ids", "get_runtime_context", "kill", "method", "runtime_context"):
        ours[name] = _Unsupported("ray." + name)
    for name, value in ours.items():
        setattr(ray, name, value)
    # What ray itself would start when it is used, or stop at exit: the function that it registered then is its own.
    atexit.unregister(getattr(sys.modules.get("ray._private.worker"), "shutdown", _nothing))
    for target in ("ray._private.worker.init", "ray._private.worker.shutdown"):
        try:
            mock.patch(target, new=_nothing).start()
        except (AttributeError, ImportError):  # another release keeps it elsewhere
            pass


_replace()
