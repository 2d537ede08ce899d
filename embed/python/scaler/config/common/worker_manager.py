"""What every kind of worker manager is told."""

from __future__ import annotations

import dataclasses
from typing import Optional, Union

from scaler.config import defaults
from scaler.config.types.address import AddressConfig
from scaler.config.types.object_storage_server import ObjectStorageAddressConfig


@dataclasses.dataclass
class WorkerManagerConfig:
    scheduler_address: AddressConfig
    worker_manager_id: str  # unique in its scheduler
    worker_scheduler_address: Optional[AddressConfig] = None  # as workers see it
    object_storage_address: Optional[Union[ObjectStorageAddressConfig, AddressConfig]] = None
    max_task_concurrency: int = defaults.DEFAULT_MAX_TASK_CONCURRENCY  # workers; -1: no limit

    def __post_init__(self) -> None:
        if not self.worker_manager_id:
            raise ValueError("a worker manager needs a worker_manager_id")
        if self.max_task_concurrency < -1:
            raise ValueError(f"max_task_concurrency is at least -1 (no limit), not {self.max_task_concurrency}")

    @property
    def effective_worker_scheduler_address(self) -> AddressConfig:
        return self.worker_scheduler_address or self.scheduler_address
