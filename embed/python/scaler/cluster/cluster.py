"""A fixed number of workers as one child process, as releases up to 1.12 have it."""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Tuple

from scaler.cluster.environment import worker_environment
from scaler.cluster.program import RoleProcess
from scaler.cluster.words import manager_words
from scaler.config.common.logging import LoggingConfig
from scaler.config.common.worker import WorkerConfig
from scaler.config.common.worker_manager import WorkerManagerConfig
from scaler.config.section.native_worker_manager import NativeWorkerManagerConfig, NativeWorkerManagerMode


class Cluster(RoleProcess):
    """One worker for each of `worker_names`. start() it; terminate() lets the workers say goodbye."""

    def __init__(
        self,
        address: Any,  # the scheduler's
        object_storage_address: Any,
        preload: Optional[str],
        worker_io_threads: int,
        worker_names: List[str],
        per_worker_capabilities: Dict[str, int],
        per_worker_task_queue_size: int,
        heartbeat_interval_seconds: int,
        task_timeout_seconds: int,
        death_timeout_seconds: int,
        garbage_collect_interval_seconds: int,
        trim_memory_threshold_bytes: int,
        hard_processor_suspend: bool,
        event_loop: str,
        logging_paths: Tuple[str, ...],
        logging_config_file: Optional[str],
        logging_level: str,
    ) -> None:
        self._worker_names = list(worker_names)
        worker_config = WorkerConfig.of_arguments(locals(), io_threads=worker_io_threads)
        manager_config = WorkerManagerConfig(
            scheduler_address=address,
            worker_manager_id="cluster",
            object_storage_address=object_storage_address,
            max_task_concurrency=len(self._worker_names),
        )
        logging_config = LoggingConfig(logging_paths, logging_config_file, logging_level)
        config = NativeWorkerManagerConfig(manager_config, worker_config, logging_config, NativeWorkerManagerMode.FIXED)
        words, environment = worker_environment()
        super().__init__("Cluster", [*manager_words(config), *words], environment)
