"""Configurations: their defaults, what they refuse, and the command lines they become."""

import unittest

from scaler.cluster.words import manager_words, scheduler_words
from scaler.config.common.logging import LoggingConfig
from scaler.config.common.security import SecurityConfig
from scaler.config.common.worker import WorkerConfig
from scaler.config.common.worker_manager import WorkerManagerConfig
from scaler.config.section.native_worker_manager import NativeWorkerManagerConfig, NativeWorkerManagerMode
from scaler.config.section.scheduler import PolicyConfig, SchedulerConfig
from scaler.config.types.address import AddressConfig, SocketType
from scaler.config.types.object_storage_server import ObjectStorageAddressConfig
from scaler.config.types.worker import WorkerCapabilities, WorkerNames
from scaler.config.types.zmq import ZMQConfig, ZMQType


class Addresses(unittest.TestCase):
    def test_an_address_and_its_text_are_the_same(self):
        for text in ("tcp://127.0.0.1:6378", "tls://host:1", "ipc:///tmp/socket", "inproc://name", "wss://host:2/path"):
            with self.subTest(text):
                self.assertEqual(AddressConfig.from_string(text).to_address(), text)
                self.assertEqual(str(AddressConfig.from_string(text)), text)
        address = ZMQConfig.from_string("tcp://[::1]:6378")
        self.assertEqual((address.type, address.host, address.port), (ZMQType.tcp, "[::1]", 6378))
        self.assertEqual(AddressConfig.from_string("ws://host:3").path, "/")

    def test_text_that_is_no_address_says_why(self):
        for text, why in {
            "127.0.0.1:6378": "not an address",
            "http://host:1": "inproc, ipc, tcp",
            "tcp://host": "no port",
            "tcp://:6378": "no port",
            "tcp://host:http": "'http'",
            "tcp://host:65536": "1 to 65535",
            "tcp://host:1/path": "ends with its port",
        }.items():
            with self.subTest(text), self.assertRaisesRegex(ValueError, why):
                AddressConfig.from_string(text)
        with self.assertRaisesRegex(ValueError, "tls"):
            ZMQConfig.from_string("tls://host:1")

    def test_parts_that_make_no_address_are_refused(self):
        with self.assertRaises(TypeError):
            AddressConfig("tcp", "host", 1)
        with self.assertRaises(ValueError):
            AddressConfig(SocketType.tcp, "host")
        with self.assertRaises(ValueError):
            AddressConfig(SocketType.ipc, "/tmp/x", 1)
        with self.assertRaises(TypeError):
            AddressConfig(SocketType.tcp, "host", "1")
        with self.assertRaises(ValueError):
            AddressConfig(SocketType.tcp, "host", 1, "/path")

    def test_object_storage_is_reached_by_tcp(self):
        self.assertEqual(ObjectStorageAddressConfig.from_string("tcp://10.0.0.1:5").to_string(), "tcp://10.0.0.1:5")
        self.assertEqual(ObjectStorageAddressConfig("h", 5).identity, "ObjectStorageServer")
        with self.assertRaisesRegex(ValueError, "tcp://HOST:PORT"):
            ObjectStorageAddressConfig.from_string("ipc:///tmp/x")


class Values(unittest.TestCase):
    def test_capabilities_are_read_from_text(self):
        capabilities = WorkerCapabilities.from_string("linux, cpu=4")
        self.assertEqual(capabilities.capabilities, {"linux": -1, "cpu": 4})
        self.assertEqual(str(capabilities), "linux,cpu=4")
        self.assertEqual(WorkerCapabilities.from_string("").capabilities, {})
        for text in ("cpu=many", "=4"):
            with self.subTest(text), self.assertRaises(ValueError):
                WorkerCapabilities.from_string(text)

    def test_worker_names_are_read_from_text(self):
        self.assertEqual(WorkerNames.from_string("a, b").names, ["a", "b"])
        self.assertEqual(len(WorkerNames.from_string("")), 0)

    def test_values_out_of_range_are_refused_by_name(self):
        with self.assertRaisesRegex(ValueError, "heartbeat_interval_seconds"):
            WorkerConfig(heartbeat_interval_seconds=0)
        with self.assertRaisesRegex(ValueError, "task_timeout_seconds"):
            WorkerConfig(task_timeout_seconds=-1)
        with self.assertRaisesRegex(ValueError, "tls_key"):
            SecurityConfig(tls_cert="cert.pem")
        with self.assertRaisesRegex(ValueError, "worker_timeout_seconds"):
            SchedulerConfig(ZMQConfig.from_string("tcp://h:1"), worker_timeout_seconds=0)
        with self.assertRaisesRegex(ValueError, "fixed"):
            manager = WorkerManagerConfig(ZMQConfig.from_string("tcp://h:1"), "id", max_task_concurrency=-1)
            NativeWorkerManagerConfig(manager, mode=NativeWorkerManagerMode.FIXED)


class Words(unittest.TestCase):
    def test_a_scheduler_is_told_what_its_configuration_says(self):
        words = scheduler_words(
            SchedulerConfig(
                ZMQConfig.from_string("tcp://h:1"),
                ObjectStorageAddressConfig("h", 2),
                protected=True,
                policy=PolicyConfig(policy_content="allocate=capability; scaling=no"),
                logging_config=LoggingConfig(("/dev/stdout", "log.txt")),
            )
        )
        self.assertEqual(words[:4], ["scheduler", "tcp://h:1", "--object-storage-address", "tcp://h:2"])
        self.assertIn("--protected", words)
        self.assertNotIn("--monitor-address", words)
        self.assertEqual(words[words.index("--policy-content") + 1], "allocate=capability; scaling=no")
        self.assertEqual(words[-3:], ["--logging-paths", "/dev/stdout", "log.txt"])

    def test_a_manager_passes_on_what_its_workers_have_in_common(self):
        manager = WorkerManagerConfig(ZMQConfig.from_string("tcp://h:1"), "wm", max_task_concurrency=3)
        worker = WorkerConfig(WorkerCapabilities({"gpu": 1}), hard_processor_suspend=True, preload="m:f")
        words = manager_words(NativeWorkerManagerConfig(manager, worker, mode=NativeWorkerManagerMode.FIXED))
        self.assertEqual(words[:3], ["worker_manager", "baremetal_native", "tcp://h:1"])
        for name, value in {
            "--worker-manager-id": "wm",
            "--max-task-concurrency": "3",
            "--mode": "fixed",
            "--per-worker-capabilities": "gpu=1",
            "--preload": "m:f",
        }.items():
            self.assertEqual(words[words.index(name) + 1], value, name)
        self.assertIn("--hard-processor-suspend", words)


if __name__ == "__main__":
    unittest.main()
