import gc
import pickle
import sys
import threading
import types
import unittest

import cloudpickle

from scaler.client.serializer.default import DefaultSerializer
from scaler_runtime import context
from support import CLIENT, DEFAULT, SERIALIZER_ID, Env


class TaggedSerializer:
    """Marks its bytes, and insists on bytes to read."""

    def serialize(self, obj):
        return bytearray(b"T" + pickle.dumps(obj))

    def deserialize(self, payload):
        if type(payload) is not bytes or payload[0:1] != b"T":
            raise TypeError(f"not tagged bytes: {type(payload)}")
        return pickle.loads(payload[1:])


def add(a, b):
    return a + b


class Tasks(unittest.TestCase):
    def test_a_task_gets_its_arguments_in_order(self):
        self.assertEqual(Env().result(lambda a, b, c: (a, b, c), 1, "two", [3]), (1, "two", [3]))

    def test_results_of_every_plain_type_come_back_equal(self):
        for value in (None, True, 7, 1.5, 2j, "text", b"bytes"):
            self.assertEqual(Env().result(lambda v: v, value), value)

    def test_a_result_that_only_cloudpickle_can_pickle_comes_back(self):
        self.assertEqual(Env().result(lambda n: (lambda m: n + m), 3)(4), 7)

    def test_large_buffers_of_a_result_are_not_copied(self):
        large = b"x" * 1_000_000
        for value in (large, {"a": [1, large], "b": bytearray(large)}, "y" * 1_000_000):
            failed, payload, text = Env().run(lambda v: v, value)
            self.assertFalse(failed, text)
            self.assertIsInstance(payload, list)
            self.assertEqual(pickle.loads(b"".join(payload)), value)
        env = Env()
        function = env.give_value(lambda: None)
        env.runner._objects._loaded[function] = lambda: large
        failed, payload, text = env.run_ids(function)
        self.assertTrue(any(part is large for part in payload), [type(part) for part in payload])

    def test_what_the_pickler_made_lives_as_long_as_the_payload(self):
        class Large:
            def __reduce__(self):
                return bytes.decode, (bytes(b"z" * 1_000_000), "ascii")  # nobody else holds these bytes

        failed, payload, text = Env().run(lambda: Large())
        self.assertFalse(failed, text)
        gc.collect()
        self.assertEqual(pickle.loads(b"".join(payload)), "z" * 1_000_000)

    def test_a_result_of_very_many_pieces_is_joined(self):
        value = [b"x" * 70_000] * 1 + [bytes([i % 256]) * 70_000 for i in range(1200)]
        failed, payload, text = Env().run(lambda: value)
        self.assertFalse(failed, text)
        self.assertIsInstance(payload, bytes)
        self.assertEqual(pickle.loads(payload), value)

    def test_a_custom_serializer_reads_bytes_and_writes_the_result(self):
        env = Env(serializer=cloudpickle.dumps(TaggedSerializer()))
        serializer = TaggedSerializer()
        function, three = env.give(bytes(serializer.serialize(add))), env.give(memoryview(serializer.serialize(3)))
        failed, payload, text = env.run_ids(function, three, three)
        self.assertFalse(failed, text)
        self.assertEqual(serializer.deserialize(bytes(payload)), 6)

    def test_a_serializer_that_returns_no_bytes_fails_the_task(self):
        class Textual(TaggedSerializer):
            def serialize(self, obj):
                return "text"

        env = Env(serializer=cloudpickle.dumps(Textual()))
        tagged = TaggedSerializer().serialize
        failed, payload, _ = env.run_ids(env.give(tagged(add)), env.give(tagged(1)), env.give(tagged(2)))
        self.assertTrue(failed)
        self.assertIsInstance(pickle.loads(payload), TypeError)

    def test_a_serializer_derived_from_the_default_one_is_itself(self):
        class Tagged(DefaultSerializer):
            @staticmethod
            def serialize(obj):
                return b"T" + DefaultSerializer.serialize(obj)

            @staticmethod
            def deserialize(payload):
                return DefaultSerializer.deserialize(payload[1:])

        env = Env(serializer=cloudpickle.dumps(Tagged()))
        failed, payload, text = env.run_ids(env.give(Tagged.serialize(add)), *[env.give(Tagged.serialize(2))] * 2)
        self.assertFalse(failed, text)
        self.assertEqual(Tagged.deserialize(payload), 4)

    def test_a_newer_serializer_of_a_client_replaces_the_older(self):
        env = Env(serializer=b"garbage")
        self.assertIn("failed to deserialize the client's serializer", str(env.error(abs, -1)))
        env.runner.give_serializer(SERIALIZER_ID, CLIENT, DEFAULT)
        self.assertEqual(env.result(abs, -1), 1)

    def test_a_serializer_is_forgotten_under_its_object_id(self):
        env = Env()
        self.assertEqual(env.result(abs, -1), 1)
        env.runner.forget([SERIALIZER_ID])
        self.assertIn("no serializer of this client", str(env.error(abs, -1)))
        env.runner.give_serializer(SERIALIZER_ID, CLIENT, DEFAULT)
        self.assertEqual(env.result(abs, -1), 1)

    def test_an_object_is_shared_by_later_tasks_and_forgotten_on_demand(self):
        env = Env()
        append, items = env.give_value(lambda items: items.append(1) or len(items)), env.give_value([])
        self.assertEqual([pickle.loads(env.run_ids(append, items)[1]) for _ in range(3)], [1, 2, 3])
        env.runner.forget([items])
        failed, payload, text = env.run_ids(append, items)
        self.assertTrue(failed)
        self.assertIn("was not given", text)
        self.assertIs(type(pickle.loads(payload)), RuntimeError)  # a client has no module of ours

    def test_an_object_given_again_replaces_what_was_loaded(self):
        env = Env()
        number = env.give_value(1)
        identity = env.give_value(lambda v: v)
        env.run_ids(identity, number)
        env.runner.give_object(number, cloudpickle.dumps(2))
        self.assertEqual(pickle.loads(env.run_ids(identity, number)[1]), 2)

    def test_what_cannot_be_unpickled_fails_every_task_that_needs_it(self):
        env = Env()
        broken, identity = env.give(b"cno.such.module\nname\n."), env.give_value(lambda v: v)
        for _ in range(2):
            failed, payload, _ = env.run_ids(identity, broken)
            self.assertTrue(failed)
            error = pickle.loads(payload)
            self.assertEqual(type(error).__name__, "DeserializeObjectError")
            self.assertIn("No module named 'no'", str(error))
            self.assertIn("in Python 3.", str(error))

    def test_tasks_run_in_the_main_thread(self):
        self.assertTrue(Env().result(lambda: threading.current_thread() is threading.main_thread()))


class FakeClient:
    """Stands for the package's Client, as far as sharing one asks for it."""

    made = 0

    def __setstate__(self, state):
        type(self).made += 1
        self._stop_event = threading.Event()
        self.address = state["address"]


class Clients(unittest.TestCase):
    def setUp(self):
        FakeClient.made = 0
        FakeClient.__module__, FakeClient.__qualname__, FakeClient.__name__ = "scaler.client.client", "Client", "Client"
        module = types.ModuleType("scaler.client.client")
        module.Client = FakeClient
        before = sys.modules.get("scaler.client.client")
        sys.modules["scaler.client.client"] = module
        self.addCleanup(sys.modules.pop if before is None else sys.modules.__setitem__, "scaler.client.client", before)
        self.env = Env()

    def give_client(self, address):
        client = FakeClient.__new__(FakeClient)
        client.__dict__["address"] = address
        return self.env.give(pickle.dumps(client))

    def run_with(self, function, client):
        failed, payload, text = self.env.run_ids(self.env.give_value(function), client)
        self.assertFalse(failed, text)
        return pickle.loads(payload)

    def test_a_client_that_comes_again_under_another_id_is_the_same_one(self):
        addresses = [self.run_with(lambda client: client.address, self.give_client(a)) for a in ("a", "a", "b", "a")]
        self.assertEqual(addresses, ["a", "a", "b", "a"])
        self.assertEqual(FakeClient.made, 2)

    def test_a_client_that_a_task_disconnected_is_not_given_again(self):
        self.run_with(lambda client: client._stop_event.set(), self.give_client("a"))
        self.assertFalse(self.run_with(lambda client: client._stop_event.is_set(), self.give_client("a")))
        self.assertEqual(FakeClient.made, 2)

    def test_a_forgotten_client_is_gone(self):
        first, second = self.give_client("a"), self.give_client("a")
        for client in (first, second):
            self.run_with(lambda client: None, client)
        self.env.runner.forget([first])
        self.run_with(lambda client: None, second)
        self.assertEqual(FakeClient.made, 1)
        self.env.runner.forget([second])
        self.assertEqual(len(self.env.runner._objects._clients), 0)


class Nested(unittest.TestCase):
    def test_a_task_sees_its_processor_and_a_finished_one_does_not(self):
        env = Env()

        def ask():
            from scaler.worker.agent.processor.processor import Processor

            processor = Processor.get_current_processor()
            address = processor.scheduler_address()
            return str(address), address.to_address(), processor.current_task().metadata

        address = "tcp://127.0.0.1:1234"
        self.assertEqual(env.result(ask, priority=5), (address, address, b"\x01\x00\x00\x00\x05\x00"))
        self.assertIsNone(context.current_processor())

    def test_threads_of_a_task_see_it_too(self):
        def ask():
            seen = []
            thread = threading.Thread(target=lambda: seen.append(context.current_processor().current_task().priority))
            thread.start()
            thread.join()
            return seen

        self.assertEqual(Env().result(ask, priority=2), [2])

    def test_an_installed_package_that_takes_addresses_apart_gets_one_of_its_own(self):
        class AddressConfig:  # as from 2.2 on; such clients ask for .host and .port
            @classmethod
            def from_string(cls, text):
                address = cls()
                address.host, address.port = text.removeprefix("tcp://").split(":")
                return address

        class Processor:
            pass

        def ask():
            return context.current_processor().scheduler_address()

        context.adopt(types.SimpleNamespace(Processor=Processor, AddressConfig=AddressConfig))
        try:
            address = Env().result(lambda: (lambda a: (a.host, a.port))(ask()))
            self.assertEqual(address, ("127.0.0.1", "1234"))
        finally:
            context.adopt(types.SimpleNamespace(Processor=Processor))
        self.assertEqual(Env().result(lambda: ask().to_address()), "tcp://127.0.0.1:1234")

    def test_the_installed_package_is_patched_when_it_is_imported_and_not_before(self):
        name = "scaler.worker.agent.processor.processor"
        sys.modules.pop(name, None)
        context.install_hook()
        try:
            self.assertNotIn(name, sys.modules)
            module = __import__(name, fromlist=["Processor"])
            self.assertIs(module.Processor.get_current_processor, context.current_processor)
            self.assertIn("class Processor", module.__loader__.get_source(name))
        finally:
            sys.meta_path[:] = [finder for finder in sys.meta_path if type(finder).__name__ != "_Hook"]
            sys.modules.pop(name, None)


if __name__ == "__main__":
    unittest.main()
