import pickle
import re
import subprocess
import sys
import unittest
from pathlib import Path

import cloudpickle
import scaler
from scaler.client.object_reference import ObjectReference
from scaler.client.serializer.default import DefaultSerializer
from scaler.client.serializer.mixins import Serializer
from scaler.utility.identifiers import ClientID, ObjectID, TaskID, WorkerID


class Package(unittest.TestCase):
    """What pickles of clients name, as far as no native module is needed."""

    def test_its_version_is_the_programs(self):
        project = (Path(__file__).parents[3] / "CMakeLists.txt").read_text()
        self.assertEqual(re.search(r"project\(scaler VERSION ([\d.]+)", project)[1], scaler.__version__)

    def test_its_public_names_are_known_before_they_are_imported(self):
        for name in ("Client", "ScalerFuture", "Serializer", "Scheduler", "SchedulerClusterCombo"):
            self.assertIn(name, scaler.__all__)
            self.assertIn(name, dir(scaler))
        self.assertIs(scaler.Serializer, Serializer)
        with self.assertRaises(AttributeError):
            scaler.no_such_name

    def test_importing_it_imports_nothing_that_takes_time(self):
        code = "import scaler, sys; print([m for m in sys.modules if m in ('cloudpickle', 'asyncio', 'logging', 'inspect')])"
        said = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, text=True, check=True).stdout
        self.assertEqual(said.strip(), "[]")

    def test_the_default_serializer_pickles_to_the_bytes_that_clients_send(self):
        payload = cloudpickle.dumps(DefaultSerializer(), protocol=5)
        self.assertEqual(len(payload), 72)
        loaded = pickle.loads(payload)
        self.assertIsInstance(loaded, Serializer)
        self.assertEqual(loaded.deserialize(loaded.serialize(lambda: 5))(), 5)

    def test_identifiers_are_bytes_that_survive_pickling_with_their_type(self):
        client = ClientID.generate_client_id()
        for one in (client, TaskID.generate_task_id(), WorkerID.generate_worker_id("w"), ObjectID.generate_object_id(client)):
            again = pickle.loads(pickle.dumps(one, 5))
            self.assertEqual((again, type(again)), (one, type(one)))
        self.assertEqual(repr(ClientID(b"Client|0")), "ClientID(Client|0)")
        self.assertEqual(repr(TaskID(b"\x01\xff")), "TaskID(01ff)")

    def test_an_object_id_knows_its_owner(self):
        mine, other = ClientID(b"Client|1"), ClientID(b"Client|2")
        serializer = ObjectID.generate_serializer_object_id(mine)
        self.assertTrue(serializer.is_serializer() and serializer.is_owner(mine))
        self.assertFalse(serializer.is_owner(other))
        self.assertEqual(serializer.object_tag().hex()[:8], "84f6fb7c")
        with self.assertRaises(ValueError):
            ObjectID(b"short")

    def test_references_are_equal_by_their_object(self):
        object_id = ObjectID(bytes(32))
        reference = ObjectReference(b"n", 3, object_id)
        self.assertEqual(reference, ObjectReference(b"other", 9, object_id))
        self.assertEqual(pickle.loads(pickle.dumps(reference)).size, 3)
        self.assertIn("size=3 bytes", repr(reference))


if __name__ == "__main__":
    unittest.main()
