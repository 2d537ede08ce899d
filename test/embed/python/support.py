"""Shared by the tests of scaler_runtime, which run under any Python 3.11 with cloudpickle and tblib."""

import pickle

import cloudpickle

from scaler_runtime import context, failures, run

CLIENT = b"Client|0123"
SERIALIZER_ID = b"s" * 32
DEFAULT = b"cscaler.client.serializer.default\nDefaultSerializer\n)R."

failures.install_traceback_pickling()


class Env:
    """A runner with a recorder in the agent's place. Payloads are made and read as a client does it."""

    def __init__(self, serializer=DEFAULT):
        self.said = []
        self.processor = context.CurrentProcessor("tcp://127.0.0.1:1234")
        context.set_processor(self.processor)
        self.runner = run.TaskRunner(lambda *output: self.said.append(output), self.processor)
        self.runner.give_serializer(SERIALIZER_ID, CLIENT, serializer)
        self._next = 0

    def give(self, payload):
        self._next += 1
        object_id = self._next.to_bytes(32, "big")
        self.runner.give_object(object_id, payload)
        return object_id

    def give_value(self, value):
        return self.give(cloudpickle.dumps(value))

    def run_ids(self, function, *arguments, priority=0, stream=False):
        return self.runner.run_task(b"t" * 16, CLIENT, priority, stream, function, list(arguments))

    def run(self, function, *arguments, **options):
        return self.run_ids(self.give_value(function), *map(self.give_value, arguments), **options)

    def result(self, function, *arguments, **options):
        failed, payload, text = self.run(function, *arguments, **options)
        if failed:
            raise AssertionError(text)
        return pickle.loads(payload if not isinstance(payload, list) else b"".join(payload))

    def error(self, function, *arguments, **options):
        failed, payload, _ = self.run(function, *arguments, **options)
        if not failed:
            raise AssertionError("the task did not fail")
        return pickle.loads(payload)
