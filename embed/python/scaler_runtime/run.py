"""The task step: objects from payloads, the call, the result or the failure as a payload."""

import os
import platform
import sys
import weakref

from scaler_runtime import failures, pickled_code, serializers, streams
from scaler_runtime.context import CurrentTask

_NOT_LOADED = object()
_CLIENT_CLASS = b"scaler.client.client"  # in the pickle of a client, which is small
_CLIENT_BYTES_MAX = 1024


class Objects:
    """Payloads as they came, and objects once somebody needed them. A loaded object is shared by all later tasks that
    name it, and a client by all whose payload is the same: each has a thread and connections, and some releases send one
    anew for every task."""

    def __init__(self):
        self._payloads = {}
        self._loaded = {}
        self._clients = weakref.WeakValueDictionary()  # by payload

    def give(self, object_id, payload):
        self._loaded.pop(object_id, None)
        self._payloads[object_id] = payload

    def forget(self, object_ids):
        for object_id in object_ids:
            self._payloads.pop(object_id, None)
            self._loaded.pop(object_id, None)

    def get(self, object_id, serializer):
        loaded = self._loaded.get(object_id, _NOT_LOADED)
        return self._load(object_id, serializer) if loaded is _NOT_LOADED else loaded

    def _load(self, object_id, serializer):
        payload = self._payloads.get(object_id)
        if payload is None:  # a fault of ours, told to the client instead of a crash
            raise RuntimeError(f"object {object_id.hex()} was not given to the processor")
        try:
            if len(payload) <= _CLIENT_BYTES_MAX and type(serializer) is serializers.Default:
                loaded = self._load_small(bytes(payload), serializer)
            else:
                if type(serializer) is serializers.Default:
                    pickled_code.check_stamp(memoryview(payload))
                loaded = serializer.deserialize(payload)
        except Exception as error:
            raise cannot_deserialize(object_id.hex(), error) from error
        self._loaded[object_id] = loaded
        self._payloads.pop(object_id, None)  # a big argument exists once
        return loaded

    def _load_small(self, payload, serializer):
        pickled_code.check_stamp(payload)
        if _CLIENT_CLASS not in payload:
            return serializer.deserialize(payload)
        loaded = self._clients.get(payload)
        if loaded is None or _is_disconnected(loaded):
            loaded = serializer.deserialize(payload)
            if type(loaded).__module__ == _CLIENT_CLASS.decode() and type(loaded).__name__ == "Client":
                self._clients[payload] = loaded
        return loaded


def _is_disconnected(client):
    """A task may have disconnected the client that it was given."""
    stopped = getattr(client, "_stop_event", None)
    return stopped is None or stopped.is_set()


def cannot_deserialize(what, error):
    kind = failures.exception_class("DeserializeObjectError")
    why = failures.one_line(error)
    where = f"in Python {platform.python_version()}"  # pickled code runs only on the minor version that made it
    if "cloudpickle" in why:  # a name that another release of it has
        release = getattr(sys.modules.get("cloudpickle"), "__version__", "missing")
        where += f" with cloudpickle {release}: give the workers the client's packages, by VIRTUAL_ENV or --python-env"
    return kind(f"failed to deserialize {what}: {why} ({where})")


class TaskRunner:
    """Runs tasks in the main thread, one at a time. `send_output(task_id, is_stderr, text)` may be called from any."""

    def __init__(self, send_output, processor, limits=None):
        self._send_output = send_output
        self._processor = processor  # context.CurrentProcessor
        self._limits = limits  # limits.Limits, if there are any
        self._objects = Objects()
        self._serializers = {}
        self._serializer_payloads = {}
        self._serializer_clients = {}  # by the object id under which the agent will forget it
        self._streams = ()
        self._is_child = False
        os.register_at_fork(after_in_child=self._on_fork_in_child)

    # ---- what the agent says ----

    def give_object(self, object_id, payload):
        self._objects.give(object_id, payload)

    def give_serializer(self, object_id, client, payload):
        payload = bytes(payload)
        self._serializer_clients[object_id] = client
        if self._serializer_payloads.get(client) != payload:
            self._serializer_payloads[client] = payload
            self._serializers.pop(client, None)

    def forget(self, object_ids):
        self._objects.forget(object_ids)
        for object_id in object_ids:
            client = self._serializer_clients.pop(object_id, None)
            self._serializer_payloads.pop(client, None)
            self._serializers.pop(client, None)

    def run_task(self, task_id, client, priority, stream_output, function_id, argument_ids):
        """(failed, payload or a list of its parts, text for the log). Raises only what no Python code can handle."""
        self._processor.enter(CurrentTask(task_id, client, priority, stream_output))
        if stream_output:
            self._redirect(task_id)
        if self._limits:
            self._limits.begin()
        try:
            serializer = self._serializer_of(client)
            get = self._objects.get
            function = get(function_id, serializer)
            result = function(*[get(object_id, serializer) for object_id in argument_ids])
            answer = False, self._serialized(serializer, result), ""
        except BaseException as error:
            if self._limits:
                self._limits.end()
                error = self._limits.explain(error)
            if self._is_child:
                _end_child(error)
            answer = self._failed(error)
        finally:
            if self._limits:
                self._limits.end()
            self._processor.leave()
            self._restore()
        if self._is_child:  # the task forked and the child came back from it: it is no processor
            _end_child(None)
        return answer

    # ---- parts of a task ----

    def _serializer_of(self, client):
        serializer = self._serializers.get(client)
        if serializer is None:
            serializer = self._serializers[client] = self._load_serializer(client)
        if type(serializer) is serializers.Broken:
            raise cannot_deserialize("the client's serializer", serializer.error) from serializer.error
        return serializer

    def _load_serializer(self, client):
        payload = self._serializer_payloads.get(client)
        if payload is None:
            return serializers.Broken(RuntimeError("no serializer of this client was given to the processor"))
        try:
            return serializers.load(payload)
        except Exception as error:
            return serializers.Broken(failures.without_own_frames(error))

    @staticmethod
    def _serialized(serializer, result):
        try:
            payload = serializer.serialize(result)
        except TypeError as error:
            if type(error) is TypeError and len(error.args) == 1 and isinstance(error.args[0], str):
                error.args = (f"{error.args[0]} (the task's result)",)
            raise
        if type(payload) is not bytes and type(payload) is not serializers.Parts:
            payload = memoryview(payload).cast("B")  # TypeError if it is no bytes: a failure of this task
        return payload

    @staticmethod
    def _failed(error):
        failure = failures.as_task_failure(error)
        return True, failures.payload_of(failure), failures.log_text(failure)

    # ---- output ----

    def _redirect(self, task_id):
        self._streams = (
            streams.TaskStream(lambda text: self._send_output(task_id, False, text), sys.__stdout__),
            streams.TaskStream(lambda text: self._send_output(task_id, True, text), sys.__stderr__),
        )
        self._real = sys.stdout, sys.stderr
        sys.stdout, sys.stderr = self._streams

    def _restore(self):
        if self._streams:
            for stream in self._streams:
                stream.finish()
            self._streams = ()
            sys.stdout, sys.stderr = self._real
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except Exception:  # closed or replaced by the task: its own affair
                pass

    def _on_fork_in_child(self):
        self._is_child = True
        for stream in self._streams:
            stream.abandon()


def _end_child(error):
    """A process that a task forked ends as a Python program would."""
    code = 0
    if isinstance(error, SystemExit):
        code = error.code if isinstance(error.code, int) else int(error.code is not None)
    elif error is not None:
        sys.excepthook(type(error), error, error.__traceback__)
        code = 1
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except Exception:
            pass
    os._exit(code & 0xFF)
