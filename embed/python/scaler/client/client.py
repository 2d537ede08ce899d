"""The client: submits functions to a scheduler and brings their results."""

import dataclasses
import math
import operator
import os
import sys
from typing import Any, Callable, Dict, Iterable, List, Optional, Sequence, Tuple, Union

from scaler import _native
from scaler.client import calls, context, graphs
from scaler.client.functions import Functions
from scaler.client.future import ScalerFuture
from scaler.client.object_reference import ObjectReference
from scaler.client.serializer.default import DefaultSerializer
from scaler.client.serializer.mixins import Serializer
from scaler.client.waits import Waits
from scaler.utility.identifiers import ClientID, ObjectID

__all__ = ["Client", "ObjectReference", "ScalerFuture"]

_TIMEOUT_SECONDS = 60
_HEARTBEAT_INTERVAL_SECONDS = 2
_NO_ADDRESS = (
    "No scheduler address provided and not running inside a worker context. Pass Client(address=\"tcp://host:port\"), or set "
    "SCALER_ADDRESS in the environment."
)

if getattr(_native, "__file__", None):  # not when it is a part of the program, whose log is the program's
    _native._quiet()

Capabilities = Optional[Dict[str, int]]


@dataclasses.dataclass
class _CallNode:
    """A node of a graph that calls a function: `args` are names of other nodes."""

    func: Callable[..., Any]
    args: Tuple[str, ...]

    def __post_init__(self) -> None:
        if not callable(self.func):
            raise TypeError(f"the first item of a task node must be callable, not {self.func!r}")
        for argument in self.args:
            if not isinstance(argument, str):
                raise TypeError(f"arguments of a task node are names of nodes, so str, not {argument!r}")


class Client:
    """A connection to a scheduler, which may be shared by any number of threads.

    :param address: the scheduler's, as ``tcp://host:port`` or ``ipc:///path``. May be left out inside a task (the worker's
        scheduler is taken) and where ``SCALER_ADDRESS`` is set.
    :param profiling: kept for compatibility: `ScalerFuture.profiling_info` works either way.
    :param timeout_seconds: without an answer from the scheduler for so long, the client gives up, and so does its constructor.
    :param heartbeat_interval_seconds: how often the client says that it lives; with a short timeout, more often.
    :param serializer: turns functions, arguments and results into bytes; an instance travels to the workers.
    :param stream_output: print here what tasks write to stdout and stderr.
    :param object_storage_address: use this object storage instead of the one that the scheduler names.
    :param security_config: a certificate and its key, shown to a server that asks for one; ``tls://`` and ``wss://``
        addresses need none.
    :raises ValueError: the address is missing or wrong, or a number of seconds is.
    :raises TimeoutError: the scheduler did not answer in time.
    :raises ObjectStorageException: the object storage could not be reached.

    >>> with Client(address="tcp://127.0.0.1:2345") as client:  # doctest: +SKIP
    ...     client.map(abs, [-1, 2])
    [1, 2]
    """

    def __init__(
        self,
        address: Optional[str] = None,
        profiling: bool = False,
        timeout_seconds: int = _TIMEOUT_SECONDS,
        heartbeat_interval_seconds: int = _HEARTBEAT_INTERVAL_SECONDS,
        serializer: Optional[Serializer] = None,
        stream_output: bool = False,
        object_storage_address: Optional[str] = None,
        security_config: Any = None,
    ) -> None:
        if serializer is None:
            serializer = DefaultSerializer()
        for method in ("serialize", "deserialize"):
            if not callable(getattr(serializer, method, None)):
                raise TypeError(f"serializer must have the methods serialize and deserialize, and {serializer!r} has not")
        _let_script_travel()
        timeout = _seconds("timeout_seconds", timeout_seconds)
        heartbeat = _seconds("heartbeat_interval_seconds", heartbeat_interval_seconds)
        if heartbeat <= 0:
            raise ValueError(f"heartbeat_interval_seconds must be positive, not {heartbeat_interval_seconds!r}")
        self._address = _address_or_default(address)
        self._profiling = bool(profiling)
        self._stream_output = bool(stream_output)
        self._timeout_seconds = timeout_seconds
        self._heartbeat_interval_seconds = heartbeat_interval_seconds
        self._serializer = serializer
        self._object_storage_address = _text_of(object_storage_address)
        self._identity = ClientID.generate_client_id()

        plain = type(serializer) is DefaultSerializer
        self._core = _native.Core(
            address=self._address,
            identity=self._identity.decode(),
            object_storage_address=self._object_storage_address,
            timeout_seconds=timeout,
            heartbeat_interval_seconds=heartbeat,
            serializer=_pickled(serializer, plain),
            serialize=serializer.serialize,
            deserialize=None if plain else serializer.deserialize,
            explain=Waits(self._address).explain,
            stream_output=self._stream_output,
            profiling=self._profiling,
            ymq_first=os.environ.get("SCALER_NETWORK_BACKEND") == "ymq",
            tls_cert=_path_of(security_config, "tls_cert"),
            tls_key=_path_of(security_config, "tls_key"),
        )
        self._functions = Functions(self._core)
        self._core.wait_ready()

    # ---- what it is ----

    @property
    def _stop_event(self) -> "_Stopped":
        """Workers ask it before they give one client to several tasks that were sent the same."""
        return _Stopped(self._core)

    @property
    def identity(self) -> ClientID:
        """The name by which the scheduler knows this client."""
        return self._identity

    def __repr__(self) -> str:
        return f"<Client {self._identity.decode()} of {self._address}>"

    def _repr_html_(self) -> str:
        from scaler.client.html import client_html

        return client_html(self)

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, exc_type: Any, exc_value: Any, traceback: Any) -> None:
        self.disconnect()

    def __getstate__(self) -> Dict[str, Any]:
        """A pickled client becomes another client of the same scheduler, with an identity of its own."""
        state = {
            "address": self._address,
            "profiling": self._profiling,
            "stream_output": self._stream_output,
            "timeout_seconds": self._timeout_seconds,
            "heartbeat_interval_seconds": self._heartbeat_interval_seconds,
        }
        if type(self._serializer) is not DefaultSerializer:
            state["serializer"] = self._serializer
        if self._object_storage_address is not None:
            state["object_storage_address"] = self._object_storage_address
        return state

    def __setstate__(self, state: Dict[str, Any]) -> None:
        self.__init__(**state)  # type: ignore[misc]

    # ---- tasks ----

    def submit(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> ScalerFuture:
        """Run ``fn(*args, **kwargs)`` on a worker.

        :raises TypeError: `fn` cannot be called with these arguments, or something cannot be pickled.
        :raises MissingObjects: an argument is an ObjectReference that this client does not know, or no longer.
        :raises ClientQuitException: the client has been disconnected or has lost its scheduler.

        >>> client.submit(pow, 2, 5).result()  # doctest: +SKIP
        32
        """
        return self._submit(fn, args, kwargs, None)

    def submit_verbose(
        self,
        fn: Callable[..., Any],
        args: Tuple[Any, ...],
        kwargs: Dict[str, Any],
        capabilities: Capabilities = None,
        reserialize: bool = False,
    ) -> ScalerFuture:
        """As `submit`, and say which capabilities the worker must have.

        :param args: the positional arguments, a tuple.
        :param kwargs: the keyword arguments, a dict.
        :param capabilities: names and quantities, as ``{"gpu": 1}``; names decide, if the scheduler's policy heeds them.
        :param reserialize: no effect: arguments are serialized each time.
        :raises: what `submit` raises.

        >>> client.submit_verbose(pow, (2, 5), {}, capabilities={"gpu": 1}).result()  # doctest: +SKIP
        32
        """
        return self._submit(fn, tuple(args), kwargs, capabilities)

    def map(
        self,
        fn: Callable[..., Any],
        *iterables: Iterable[Any],
        capabilities: Capabilities = None,
        reserialize: bool = False,
        progress: bool = False,
    ) -> List[Any]:
        """As the builtin map: one task for each set of items, up to the shortest iterable; waits, and returns all results.

        :param progress: draw a progress bar on stderr, or in the notebook.
        :raises TypeError: no iterable was given.
        :raises Exception: whatever a task raised, the first by order; the others are then cancelled.

        >>> client.map(lambda x, y: x + y, [1, 2], [3, 4])  # doctest: +SKIP
        [4, 6]
        """
        if not iterables:
            raise TypeError("map() requires at least one iterable")
        return self._run_all(fn, zip(*iterables), capabilities, progress)

    def starmap(
        self,
        fn: Callable[..., Any],
        iterable: Iterable[Iterable[Any]],
        capabilities: Capabilities = None,
        reserialize: bool = False,
        progress: bool = False,
    ) -> List[Any]:
        """As itertools.starmap: each item holds the arguments of one task; waits, and returns all results.

        :param progress: draw a progress bar on stderr, or in the notebook.
        :raises TypeError: an item cannot be iterated over, or holds what cannot be pickled.
        :raises Exception: whatever a task raised, the first by order; the others are then cancelled.

        >>> client.starmap(pow, [(2, 3), (3, 2)])  # doctest: +SKIP
        [8, 9]
        """
        return self._run_all(fn, iterable, capabilities, progress)

    def get(
        self,
        graph: Dict[str, Any],
        keys: Sequence[str],
        block: bool = True,
        capabilities: Capabilities = None,
        reserialize: bool = False,
    ) -> Dict[str, Any]:
        """Compute nodes of a graph.

        :param graph: names and nodes. A tuple whose first item is callable is a task, whose arguments are names of other
            nodes; an ObjectReference is data that was sent before; everything else is data.
        :param keys: the nodes wanted.
        :param block: wait and give values; else give futures.
        :raises KeyError: a key that is not in the graph, or twice in `keys`; an argument that is not in the graph.
        :raises TypeError: an argument of a task is no name; the graph is no dict; the keys are one text.
        :raises CycleError: (graphlib's) what is wanted depends on itself.

        >>> client.get({"a": 2, "b": 3, "c": (pow, "a", "b")}, ["c"])  # doctest: +SKIP
        {'c': 8}
        """
        self._core.check_usable()
        plan = graphs.plan(graph, keys)
        futures = self._submit_plan(plan, block, capabilities)
        if not block:
            return {
                key: futures[key] if key in futures else self._core.done_future(plan.data[key]) for key in plan.keys
            }
        try:
            return {key: futures[key].result() if key in futures else plan.data[key] for key in plan.keys}
        except BaseException:
            self._core.abandon(list(futures.values()))
            raise

    # ---- objects ----

    def send_object(self, obj: Any, name: Optional[str] = None) -> ObjectReference:
        """Send an object once, to use it as an argument of many tasks.

        :param name: what monitors call it.
        :return: what to give as an argument in its place, directly and not inside a container.
        :raises TypeError: the object cannot be pickled.
        :raises ClientQuitException: the client has been disconnected or has lost its scheduler.

        >>> reference = client.send_object([1, 2, 3])  # doctest: +SKIP
        >>> client.submit(sum, reference).result()  # doctest: +SKIP
        6
        """
        self._core.check_usable()
        if not isinstance(name, (str, type(None))):
            raise TypeError(f"name must be a str, not {name!r}")
        payload = self._core.serialize(obj)
        object_id = ObjectID(self._core.put(payload, b"" if name is None else name.encode(), True))
        shown = f"<obj {object_id!r}>" if name is None else name
        return ObjectReference(shown.encode(), len(payload), object_id)

    def clear(self) -> None:
        """Cancel all unfinished futures and forget all objects. References become invalid; the client stays usable.

        :raises ClientQuitException: the client has been disconnected or has lost its scheduler.

        >>> future = client.submit(time.sleep, 60)  # doctest: +SKIP
        >>> client.clear()  # doctest: +SKIP
        >>> future.cancelled()  # doctest: +SKIP
        True
        """
        self._core.clear()
        self._functions.forget()

    # ---- the end ----

    def disconnect(self) -> None:
        """Leave the scheduler: unfinished futures are cancelled. May be called again, and takes two seconds at most.

        >>> client.disconnect()  # doctest: +SKIP
        >>> client.submit(pow, 2, 5)  # doctest: +SKIP
        Traceback (most recent call last):
        scaler.utility.exceptions.ClientQuitException: client is already stopped.
        """
        self._core.disconnect()

    def shutdown(self) -> None:
        """Ask the scheduler and its workers to end, and disconnect.

        :raises ValueError: the scheduler is protected; the client is disconnected all the same.

        >>> client.shutdown()  # doctest: +SKIP
        """
        if self._core.ended:
            return
        if not self._core.shutdown():
            raise ValueError("Scheduler is in protected mode. Can't shutdown")

    # ---- other faces ----

    def executor(self) -> Any:
        """This client as a `concurrent.futures.Executor`, which leaves it connected when it shuts down.

        >>> with client.executor() as pool:  # doctest: +SKIP
        ...     list(pool.map(pow, [2, 3], [5, 2], chunksize=2))
        [32, 9]
        """
        from scaler.client.executor import ClientExecutor

        return ClientExecutor(self)

    # ---- inside ----

    def _submit(
        self, fn: Callable[..., Any], args: Tuple[Any, ...], kwargs: Dict[str, Any], capabilities: Capabilities
    ) -> ScalerFuture:
        if kwargs or not calls.takes(fn, len(args)):
            fn, args = calls.bind(fn, args, kwargs)
        function = self._functions.get(fn)
        try:
            return self._core.submit(function.object_id, args, _pairs(capabilities), context.priority())
        finally:
            self._functions.let_go(function)

    def _submit_all(
        self, fn: Callable[..., Any], rows: Iterable[Iterable[Any]], capabilities: Capabilities, eager: bool
    ) -> List[ScalerFuture]:
        if not callable(fn):
            raise TypeError(f"{fn!r} is not callable")
        function = self._functions.get(fn)
        try:
            return self._core.submit_many(function.object_id, rows, _pairs(capabilities), context.priority(), eager)
        finally:
            self._functions.let_go(function)

    def _run_all(
        self, fn: Callable[..., Any], rows: Iterable[Iterable[Any]], capabilities: Capabilities, progress: bool
    ) -> List[Any]:
        futures = self._submit_all(fn, rows, capabilities, True)
        try:
            if progress:
                from scaler.client.progress import follow

                follow(futures, calls.name_of(fn))
            results = []
            for place, future in enumerate(futures):
                results.append(future.result())
                futures[place] = None  # type: ignore[call-overload]
            return results
        except BaseException:
            self._core.abandon([future for future in futures if future is not None])
            raise

    def _submit_plan(self, plan: "graphs.Plan", eager: bool, capabilities: Capabilities) -> Dict[str, ScalerFuture]:
        if not plan.targets:
            return {}
        objects = [(self._functions.serialized(fn), calls.name_of(fn).encode("utf-8", "replace")) for fn in plan.functions]
        objects += [(self._serialized_node(name, value), name.encode()) for name, value in plan.objects]
        graphs.check_references(plan, self._core.knows)
        futures = self._core.submit_graph(
            objects, plan.nodes, list(plan.targets.values()), _pairs(capabilities), context.priority(), eager
        )
        return dict(zip(plan.targets, futures))

    def _serialized_node(self, name: str, value: Any) -> bytes:
        try:
            return self._core.serialize(value)
        except Exception as error:
            calls.blame(error, f"node {name!r}")
            raise


class _Stopped:
    def __init__(self, core: Any) -> None:
        self._core = core

    def is_set(self) -> bool:
        return bool(self._core.ended)


def _let_script_travel() -> None:
    """In a process that multiprocessing has spawned, the user's script is the module __mp_main__. As with __main__, no
    worker can import it, so its functions must travel by value."""
    script = sys.modules.get("__mp_main__")
    if script is not None:
        import cloudpickle

        if hasattr(cloudpickle, "register_pickle_by_value"):  # since 2.0
            cloudpickle.register_pickle_by_value(script)


def _pairs(capabilities: Capabilities) -> Optional[List[Tuple[str, int]]]:
    if not capabilities:
        return None
    try:
        return [(str(name), operator.index(count)) for name, count in capabilities.items()]
    except (AttributeError, TypeError):
        raise TypeError(f"capabilities are names and whole numbers, such as {{'gpu': 1}}, not {capabilities!r}") from None


def _seconds(parameter: str, value: Any) -> float:
    try:
        seconds = float(value)
    except (TypeError, ValueError):
        raise TypeError(f"{parameter} must be a number, not {value!r}") from None
    if math.isnan(seconds):
        raise ValueError(f"{parameter} must be a number, not {value!r}")
    return seconds


def _text_of(address: Any) -> Optional[str]:
    if address is None or isinstance(address, str):
        return address
    to_address = getattr(address, "to_address", None)
    return str(to_address()) if to_address else str(address)


def _path_of(security_config: Any, name: str) -> Optional[str]:
    path = getattr(security_config, name, None)
    return None if path is None else os.fspath(path)


def _address_or_default(address: Union[str, Any, None]) -> str:
    text = _text_of(address) or context.scheduler_address() or os.environ.get("SCALER_ADDRESS")
    if not text:
        raise ValueError(_NO_ADDRESS)
    return str(text)


def _pickled(serializer: Serializer, plain: bool) -> bytes:
    import pickle

    if plain:
        return pickle.dumps(serializer, 5)  # by name: the bytes are those that cloudpickle would make
    import cloudpickle

    return bytes(cloudpickle.dumps(serializer, protocol=pickle.HIGHEST_PROTOCOL))
