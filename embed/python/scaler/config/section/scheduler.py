"""The scheduler's options."""

from __future__ import annotations

import dataclasses
from typing import Optional

from scaler.config import defaults
from scaler.config.common.logging import LoggingConfig
from scaler.config.common.security import SecurityConfig
from scaler.config.types.address import AddressConfig
from scaler.config.types.object_storage_server import ObjectStorageAddressConfig


@dataclasses.dataclass
class PolicyConfig:
    """How tasks are placed and workers are scaled, such as "allocate=capability; scaling=no"."""

    policy_engine_type: str = "simple"
    policy_content: str = "allocate=even_load; scaling=vanilla"


@dataclasses.dataclass
class SchedulerConfig:
    bind_address: AddressConfig
    object_storage_address: Optional[ObjectStorageAddressConfig] = None  # None: the scheduler serves it itself
    advertised_object_storage_address: Optional[ObjectStorageAddressConfig] = None
    monitor_address: Optional[AddressConfig] = None  # None: the scheduler's port + 2
    protected: bool = False  # whether clients may not shut the cluster down
    max_number_of_tasks_waiting: int = defaults.DEFAULT_MAX_NUMBER_OF_TASKS_WAITING
    client_timeout_seconds: int = defaults.DEFAULT_CLIENT_TIMEOUT_SECONDS
    worker_timeout_seconds: int = defaults.DEFAULT_WORKER_TIMEOUT_SECONDS
    object_retention_seconds: int = defaults.DEFAULT_OBJECT_RETENTION_SECONDS
    load_balance_seconds: int = defaults.DEFAULT_LOAD_BALANCE_SECONDS
    load_balance_trigger_times: int = defaults.DEFAULT_LOAD_BALANCE_TRIGGER_TIMES
    event_loop: str = "builtin"
    io_threads: int = defaults.DEFAULT_IO_THREADS
    logging_config: LoggingConfig = dataclasses.field(default_factory=LoggingConfig)
    policy: PolicyConfig = dataclasses.field(default_factory=PolicyConfig)
    security: SecurityConfig = dataclasses.field(default_factory=SecurityConfig)  # tls and wss addresses need it

    def __post_init__(self) -> None:
        if self.max_number_of_tasks_waiting < -1:
            raise ValueError("max_number_of_tasks_waiting is at least -1 (no limit)")
        for name in ("client_timeout", "worker_timeout", "object_retention", "load_balance"):
            if getattr(self, name + "_seconds") <= 0:
                raise ValueError(f"{name}_seconds must be positive")
        if self.load_balance_trigger_times <= 0:
            raise ValueError("load_balance_trigger_times must be positive")
