"""Graphs without what nobody asked for."""

from __future__ import annotations

from typing import Any, Dict, Iterable


def cull_graph(graph: Dict[str, Any], keys: Iterable[str]) -> Dict[str, Any]:
    """The nodes that `keys` need, themselves included. A key that the graph does not have: KeyError."""
    needed = dict.fromkeys(keys)
    todo = list(needed)
    while todo:
        node = graph[todo.pop()]
        if not (isinstance(node, tuple) and node and callable(node[0])):
            continue
        for name in node[1:]:
            if name not in needed:
                needed[name] = None
                todo.append(name)
    return {key: graph[key] for key in needed}
