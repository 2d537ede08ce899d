"""A scheduler as a child process."""

from __future__ import annotations

from typing import Any, Optional, Tuple

from scaler.cluster.program import RoleProcess
from scaler.cluster.words import scheduler_words
from scaler.config import defaults
from scaler.config.common.logging import LoggingConfig
from scaler.config.common.security import SecurityConfig
from scaler.config.section.scheduler import PolicyConfig, SchedulerConfig
from scaler.scheduler.scheduler import Scheduler

__all__ = ["Scheduler", "SchedulerProcess"]


class SchedulerProcess(RoleProcess):
    """start() it, then wait_until_ready()."""

    def __init__(
        self,
        bind_address: Any,  # an AddressConfig
        object_storage_address: Any = None,  # None: the scheduler serves it itself
        advertised_object_storage_address: Any = None,
        monitor_address: Any = None,
        io_threads: int = defaults.DEFAULT_IO_THREADS,
        max_number_of_tasks_waiting: int = defaults.DEFAULT_MAX_NUMBER_OF_TASKS_WAITING,
        client_timeout_seconds: int = defaults.DEFAULT_CLIENT_TIMEOUT_SECONDS,
        worker_timeout_seconds: int = defaults.DEFAULT_WORKER_TIMEOUT_SECONDS,
        object_retention_seconds: int = defaults.DEFAULT_OBJECT_RETENTION_SECONDS,
        load_balance_seconds: int = defaults.DEFAULT_LOAD_BALANCE_SECONDS,
        load_balance_trigger_times: int = defaults.DEFAULT_LOAD_BALANCE_TRIGGER_TIMES,
        protected: bool = False,
        policy: Optional[PolicyConfig] = None,
        event_loop: str = "builtin",
        logging_paths: Tuple[str, ...] = defaults.DEFAULT_LOGGING_PATHS,
        logging_config_file: Optional[str] = None,
        logging_level: str = defaults.DEFAULT_LOGGING_LEVEL,
        security_config: Optional[SecurityConfig] = None,
    ) -> None:
        self._scheduler_config = SchedulerConfig(
            bind_address=bind_address,
            object_storage_address=object_storage_address,
            advertised_object_storage_address=advertised_object_storage_address,
            monitor_address=monitor_address,
            protected=protected,
            max_number_of_tasks_waiting=max_number_of_tasks_waiting,
            client_timeout_seconds=client_timeout_seconds,
            worker_timeout_seconds=worker_timeout_seconds,
            object_retention_seconds=object_retention_seconds,
            load_balance_seconds=load_balance_seconds,
            load_balance_trigger_times=load_balance_trigger_times,
            event_loop=event_loop,
            io_threads=io_threads,
            logging_config=LoggingConfig(logging_paths, logging_config_file, logging_level),
            policy=policy or PolicyConfig(),
            security=security_config or SecurityConfig(),
        )
        super().__init__("Scheduler", scheduler_words(self._scheduler_config))
