"""Runs Python functions on many cores and machines.

>>> from scaler import Client  # doctest: +SKIP
>>> with Client(address="tcp://127.0.0.1:2345") as client:  # doctest: +SKIP
...     client.map(abs, [-1, 2])
[1, 2]
"""

from __future__ import annotations

import importlib

from scaler.about import __version__

TYPE_CHECKING = False  # typing's would double what importing this package costs
if TYPE_CHECKING:  # the same names as below, for editors and type checkers
    from typing import Any, List

    from scaler.client.client import Client
    from scaler.client.future import ScalerFuture
    from scaler.client.serializer.mixins import Serializer
    from scaler.cluster.combo import SchedulerClusterCombo
    from scaler.scheduler.scheduler import Scheduler

_MODULES = {
    "Client": "scaler.client.client",
    "ScalerFuture": "scaler.client.future",
    "Serializer": "scaler.client.serializer.mixins",
    "Scheduler": "scaler.scheduler.scheduler",
    "SchedulerClusterCombo": "scaler.cluster.combo",
}

__all__ = ["Client", "Scheduler", "SchedulerClusterCombo", "ScalerFuture", "Serializer", "__version__"]


def __getattr__(name: str) -> Any:
    module = _MODULES.get(name)
    if module is None:
        raise AttributeError(f"module 'scaler' has no attribute {name!r}")
    value = getattr(importlib.import_module(module), name)
    globals()[name] = value
    return value


def __dir__() -> List[str]:
    return sorted(set(globals()) | set(__all__))
