"""One worker as a child process."""

from __future__ import annotations

from typing import Any, Dict, Optional, Tuple

from scaler.cluster.environment import worker_environment
from scaler.cluster.program import RoleProcess
from scaler.cluster.words import logging_words, option, worker_words
from scaler.config import defaults
from scaler.config.common.logging import LoggingConfig
from scaler.config.common.worker import WorkerConfig
from scaler.utility.identifiers import WorkerID


class Worker(RoleProcess):
    """start() it; terminate() lets it say goodbye."""

    def __init__(
        self,
        name: str,
        address: Any,  # the scheduler's: text or an AddressConfig
        object_storage_address: Any = None,  # None: what the scheduler says
        preload: Optional[str] = None,
        capabilities: Optional[Dict[str, int]] = None,
        io_threads: int = defaults.DEFAULT_IO_THREADS,
        task_queue_size: int = defaults.DEFAULT_PER_WORKER_QUEUE_SIZE,
        heartbeat_interval_seconds: int = defaults.DEFAULT_HEARTBEAT_INTERVAL_SECONDS,
        task_timeout_seconds: int = defaults.DEFAULT_TASK_TIMEOUT_SECONDS,
        death_timeout_seconds: int = defaults.DEFAULT_WORKER_DEATH_TIMEOUT,
        garbage_collect_interval_seconds: int = defaults.DEFAULT_GARBAGE_COLLECT_INTERVAL_SECONDS,
        trim_memory_threshold_bytes: int = defaults.DEFAULT_TRIM_MEMORY_THRESHOLD_BYTES,
        hard_processor_suspend: bool = defaults.DEFAULT_HARD_PROCESSOR_SUSPEND,
        event_loop: str = "builtin",
        logging_paths: Tuple[str, ...] = defaults.DEFAULT_LOGGING_PATHS,
        logging_level: str = defaults.DEFAULT_LOGGING_LEVEL,
        worker_manager_id: bytes = b"",
        logging_config_file: Optional[str] = None,
    ) -> None:
        self.identity = WorkerID.generate_worker_id(name)
        config = WorkerConfig.of_arguments(
            locals(), per_worker_capabilities=capabilities, per_worker_task_queue_size=task_queue_size
        )
        environment_words, environment = worker_environment()
        words = ["worker", str(address), "--worker-id", self.identity.decode()]
        words += option("--object-storage-address", object_storage_address)
        words += ["--worker-manager-id", worker_manager_id.decode() or "none"]
        words += worker_words(config) + environment_words
        words += logging_words(LoggingConfig(logging_paths, logging_config_file, logging_level))
        super().__init__("Worker", words, environment)
