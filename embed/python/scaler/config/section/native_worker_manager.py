"""The manager whose workers are processes of its own machine."""

from __future__ import annotations

import dataclasses
import enum
from typing import Optional

from scaler.config.common.logging import LoggingConfig
from scaler.config.common.worker import WorkerConfig
from scaler.config.common.worker_manager import WorkerManagerConfig


class NativeWorkerManagerMode(enum.Enum):
    DYNAMIC = "dynamic"  # as many workers as the scheduler asks for
    FIXED = "fixed"  # as many as allowed, from the start


@dataclasses.dataclass
class NativeWorkerManagerConfig:
    worker_manager_config: WorkerManagerConfig
    worker_config: WorkerConfig = dataclasses.field(default_factory=WorkerConfig)
    logging_config: LoggingConfig = dataclasses.field(default_factory=LoggingConfig)
    mode: NativeWorkerManagerMode = NativeWorkerManagerMode.DYNAMIC
    worker_type: Optional[str] = None  # middle part of the workers' ids; by default FIX or NAT

    def __post_init__(self) -> None:
        if self.mode is NativeWorkerManagerMode.FIXED and self.worker_manager_config.max_task_concurrency < 0:
            raise ValueError("in fixed mode max_task_concurrency is the number of workers: 0 or more")
