"""Configurations as the words of the program's command line."""

from __future__ import annotations

from typing import Any, List, Optional, Sequence

from scaler.config.common.logging import LoggingConfig
from scaler.config.common.security import SecurityConfig
from scaler.config.common.worker import WorkerConfig
from scaler.config.section.native_worker_manager import NativeWorkerManagerConfig
from scaler.config.section.scheduler import SchedulerConfig


def option(name: str, value: Any) -> List[str]:
    """No words for None; a switch for True and none for False."""
    if value is None or value is False:
        return []
    return [name] if value is True else [name, str(value)]


def options_of(config: Any, names: Sequence[str]) -> List[str]:
    """Fields whose option bears their name."""
    return [word for name in names for word in option("--" + name.replace("_", "-"), getattr(config, name))]


def logging_words(config: LoggingConfig) -> List[str]:
    words = option("--logging-level", config.level) + option("--logging-config-file", config.config_file)
    paths = (config.paths,) if isinstance(config.paths, str) else tuple(config.paths)
    return [*words, "--logging-paths", *map(str, paths)] if paths else words


def security_words(config: Optional[SecurityConfig]) -> List[str]:
    return [] if config is None else option("--tls-cert", config.tls_cert) + option("--tls-key", config.tls_key)


def storage_words(address: Any, logging: LoggingConfig, security: Optional[SecurityConfig] = None) -> List[str]:
    return ["object_storage_server", str(address), *security_words(security), *logging_words(logging)]


def scheduler_words(config: SchedulerConfig) -> List[str]:
    names = (
        "object_storage_address",
        "advertised_object_storage_address",
        "monitor_address",
        "protected",
        "max_number_of_tasks_waiting",
        "client_timeout_seconds",
        "worker_timeout_seconds",
        "object_retention_seconds",
        "load_balance_seconds",
        "load_balance_trigger_times",
        "event_loop",
        "io_threads",
    )
    words = ["scheduler", str(config.bind_address), *options_of(config, names)]
    words += option("--policy-engine-type", config.policy.policy_engine_type)
    words += option("--policy-content", config.policy.policy_content)
    return words + security_words(config.security) + logging_words(config.logging_config)


def worker_words(config: WorkerConfig) -> List[str]:
    names = (
        "per_worker_task_queue_size",
        "heartbeat_interval_seconds",
        "task_timeout_seconds",
        "death_timeout_seconds",
        "garbage_collect_interval_seconds",
        "trim_memory_threshold_bytes",
        "hard_processor_suspend",
        "io_threads",
        "event_loop",
        "preload",
    )
    capabilities = option("--per-worker-capabilities", str(config.per_worker_capabilities) or None)
    return capabilities + options_of(config, names)


def manager_words(config: NativeWorkerManagerConfig) -> List[str]:
    manager = config.worker_manager_config
    names = ("worker_manager_id", "worker_scheduler_address", "object_storage_address", "max_task_concurrency")
    words = ["worker_manager", "baremetal_native", str(manager.scheduler_address), *options_of(manager, names)]
    words += ["--mode", config.mode.value] + option("--worker-type", config.worker_type)
    return words + worker_words(config.worker_config) + logging_words(config.logging_config)
