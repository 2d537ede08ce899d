"""A user's graph, checked and cut down to what is wanted, as numbers."""

import collections.abc
from typing import Any, Callable, Dict, List, NamedTuple, Sequence, Tuple, Union

from scaler.client.object_reference import ObjectReference
from scaler.utility.exceptions import MissingObjects

try:
    from graphlib import CycleError
except ImportError:  # Python 3.8

    class CycleError(ValueError):  # type: ignore[no-redef]
        """The graph has a cycle."""


Argument = Union[int, bytes]


class Plan(NamedTuple):
    keys: List[str]
    data: Dict[str, Any]  # those keys that need no task
    functions: List[Callable[..., Any]]  # objects 0, 1, ...
    objects: List[Tuple[str, Any]]  # the objects after them
    nodes: List[Tuple[int, List[Argument]]]  # a function; and arguments: nodes >= 0, objects as -1 - index, references as ids
    targets: Dict[str, int]  # those keys that are nodes
    references: List[ObjectReference]


def is_task(node: Any) -> bool:
    return isinstance(node, tuple) and bool(node) and callable(node[0])


def plan(graph: Dict[str, Any], keys: Sequence[str]) -> Plan:
    """Raises KeyError, TypeError or CycleError; what no key needs is not looked at."""
    if not isinstance(graph, collections.abc.Mapping):
        raise TypeError(f"a graph is a dict of names and nodes, not {graph!r:.80}")
    if isinstance(keys, str) and len(keys) > 1:
        raise TypeError(f"keys are a list of names, as [{keys!r}], not one text")
    keys = list(keys)
    if len(set(keys)) != len(keys):
        raise KeyError(f"duplicate key detected in argument keys: {keys}")
    for key in keys:
        if key not in graph:
            raise KeyError(f"{key!r} is among the keys, but not in the graph")
    order = _order(graph, keys)

    places: Dict[str, Argument] = {}
    functions: List[Callable[..., Any]] = []
    function_places: Dict[int, int] = {}
    objects: List[Tuple[str, Any]] = []
    nodes: List[Tuple[int, List[Argument]]] = []
    references: List[ObjectReference] = []
    used = {name for key in order if is_task(graph[key]) for name in graph[key][1:]}
    for key in order:
        node = graph[key]
        if is_task(node):
            function = node[0]
            if id(function) not in function_places:
                function_places[id(function)] = len(functions)
                functions.append(function)
            places[key] = len(nodes)
            nodes.append((function_places[id(function)], list(node[1:])))
        elif key in used:
            if isinstance(node, ObjectReference):
                references.append(node)
                places[key] = bytes(node.object_id)
            else:
                key.encode  # AttributeError if a node's name is no text
                places[key] = -1 - len(objects)
                objects.append((key, node))
    shift = len(functions)
    for _, arguments in nodes:
        for index, name in enumerate(arguments):
            place = places[name]  # type: ignore[index]
            arguments[index] = place - shift if isinstance(place, int) and place < 0 else place
    data = {key: graph[key] for key in keys if not is_task(graph[key])}
    targets = {key: places[key] for key in keys if key not in data}
    return Plan(keys, data, functions, objects, nodes, targets, references)  # type: ignore[arg-type]


def check_references(plan: Plan, knows: Callable[[bytes], bool]) -> None:
    for reference in plan.references:
        if not knows(bytes(reference.object_id)):
            raise MissingObjects(f"unknown object: {reference!r}")


def _order(graph: Dict[str, Any], keys: List[str]) -> List[str]:
    """What the keys need, each after what it needs itself."""
    order: List[str] = []
    state: Dict[str, bool] = {}  # False: on the path, True: in the order
    for wanted in keys:
        if wanted in state:
            continue
        state[wanted] = False
        path = [(wanted, iter(_needs(graph, wanted)))]
        while path:
            key, needs = path[-1]
            for need in needs:
                seen = state.get(need)
                if seen is None:
                    state[need] = False
                    path.append((need, iter(_needs(graph, need))))
                    break
                if not seen:
                    names = [name for name, _ in path]
                    raise CycleError("nodes are in a cycle", names[names.index(need) :] + [need])
            else:
                state[key] = True
                order.append(key)
                path.pop()
    return order


def _needs(graph: Dict[str, Any], key: str) -> Tuple[str, ...]:
    node = graph[key]
    if not is_task(node):
        return ()
    for name in node[1:]:
        if name not in graph:
            raise KeyError(f"{name!r}, an argument of {key!r}, is not in the graph; data of a graph are nodes too")
        if not isinstance(name, str):
            raise TypeError(f"arguments of a task node are names of nodes, so str, not {name!r} (in {key!r})")
    return tuple(node[1:])
