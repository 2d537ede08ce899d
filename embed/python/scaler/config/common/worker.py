"""What all workers of a manager have in common."""

from __future__ import annotations

import dataclasses
from typing import Any, Mapping, Optional

from scaler.config import defaults
from scaler.config.types.worker import WorkerCapabilities

_POSITIVE = (
    "per_worker_task_queue_size",
    "heartbeat_interval_seconds",
    "death_timeout_seconds",
    "garbage_collect_interval_seconds",
    "io_threads",
)
_NOT_NEGATIVE = ("task_timeout_seconds", "trim_memory_threshold_bytes")


@dataclasses.dataclass
class WorkerConfig:
    per_worker_capabilities: WorkerCapabilities = dataclasses.field(default_factory=WorkerCapabilities)
    per_worker_task_queue_size: int = defaults.DEFAULT_PER_WORKER_QUEUE_SIZE  # tasks
    heartbeat_interval_seconds: int = defaults.DEFAULT_HEARTBEAT_INTERVAL_SECONDS
    task_timeout_seconds: int = defaults.DEFAULT_TASK_TIMEOUT_SECONDS  # 0: never
    death_timeout_seconds: int = defaults.DEFAULT_WORKER_DEATH_TIMEOUT
    garbage_collect_interval_seconds: int = defaults.DEFAULT_GARBAGE_COLLECT_INTERVAL_SECONDS
    trim_memory_threshold_bytes: int = defaults.DEFAULT_TRIM_MEMORY_THRESHOLD_BYTES
    hard_processor_suspend: bool = defaults.DEFAULT_HARD_PROCESSOR_SUSPEND
    io_threads: int = defaults.DEFAULT_IO_THREADS
    event_loop: str = "builtin"
    preload: Optional[str] = None  # such as "package.module:function(1, x=2)"

    @classmethod
    def of_arguments(cls, arguments: Mapping[str, Any], **renamed: Any) -> WorkerConfig:
        """From a constructor's arguments, those that are no field left out; `renamed` are fields that it calls otherwise."""
        names = {field.name for field in dataclasses.fields(cls)}
        values = {name: value for name, value in {**arguments, **renamed}.items() if name in names}
        values["per_worker_capabilities"] = WorkerCapabilities(dict(values["per_worker_capabilities"] or {}))
        return cls(**values)

    def __post_init__(self) -> None:
        for name in _POSITIVE:
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} must be positive, not {getattr(self, name)}")
        for name in _NOT_NEGATIVE:
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must not be negative, and is {getattr(self, name)}")
