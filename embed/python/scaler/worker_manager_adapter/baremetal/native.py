"""The manager whose workers are processes of its own machine."""

from __future__ import annotations

import os
from typing import NoReturn

from scaler.cluster.environment import worker_environment
from scaler.cluster.program import RoleProcess, find_program
from scaler.cluster.words import manager_words
from scaler.config.section.native_worker_manager import NativeWorkerManagerConfig


class NativeWorkerManager:
    """A native program stands behind it: run() turns this process into that program, and process() is a child that
    runs it. Can be pickled, as a multiprocessing.Process(target=manager.run) wants it."""

    def __init__(self, config: NativeWorkerManagerConfig) -> None:
        manager, worker, logging = config.worker_manager_config, config.worker_config, config.logging_config
        self._config = config
        # Under these names, because published programs read them.
        self._address = manager.scheduler_address
        self._worker_scheduler_address = manager.effective_worker_scheduler_address
        self._object_storage_address = manager.object_storage_address
        self._capabilities = worker.per_worker_capabilities.capabilities
        self._worker_manager_id = manager.worker_manager_id.encode()
        self._max_task_concurrency = manager.max_task_concurrency
        self._io_threads = worker.io_threads
        self._task_queue_size = worker.per_worker_task_queue_size
        self._heartbeat_interval_seconds = worker.heartbeat_interval_seconds
        self._task_timeout_seconds = worker.task_timeout_seconds
        self._death_timeout_seconds = worker.death_timeout_seconds
        self._garbage_collect_interval_seconds = worker.garbage_collect_interval_seconds
        self._trim_memory_threshold_bytes = worker.trim_memory_threshold_bytes
        self._hard_processor_suspend = worker.hard_processor_suspend
        self._event_loop = worker.event_loop
        self._preload = worker.preload
        self._logging_paths = logging.paths
        self._logging_level = logging.level
        self._logging_config_file = logging.config_file
        self._mode = config.mode

    def run(self) -> NoReturn:
        """Manages workers until SIGTERM or SIGINT. Does not return: the process is replaced."""
        words, environment = worker_environment()
        program = find_program()
        os.execve(program, ["scaler", *manager_words(self._config), *words], {**os.environ, **environment})

    def process(self) -> RoleProcess:
        """The same in a child of this process, not yet started."""
        words, environment = worker_environment()
        return RoleProcess("WorkerManager", [*manager_words(self._config), *words], environment)
