"""A whole cluster on this machine, for as long as this process wants it."""

from __future__ import annotations

import logging
import operator
import weakref
from typing import Any, Callable, Dict, List, Optional, Tuple, Union

from scaler.cluster.object_storage_server import ObjectStorageServerProcess
from scaler.cluster.program import RoleFailedError, RoleProcess
from scaler.cluster.scheduler import SchedulerProcess
from scaler.config import defaults
from scaler.config.common.logging import LoggingConfig
from scaler.config.common.security import SecurityConfig
from scaler.config.common.worker import WorkerConfig
from scaler.config.common.worker_manager import WorkerManagerConfig
from scaler.config.section.native_worker_manager import NativeWorkerManagerConfig, NativeWorkerManagerMode
from scaler.config.section.scheduler import PolicyConfig
from scaler.config.types.address import AddressConfig, SocketType
from scaler.config.types.object_storage_server import ObjectStorageAddressConfig
from scaler.config.types.zmq import ZMQConfig, ZMQType
from scaler.utility.network_util import get_available_tcp_port
from scaler.worker_manager_adapter.baremetal.native import NativeWorkerManager

_StorageAddress = Union[ObjectStorageAddressConfig, AddressConfig]
_ENCRYPTED = (SocketType.tls, SocketType.wss)
_EXIT_CODE_MISUSED = 2
_combos: "weakref.WeakSet[SchedulerClusterCombo]" = weakref.WeakSet()
_ATTEMPTS = 5  # to find free ports: somebody may take one between our look and our listening


class SchedulerClusterCombo:
    """Object storage, a scheduler and `n_workers` workers as child processes.

    It returns when storage and scheduler serve; workers join within some hundredths of a second, and tasks wait for
    them. Everything ends with shutdown(), with the last reference, or with this process, however that ends.

    :param n_workers: how many processes run tasks; 0 is allowed.
    :param address: where the scheduler listens, as ``tcp://127.0.0.1:6378``; without one, at a free port of this machine.
        So for `object_storage_address`; `monitor_address` is the scheduler's port + 2 without one.
    :param per_worker_capabilities: what each worker offers, as ``{"gpu": 1}``.
    :param max_number_of_tasks_waiting: further tasks fail at once; -1: no limit.
    :param heartbeat_interval_seconds: how often workers say that they live.
    :param client_timeout_seconds: a client that was not heard of for so long is gone, and its tasks with it.
    :param worker_timeout_seconds: a worker that was not heard of for so long is gone, and its tasks run elsewhere.
    :param object_retention_seconds: how long the objects of a client that is gone are kept.
    :param task_timeout_seconds: a task that runs for longer is ended; 0: never.
    :param death_timeout_seconds: a worker without a scheduler for so long ends.
    :param load_balance_seconds: how often tasks that have not started are moved to idle workers;
        `load_balance_trigger_times`: after so many times with the same need.
    :param garbage_collect_interval_seconds: how often workers collect garbage; they return memory to the system above
        `trim_memory_threshold_bytes`.
    :param per_worker_task_queue_size: most tasks that wait at a worker; `per_worker_queue_size` is its older name.
    :param hard_processor_suspend: stop the process of a task that waits for others, not only its main thread.
    :param protected: no client may shut the cluster down.
    :param scaler_policy: how tasks find workers, a PolicyConfig; `allocate_policy` is its older form.
    :param logging_paths: files for the log of all roles; ``("/dev/null",)`` for none.
    :param logging_level: one of CRITICAL, ERROR, WARNING, INFO, DEBUG; `logging_config_file` is a logging.conf instead.
    :param worker_manager_id: what monitors call the manager of the workers.
    :param security_config: certificate and key, for ``tls://`` and ``wss://`` addresses.
    :param preload: what each worker calls before its first task, as ``"package.module:function(1)"``.

    `worker_io_threads`, `scheduler_io_threads` and `event_loop` are accepted and have no effect.

    :raises ValueError: a parameter is wrong.
    :raises RoleFailedError: a process could not start; its own log line says why.
    :raises ProgramNotFoundError: the native program is not there.

    >>> with SchedulerClusterCombo(n_workers=4) as cluster, Client(cluster.get_address()) as client:  # doctest: +SKIP
    ...     client.map(abs, [-1, 2])
    [1, 2]
    """

    def __init__(
        self,
        n_workers: int,
        address: Optional[str] = None,
        object_storage_address: Optional[str] = None,
        monitor_address: Optional[str] = None,
        per_worker_capabilities: Optional[Dict[str, int]] = None,
        worker_io_threads: int = defaults.DEFAULT_IO_THREADS,
        scheduler_io_threads: int = defaults.DEFAULT_IO_THREADS,
        max_number_of_tasks_waiting: int = defaults.DEFAULT_MAX_NUMBER_OF_TASKS_WAITING,
        heartbeat_interval_seconds: int = defaults.DEFAULT_HEARTBEAT_INTERVAL_SECONDS,
        client_timeout_seconds: int = defaults.DEFAULT_CLIENT_TIMEOUT_SECONDS,
        worker_timeout_seconds: int = defaults.DEFAULT_WORKER_TIMEOUT_SECONDS,
        object_retention_seconds: int = defaults.DEFAULT_OBJECT_RETENTION_SECONDS,
        task_timeout_seconds: int = defaults.DEFAULT_TASK_TIMEOUT_SECONDS,
        death_timeout_seconds: int = defaults.DEFAULT_WORKER_DEATH_TIMEOUT,
        load_balance_seconds: int = defaults.DEFAULT_LOAD_BALANCE_SECONDS,
        load_balance_trigger_times: int = defaults.DEFAULT_LOAD_BALANCE_TRIGGER_TIMES,
        garbage_collect_interval_seconds: int = defaults.DEFAULT_GARBAGE_COLLECT_INTERVAL_SECONDS,
        trim_memory_threshold_bytes: int = defaults.DEFAULT_TRIM_MEMORY_THRESHOLD_BYTES,
        per_worker_task_queue_size: int = defaults.DEFAULT_PER_WORKER_QUEUE_SIZE,
        hard_processor_suspend: bool = defaults.DEFAULT_HARD_PROCESSOR_SUSPEND,
        protected: bool = True,
        scaler_policy: Optional[PolicyConfig] = None,
        event_loop: str = "builtin",
        logging_paths: Tuple[str, ...] = defaults.DEFAULT_LOGGING_PATHS,
        logging_level: str = defaults.DEFAULT_LOGGING_LEVEL,
        logging_config_file: Optional[str] = None,
        worker_manager_id: str = "combo",
        security_config: Optional[SecurityConfig] = None,
        *,
        preload: Optional[str] = None,
        allocate_policy: Any = None,
        per_worker_queue_size: Optional[int] = None,
    ) -> None:
        self._shutdown_called = True  # until there is something to shut down
        n_workers = _count_of_workers(n_workers)
        if not isinstance(scaler_policy, (PolicyConfig, type(None))):
            raise TypeError(f"scaler_policy is a PolicyConfig, not {scaler_policy!r}")
        logging_config = LoggingConfig(logging_paths, logging_config_file, logging_level)
        worker_config = WorkerConfig.of_arguments(
            locals(),
            per_worker_task_queue_size=per_worker_queue_size or per_worker_task_queue_size,
            io_threads=worker_io_threads,
        )

        def manager_of(scheduler: AddressConfig, storage: _StorageAddress) -> NativeWorkerManager:
            manager_config = WorkerManagerConfig(
                scheduler_address=scheduler,
                worker_manager_id=worker_manager_id,
                object_storage_address=storage,
                max_task_concurrency=n_workers,
            )
            mode = NativeWorkerManagerMode.FIXED
            return NativeWorkerManager(NativeWorkerManagerConfig(manager_config, worker_config, logging_config, mode))

        def scheduler_of(scheduler: AddressConfig, storage: _StorageAddress) -> SchedulerProcess:
            return SchedulerProcess(
                bind_address=scheduler,
                object_storage_address=storage,
                monitor_address=self._monitor_address,
                io_threads=scheduler_io_threads,
                max_number_of_tasks_waiting=max_number_of_tasks_waiting,
                client_timeout_seconds=client_timeout_seconds,
                worker_timeout_seconds=worker_timeout_seconds,
                object_retention_seconds=object_retention_seconds,
                load_balance_seconds=load_balance_seconds,
                load_balance_trigger_times=load_balance_trigger_times,
                protected=protected,
                policy=scaler_policy or _policy_of(allocate_policy),
                event_loop=event_loop,
                logging_paths=logging_paths,
                logging_config_file=logging_config_file,
                logging_level=logging_level,
                security_config=security_config,
            )

        self._security_config = security_config
        self._monitor_address = None if monitor_address is None else _address_of(monitor_address)
        self._start(address, object_storage_address, scheduler_of, manager_of, logging_config)
        _combos.add(self)
        logging.info("SchedulerClusterCombo: started at %s", self.get_address())

    # ---- life ----

    def get_address(self) -> str:
        """The scheduler's address, for Client(address=...).

        >>> cluster.get_address()  # doctest: +SKIP
        'tcp://127.0.0.1:40497'
        """
        return self._address.to_address()

    def shutdown(self) -> None:
        """Stops the workers, then the scheduler, then object storage, and waits for each. May be called again, after an
        interrupt too.

        >>> cluster.shutdown()  # doctest: +SKIP
        """
        if self._shutdown_called:
            return
        logging.info("SchedulerClusterCombo: shuts down %s", self.get_address())
        for role in self._roles():
            role.stop()
        self._shutdown_called = True

    def __enter__(self) -> SchedulerClusterCombo:
        return self

    def __exit__(self, *exception: Any) -> None:
        self.shutdown()

    def __del__(self) -> None:
        if not getattr(self, "_shutdown_called", True):
            self.shutdown()

    def __repr__(self) -> str:
        state = "stopped" if self._shutdown_called else "runs"
        return f"<SchedulerClusterCombo {self.get_address()}, {state}>"

    # ---- parts ----

    def _start(
        self,
        address: Optional[str],
        storage: Optional[str],
        scheduler_of: Callable[[AddressConfig, _StorageAddress], SchedulerProcess],
        manager_of: Callable[[AddressConfig, _StorageAddress], NativeWorkerManager],
        logging_config: LoggingConfig,
    ) -> None:
        attempts = 1 if address is not None and storage is not None else _ATTEMPTS
        for attempt in range(attempts):
            self._address = _address_of(address or _free_address())
            self._object_storage_address = _beside(self._address) if storage is None else _storage_address_of(storage)
            self._object_storage = ObjectStorageServerProcess(
                self._object_storage_address,
                logging_config.paths,
                logging_config.level,
                logging_config.config_file,
                self._security_config,
            )
            self._scheduler = scheduler_of(self._address, self._object_storage_address)
            self._worker_manager = manager_of(self._address, self._object_storage_address)
            self._worker_manager_process = self._worker_manager.process()
            try:
                self._start_roles()
                return
            except RoleFailedError:
                if attempt + 1 == attempts or self._is_misused():
                    raise

    def _is_misused(self) -> bool:
        """Whether a role ended because of what it was told: another port would not help."""
        return any(role.exitcode == _EXIT_CODE_MISUSED for role in self._roles())

    def _start_roles(self) -> None:
        self._shutdown_called = False
        try:
            self._object_storage.start()
            self._scheduler.start()
            self._worker_manager_process.start()
            self._object_storage.wait_until_ready()
            self._scheduler.wait_until_ready()
            self._worker_manager_process.wait_until_ready()
        except BaseException:
            self._shutdown_called = True
            for role in self._roles():
                role.stop()
            raise

    def _roles(self) -> List[RoleProcess]:
        """In the order in which they stop."""
        return [self._worker_manager_process, self._scheduler, self._object_storage]


def end_of_workers(address: str) -> Optional[str]:
    """How the manager of the workers failed, if one of this process's clusters has this address and lost it. A manager
    of no workers ends well."""
    for combo in list(_combos):
        code = combo._worker_manager_process.exitcode
        if combo.get_address() == address and not combo._shutdown_called and code:
            return f"exit code {code}" if code >= 0 else f"signal {-code}"
    return None


def _count_of_workers(given: Any) -> int:
    try:
        count = operator.index(given)
    except TypeError:
        raise TypeError(f"n_workers is a whole number, not {given!r}") from None
    if count < 0:
        raise ValueError(f"n_workers is 0 or more, not {count}")
    return count


def _address_of(text: str) -> AddressConfig:
    """Of the older type where that knows the scheme."""
    address = AddressConfig.from_string(text)
    return ZMQConfig.from_string(text) if address.type.value in ZMQType.allowed_types() else address


def _storage_address_of(text: str) -> _StorageAddress:
    address = AddressConfig.from_string(text)
    return address if address.type in _ENCRYPTED else ObjectStorageAddressConfig.from_string(text)


def _beside(scheduler: AddressConfig) -> _StorageAddress:
    """A free port of the same host, encrypted if the scheduler is."""
    if scheduler.type.value == SocketType.ipc.value:
        return ObjectStorageAddressConfig("127.0.0.1", get_available_tcp_port())
    port = get_available_tcp_port(scheduler.host)
    if scheduler.type in _ENCRYPTED:
        return AddressConfig(scheduler.type, scheduler.host, port)
    return ObjectStorageAddressConfig(scheduler.host, port)


def _free_address() -> str:
    return f"tcp://127.0.0.1:{get_available_tcp_port()}"


def _policy_of(allocate_policy: Any) -> PolicyConfig:
    """From the parameter of releases up to 1.12: a text or an enumerator called even, capability or capabilities."""
    name = str(getattr(allocate_policy, "name", allocate_policy or "even"))
    allocate = "capability" if name.startswith("capabilit") else "even_load"
    return PolicyConfig(policy_content=f"allocate={allocate}; scaling=vanilla")
