"""Every module path and name that programs of opengris-scaler import, and what importing costs."""

import importlib
import subprocess
import sys
import unittest

NAMES = {
    "scaler": "__version__ Serializer",
    "scaler.about": "__version__",
    "scaler.client.object_reference": "ObjectReference",
    "scaler.client.serializer.default": "DefaultSerializer",
    "scaler.client.serializer.mixins": "Serializer",
    "scaler.cluster.cluster": "Cluster",
    "scaler.cluster.combo": "SchedulerClusterCombo",
    "scaler.cluster.object_storage_server": "ObjectStorageServerProcess",
    "scaler.cluster.scheduler": "SchedulerProcess Scheduler",
    "scaler.config.common.logging": "LoggingConfig",
    "scaler.config.common.security": "SecurityConfig",
    "scaler.config.common.worker": "WorkerConfig",
    "scaler.config.common.worker_manager": "WorkerManagerConfig",
    "scaler.config.defaults": "DEFAULT_IO_THREADS DEFAULT_MAX_NUMBER_OF_TASKS_WAITING DEFAULT_WORKER_TIMEOUT_SECONDS "
    "DEFAULT_CLIENT_TIMEOUT_SECONDS DEFAULT_OBJECT_RETENTION_SECONDS DEFAULT_LOAD_BALANCE_SECONDS "
    "DEFAULT_LOAD_BALANCE_TRIGGER_TIMES DEFAULT_PER_WORKER_QUEUE_SIZE DEFAULT_MAX_TASK_CONCURRENCY "
    "DEFAULT_HEARTBEAT_INTERVAL_SECONDS DEFAULT_GARBAGE_COLLECT_INTERVAL_SECONDS DEFAULT_TRIM_MEMORY_THRESHOLD_BYTES "
    "DEFAULT_TASK_TIMEOUT_SECONDS DEFAULT_WORKER_DEATH_TIMEOUT DEFAULT_HARD_PROCESSOR_SUSPEND DEFAULT_LOGGING_LEVEL "
    "DEFAULT_LOGGING_PATHS DEFAULT_PROCESSOR_KILL_DELAY_SECONDS DEFAULT_WORKER_MANAGER_TIMEOUT_SECONDS",
    "scaler.config.section.native_worker_manager": "NativeWorkerManagerConfig NativeWorkerManagerMode",
    "scaler.config.section.scheduler": "PolicyConfig SchedulerConfig",
    "scaler.config.types.address": "AddressConfig SocketType",
    "scaler.config.types.object_storage_server": "ObjectStorageAddressConfig ObjectStorageConfig",
    "scaler.config.types.worker": "WorkerCapabilities WorkerNames",
    "scaler.config.types.zmq": "ZMQConfig ZMQType",
    "scaler.scheduler.scheduler": "Scheduler",
    "scaler.utility.debug": "pdb_wrapped",
    "scaler.utility.event_loop": "EventLoopType register_event_loop",
    "scaler.utility.exceptions": "TaskNotFoundError WorkerDiedError NoWorkerError DisconnectedError ProcessorDiedError "
    "DeserializeObjectError MissingObjects ClientCancelledException ClientShutdownException ClientQuitException "
    "ObjectStorageException CapnpDeserializationError TaskExceptionNotSerializableError",
    "scaler.utility.formatter": "format_bytes format_integer format_percentage format_microseconds format_seconds",
    "scaler.utility.graph.optimization": "cull_graph",
    "scaler.utility.graph.topological_sorter": "TopologicalSorter",
    "scaler.utility.identifiers": "ClientID WorkerID ProcessorID TaskID ObjectID",
    "scaler.utility.logging.decorators": "log_function",
    "scaler.utility.logging.scoped_logger": "ScopedLogger TimedLogger",
    "scaler.utility.logging.utility": "setup_logger get_logger_info LoggingLevel",
    "scaler.utility.metadata.profile_result": "ProfileResult",
    "scaler.utility.metadata.task_flags": "TaskFlags",
    "scaler.utility.network_util": "get_available_tcp_port",
    "scaler.worker.agent.processor.processor": "Processor",
    "scaler.worker.preload": "PreloadSpecError execute_preload _parse_preload_spec",
    "scaler.worker.worker": "Worker",
    "scaler.worker_manager_adapter.baremetal.native": "NativeWorkerManager",
}


class Names(unittest.TestCase):
    def test_every_documented_name_is_where_programs_look_for_it(self):
        for module, names in NAMES.items():
            for name in names.split():
                with self.subTest(f"{module}.{name}"):
                    self.assertTrue(hasattr(importlib.import_module(module), name))

    def test_importing_the_package_loads_nothing_that_it_may_not_need(self):
        program = "import sys; before = set(sys.modules); import scaler; print(*(set(sys.modules) - before))"
        done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
        loaded = {name for name in done.stdout.split() if not name.startswith("importlib")}
        self.assertLessEqual(loaded, {"scaler", "scaler.about", "__future__", "warnings"})


if __name__ == "__main__":
    unittest.main()
