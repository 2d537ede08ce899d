"""The parts of the standard module graphlib that Python 3.8 does not have, under the same contract."""

from __future__ import annotations

from typing import Any, Dict, Iterable, List, Mapping, Optional, Set, Tuple


class CycleError(ValueError):
    """args[1] is a cycle, its first node again at its end."""


class TopologicalSorter:
    """Nodes in an order in which each comes after all its predecessors."""

    def __init__(self, graph: Optional[Mapping[Any, Iterable[Any]]] = None) -> None:
        self._predecessors: Dict[Any, Set[Any]] = {}
        self._successors: Dict[Any, List[Any]] = {}
        self._open: Optional[Dict[Any, int]] = None  # once prepared: how many predecessors are not done
        self._ready: List[Any] = []
        self._passed_out: Set[Any] = set()
        self._done = 0
        for node, predecessors in (graph or {}).items():
            self.add(node, *predecessors)

    def add(self, node: Any, *predecessors: Any) -> None:
        if self._open is not None:
            raise ValueError("Nodes cannot be added after a call to prepare()")
        known = self._predecessors.setdefault(node, set())
        self._successors.setdefault(node, [])
        for predecessor in predecessors:
            self._predecessors.setdefault(predecessor, set())
            followers = self._successors.setdefault(predecessor, [])
            if predecessor not in known:
                known.add(predecessor)
                followers.append(node)

    def prepare(self) -> None:
        if self._open is not None:
            raise ValueError("cannot prepare() more than once")
        self._open = {node: len(before) for node, before in self._predecessors.items()}
        self._ready = [node for node, count in self._open.items() if count == 0]
        cycle = self._find_cycle()
        if cycle:
            raise CycleError("nodes are in a cycle", cycle)

    def get_ready(self) -> Tuple[Any, ...]:
        self._check_prepared()
        ready = tuple(self._ready)
        self._ready = []
        self._passed_out.update(ready)
        return ready

    def is_active(self) -> bool:
        self._check_prepared()
        return bool(self._ready) or self._done < len(self._passed_out)

    def __bool__(self) -> bool:
        return self.is_active()

    def done(self, *nodes: Any) -> None:
        self._check_prepared()
        assert self._open is not None
        for node in nodes:
            if node not in self._passed_out or self._open[node] < 0:
                raise ValueError(f"node {node!r} was not passed out (still not ready), or is done already")
            self._open[node] = -1
            self._done += 1
            for follower in self._successors[node]:
                self._open[follower] -= 1
                if self._open[follower] == 0:
                    self._ready.append(follower)

    def static_order(self) -> Iterable[Any]:
        self.prepare()
        while self.is_active():
            nodes = self.get_ready()
            yield from nodes
            self.done(*nodes)

    def _check_prepared(self) -> None:
        if self._open is None:
            raise ValueError("prepare() must be called first")

    def _find_cycle(self) -> List[Any]:
        """Takes away what has no predecessors left; whatever stays lies on a cycle or behind one."""
        left = {node: len(before) for node, before in self._predecessors.items()}
        free = [node for node, count in left.items() if count == 0]
        while free:
            node = free.pop()
            del left[node]
            for follower in self._successors[node]:
                left[follower] -= 1
                if left[follower] == 0:
                    free.append(follower)
        if not left:
            return []
        path: List[Any] = []
        place: Dict[Any, int] = {}
        node = next(iter(left))
        while node not in place:  # backwards: everything left has a predecessor that is left
            place[node] = len(path)
            path.append(node)
            node = next(before for before in self._predecessors[node] if before in left)
        return [node, *reversed(path[place[node] :])]
