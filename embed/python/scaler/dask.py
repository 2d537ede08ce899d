"""Dask collections and graphs on a cluster.

>>> import dask
>>> from scaler.dask import scheduler
>>> with Client(address="tcp://127.0.0.1:6378") as client:
...     dask.compute(collection, scheduler=scheduler(client))

One task of ours for each of Dask's, after Dask's own optimisation; what lies between two tasks stays at the workers.
Workers need Dask in their environment, and what the tasks themselves import.
"""

from __future__ import annotations

import importlib
from typing import Any, Callable, Dict, Hashable, List, Mapping, Sequence, Tuple

Get = Callable[..., Any]
Evaluate = Callable[[Mapping[Hashable, Any]], Any]


def scheduler(client: Any) -> Get:
    """A function for Dask's `scheduler=` argument, or for dask.config.set(scheduler=...).

    >>> dask.compute(collection, scheduler=scheduler(client))  # doctest: +SKIP
    """
    if not callable(getattr(client, "get", None)):
        raise TypeError(f"a Client is expected, not {client!r}")

    def get(dsk: Any, keys: Any, **ignored: Any) -> Any:
        return get_with(client, dsk, keys)

    return get


def get_with(client: Any, dsk: Any, keys: Any) -> Any:
    """The values of `keys`, a key or lists of them to any depth, of the Dask graph `dsk`.

    Raises KeyError for a key that the graph does not have, and what a task raised.
    """
    graph = _Translation(_as_mapping(dsk))
    wanted = list(dict.fromkeys(_flat(keys)))
    names = [graph.name_of(key) for key in wanted]
    values = client.get(graph.nodes, names) if names else {}
    return _shaped(keys, {key: values[name] for key, name in zip(wanted, names)})


class _Translation:
    """A graph whose node names are text, and whose tasks take the values that they depend on in a fixed order."""

    def __init__(self, dsk: Mapping[Hashable, Any]) -> None:
        self._names = {key: f"{index}:{key!r:.80}" for index, key in enumerate(dsk)}
        self.nodes: Dict[str, Any] = {}
        for key, (needs, evaluate) in _tasks_of(dsk).items():
            names = [self.name_of(need) for need in needs]
            self.nodes[self._names[key]] = (_runner(evaluate, needs), *names)

    def name_of(self, key: Hashable) -> str:
        try:
            return self._names[key]
        except KeyError:
            raise KeyError(key) from None


# The two functions below return closures, which travel whole to any worker.


def _runner(evaluate: Evaluate, needs: Sequence[Hashable]) -> Callable[..., Any]:
    def run(*values: Any) -> Any:
        return evaluate(dict(zip(needs, values)))

    return run


def _legacy_evaluate(task: Any) -> Evaluate:
    """A task of Dask before 2024.12: a tuple whose first item is callable, lists of tasks, keys, or plain data."""

    def evaluate(values: Mapping[Hashable, Any]) -> Any:
        core: Any = importlib.import_module("dask.core")
        return core._execute_task(task, values)

    return evaluate


def _as_mapping(dsk: Any) -> Mapping[Hashable, Any]:
    return dict(dsk.__dask_graph__() if hasattr(dsk, "__dask_graph__") else dsk)


def _tasks_of(dsk: Mapping[Hashable, Any]) -> Dict[Hashable, Tuple[List[Hashable], Evaluate]]:
    """What each key depends on, and what makes its value of theirs."""
    try:
        from dask._task_spec import DataNode, convert_legacy_graph
    except ImportError:
        core: Any = importlib.import_module("dask.core")
        return {key: (list(core.get_dependencies(dsk, key)), _legacy_evaluate(task)) for key, task in dsk.items()}
    nodes = dict(convert_legacy_graph(dsk))
    for key in dsk:
        if key not in nodes:  # an alias of itself: data that happens to be equal to a key
            nodes[key] = DataNode(key, dsk[key])
    return {key: (list(node.dependencies), node) for key, node in nodes.items()}


def _flat(keys: Any) -> List[Hashable]:
    if not isinstance(keys, list):
        return [keys]
    return [key for part in keys for key in _flat(part)]


def _shaped(keys: Any, values: Mapping[Hashable, Any]) -> Any:
    if not isinstance(keys, list):
        return values[keys]
    return tuple(_shaped(part, values) for part in keys)
